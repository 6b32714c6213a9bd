#include "runtime/cli/cli.h"
#include "runtime/lifecycle/change_mounts.h"

namespace ocirt::cli {

void add_mounts(Cli& cli) {
    struct Options {
        std::string what;
        std::string id;
        std::string file;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(cli, "mounts", "add mounts to a running container, or remove them",
                                    [&cli, options]() -> Result<int> {
                                        TRY(lifecycle::change_mounts({.root = cli.globals.root,
                                                                      .id = options->id,
                                                                      .file = options->file,
                                                                      .remove = options->what == "remove"},
                                                                     cli.log));
                                        return 0;
                                    });
    command->add_option("what", options->what, "add or remove")->required()->check(CLI::IsMember({"add", "remove"}));
    command->add_option("id", options->id, "the container's name")->required();
    command->add_option("file", options->file, "JSON file with a list of mounts, as config.json has it")->required();
}

}  // namespace ocirt::cli
