#include "runtime/lifecycle/checkpoint.h"

#include "runtime/cli/criu_options.h"

namespace ocirt::cli {

void add_checkpoint(Cli& cli) {
    struct Options {
        std::string id;
        checkpoint::Options criu;
        int status_fd = -1;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        add_command(cli, "checkpoint", "save a running container as files, by criu", [&cli, options]() -> Result<int> {
            options->criu.criu = cli.globals.criu;
            if (options->status_fd >= 0) options->criu.status_fd = options->status_fd;
            const lifecycle::Removed removed =
                TRY(lifecycle::checkpoint({.root = cli.globals.root, .id = options->id, .options = options->criu}));
            if (!removed.hook_failure) cli.log.warning(removed.hook_failure.error());
            return 0;
        });
    command->add_option("id", options->id, "the container's name")->required();
    add_criu_options(*command, options->criu);
    command->add_option("--parent-path", options->criu.parent_path,
                        "an earlier dump of the memory, relative to --image-path");
    command->add_flag("--leave-running", options->criu.leave_running, "it runs on afterwards");
    command->add_flag("--pre-dump", options->criu.pre_dump, "memory alone; it runs on afterwards");
    command->add_option("--page-server", options->criu.page_server, "ADDRESS:PORT that memory is sent to");
    command->add_option("--status-fd", options->status_fd, "criu writes a NUL here once lazy pages can be asked for");
}

}  // namespace ocirt::cli
