// Run by the build: writes the manual pages and the completions. usage: ocirt-manual ERRORS.MD DIRECTORY
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "manual/completion.h"
#include "manual/man_page.h"
#include "shim/native/commands.h"

namespace {

namespace fs = std::filesystem;

bool write(const fs::path& file, const std::string& text) {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    std::ofstream stream(file);
    stream << text;
    stream.close();
    if (!stream) std::cerr << "ocirt-manual: cannot write " << file << "\n";
    return !stream.fail();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace ocirt;
    if (argc != 3) return 2;
    std::ifstream stream(argv[1]);
    const std::string errors{std::istreambuf_iterator<char>(stream), {}};
    const std::vector<manual::ExitCode> codes = manual::parse_exit_codes(errors);
    if (codes.empty()) {
        std::cerr << "ocirt-manual: no exit codes in " << argv[1] << "\n";
        return 1;
    }
    const fs::path directory = argv[2];
    cli::Cli cli{.more = shim::native::commands()};
    cli::add_everything(cli);
    bool written = write(directory / "man/ocirt.8", manual::program_page(cli, codes));
    for (const cli::Command& command : cli.commands)
        written &= write(directory / "man" / ("ocirt-" + std::string(command.name) + ".8"),
                         manual::command_page(command, codes));
    written &= write(directory / "completions/ocirt.bash", manual::bash_completion(cli));
    written &= write(directory / "completions/_ocirt", manual::zsh_completion(cli));
    written &= write(directory / "completions/ocirt.fish", manual::fish_completion(cli));
    return written ? 0 : 1;
}
