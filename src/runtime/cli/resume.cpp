#include "runtime/cli/cli.h"
#include "runtime/lifecycle/pause.h"

namespace ocirt::cli {

Command resume_command(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    return {.name = "resume",
            .group = Group::running,
            .description = "have a paused container's processes go on",
            .examples = "  ocirt resume web\n",
            .options = {container_id(*id)},
            .action = [&cli, id]() -> Result<int> {
                lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
                TRY(lifecycle::resume(container));
                return 0;
            }};
}

}  // namespace ocirt::cli
