#include "runtime/cli/cli.h"
#include "runtime/lifecycle/change_mounts.h"

namespace ocirt::cli {

Command mounts_command(Cli& cli) {
    struct Options {
        std::string what;
        std::string id;
        std::string file;
    };
    const auto options = std::make_shared<Options>();
    return {
        .name = "mounts",
        .group = Group::running,
        .description = "add mounts to a running container, or remove them",
        .examples =
            "  echo '[{\"destination\":\"/data\",\"source\":\"/srv/data\",\"options\":[\"rbind\",\"ro\"]}]' "
            ">data.json\n"
            "  ocirt mounts add web data.json      all that the file lists, or nothing\n"
            "  ocirt mounts remove web data.json   what is mounted at its destinations\n",
        .options =
            {{"what", &options->what, "add or remove", "add,remove", Names::nothing, true},
             container_id(options->id),
             {"file", &options->file, "JSON file with a list of mounts, as config.json has it", {}, Names::file, true}},
        .action = [&cli, options]() -> Result<int> {
            TRY(lifecycle::change_mounts({.root = cli.globals.root,
                                          .id = options->id,
                                          .file = options->file,
                                          .remove = options->what == "remove"},
                                         cli.log));
            return 0;
        }};
}

}  // namespace ocirt::cli
