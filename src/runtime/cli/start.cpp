#include "runtime/lifecycle/start.h"

#include "runtime/cli/cli.h"
#include "runtime/lifecycle/notify_relay.h"

namespace ocirt::cli {

Command start_command(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    return {.name = "start",
            .description = "execute a created container's program",
            .examples = "  ocirt start web        execute the program of a created container\n",
            .options = {container_id(*id)},
            .action = [&cli, id]() -> Result<int> {
                lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
                TRY(lifecycle::start(container, lifecycle::notify_address(), cli.log));
                return 0;
            }};
}

}  // namespace ocirt::cli
