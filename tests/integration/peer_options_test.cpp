// Every option of every command of runc and crun, read from the help of the installed programs: ocirt takes it, or
// refuses it by name and says why. What it must never be is a word that ocirt has not heard of.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

struct Option {
    std::string name;
    bool takes_value = false;
};

// "   --bundle value, -b value  path …" (runc), "  -b, --bundle=DIR   container …" (crun): the part before the words.
std::vector<Option> parse_option_line(const std::string& line) {
    static const std::regex form(R"(^ {2,}(-.*?)(  .*)?$)");
    static const std::regex name(R"((^|, )(--?[A-Za-z?][-A-Za-z0-9]*))");
    std::smatch match;
    if (!std::regex_match(line, match, form)) return {};
    const std::string part = match[1];
    const bool value = part.find('=') != std::string::npos || part.find(" value") != std::string::npos;
    const bool optional_value = part.find("[=") != std::string::npos;
    std::vector<Option> options;
    for (std::sregex_iterator it(part.begin(), part.end(), name), end; it != end; ++it)
        options.push_back({(*it)[2], value && !optional_value});
    return options;
}

std::vector<Option> options_of(const std::string& help) {
    std::vector<Option> options;
    for (const std::string& line : split_lines(help))
        std::ranges::copy(parse_option_line(line), std::back_inserter(options));
    return options;
}

// The commands are listed below a line "COMMANDS:", name first.
std::vector<std::string> commands_of(const std::string& help) {
    static const std::regex form(R"(^\s+([a-z]+)(, [a-z]+)*\s+(- )?\S.*$)");
    std::vector<std::string> commands;
    bool listed = false;
    for (const std::string& line : split_lines(help)) {
        std::smatch match;
        if (line.starts_with("COMMANDS:"))
            listed = true;
        else if (listed && std::regex_match(line, match, form))
            commands.push_back(match[1]);
        else if (listed)
            break;
    }
    std::erase(commands, "help");
    return commands;
}

std::string help_of(const std::string& peer, const std::string& command) {
    std::vector<std::string> words{peer};
    if (!command.empty()) words.push_back(command);
    words.emplace_back("--help");
    const Finished finished = run({.args = words});
    return finished.out + finished.err;
}

// A value that the option takes, where "1" is none.
std::string value_for(const std::string& option, const fs::path& scratch) {
    static const std::map<std::string, std::string> values = {{"--format", "json"},
                                                              {"-f", "json"},
                                                              {"--interval", "5s"},
                                                              {"--log-format", "json"},
                                                              {"--cgroup-manager", "cgroupfs"},
                                                              {"--rootless", "true"},
                                                              {"--preserve-fds", "0"},
                                                              {"--cpuset-mems", "0"},
                                                              {"--cpuset-cpus", "0"},
                                                              {"--blkio-weight", "100"},
                                                              {"--config", "config.json"},
                                                              {"--file", "config.json"}};
    if (option == "--root" || option == "-b" || option == "--bundle") return scratch / "peer";
    const auto value = values.find(option);
    return value == values.end() ? "1" : value->second;
}

class PeerOptions : public ::testing::TestWithParam<const char*> {
   protected:
    // ocirt with this option; global ones come before the command.
    Finished try_option(const std::string& command, const Option& option) {
        std::vector<std::string> words{runtime_path(), "--root", bundle.scratch() / "state"};
        if (!command.empty()) words.push_back(command);
        words.push_back(option.name);
        if (option.takes_value) words.push_back(value_for(option.name, bundle.scratch()));
        if (command.empty()) words.emplace_back("list");
        if (takes_id(command)) words.emplace_back("no-such-container");
        if (command == "exec" && option.name != "--process" && option.name != "-p") words.emplace_back("/bin/true");
        return run({.args = words, .cwd = bundle.scratch().string()});
    }
    // What a value may name: the directory "peer" and the file "1"; and no config.json that `spec` would not overwrite.
    void make_targets() {
        fs::create_directories(bundle.scratch() / "peer");
        fs::remove(bundle.scratch() / "peer/config.json");
        fs::remove(bundle.scratch() / "config.json");
        std::ofstream(bundle.scratch() / "1") << "{}";
    }
    static bool takes_id(const std::string& command) {
        return !command.empty() && command != "list" && command != "spec" && command != "features";
    }

    Bundle bundle;
};

bool is_answer(const std::string& command, const Option& option, const Finished& finished) {
    const auto says = [&finished](const std::string& text) { return finished.err.find(text) != std::string::npos; };
    if (finished.status == 0) return true;
    if (says("unknown option") || says("unknown command") || says("not expected")) return false;
    // It was taken: what failed is what it was asked to do.
    if (says("no-such-container") || says("config.json") || says("does not exist")) return true;
    return says(option.name) && finished.status == (command == "exec" ? 255 : 1);
}

TEST_P(PeerOptions, AreTakenOrRefusedByName) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of ocirt";
    const std::string peer = GetParam();
    if (!fs::exists(peer)) GTEST_SKIP() << "SKIP: " << peer << " is not installed";
    std::vector<std::string> commands = commands_of(help_of(peer, ""));
    ASSERT_GE(commands.size(), 10u) << help_of(peer, "");
    commands.emplace_back();  // the global ones
    std::size_t seen = 0;
    for (const std::string& command : commands)
        for (const Option& option : options_of(help_of(peer, command))) {
            ++seen;
            make_targets();
            const Finished finished = try_option(command, option);
            EXPECT_TRUE(is_answer(command, option, finished))
                << peer << " " << command << " " << option.name << ": status " << finished.status << ": "
                << finished.err << finished.out;
        }
    EXPECT_GE(seen, 60u) << "the help was not understood";
}

INSTANTIATE_TEST_SUITE_P(Installed, PeerOptions, ::testing::Values("/usr/sbin/runc", "/usr/bin/crun"),
                         [](const auto& info) { return fs::path(info.param).filename().string(); });

TEST(PeerOptionsTest, ReadsBothForms) {
    const auto runc = parse_option_line("   --bundle value, -b value  path to the root, -x of it");
    ASSERT_EQ(runc.size(), 2u);
    EXPECT_EQ(runc[1].name, "-b");
    EXPECT_TRUE(runc[1].takes_value);
    const auto crun = parse_option_line("  -v, -V, --version");
    ASSERT_EQ(crun.size(), 3u);
    EXPECT_FALSE(crun[2].takes_value);
    EXPECT_EQ(parse_option_line("      --kernel-memory-tcp=VALUE   Kernel").at(0).name, "--kernel-memory-tcp");
    EXPECT_TRUE(parse_option_line("Where \"<container-id>\" is the name").empty());
}

}  // namespace
}  // namespace ocirt::test
