#include "runtime/lifecycle/pause.h"

#include "runtime/cli/cli.h"

namespace ocirt::cli {

Command pause_command(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    return {.name = "pause",
            .group = Group::running,
            .description = "have a container's processes stand still",
            .examples = "  ocirt pause web        until `ocirt resume web`\n",
            .options = {container_id(*id)},
            .action = [&cli, id]() -> Result<int> {
                lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
                TRY(lifecycle::pause(container));
                return 0;
            }};
}

}  // namespace ocirt::cli
