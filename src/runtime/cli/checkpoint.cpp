#include "runtime/lifecycle/checkpoint.h"

#include "runtime/cli/cli.h"
#include "runtime/cli/criu_options.h"

namespace ocirt::cli {

Command checkpoint_command(Cli& cli) {
    struct Options {
        std::string id;
        checkpoint::Options criu;
        int status_fd = -1;
    };
    const auto options = std::make_shared<Options>();
    return {.name = "checkpoint",
            .group = Group::running,
            .description = "save a running container as files, by criu",
            .examples =
                "  ocirt checkpoint --image-path /srv/image web     its processes' state in files; it ends\n"
                "  ocirt checkpoint --leave-running --image-path /srv/image web\n",
            .options = criu_options(
                {container_id(options->id),
                 {"--parent-path",
                  &options->criu.parent_path,
                  "an earlier dump of the memory, relative to --image-path",
                  {},
                  Names::directory},
                 {"--leave-running", &options->criu.leave_running, "it runs on afterwards"},
                 {"--pre-dump", &options->criu.pre_dump, "memory alone; it runs on afterwards"},
                 {"--page-server", &options->criu.page_server, "ADDRESS:PORT that memory is sent to"},
                 {"--status-fd", &options->status_fd, "criu writes a NUL here once lazy pages can be asked for"}},
                options->criu),
            .action = [&cli, options]() -> Result<int> {
                options->criu.criu = cli.globals.criu;
                if (options->status_fd >= 0) options->criu.status_fd = options->status_fd;
                const lifecycle::Removed removed =
                    TRY(lifecycle::checkpoint({.root = cli.globals.root, .id = options->id, .options = options->criu}));
                for (const Error& warning : removed.warnings) cli.log.warning(warning);
                return 0;
            }};
}

}  // namespace ocirt::cli
