#include "runtime/cli/cli.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::cli {

Command state_command(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    return {.name = "state",
            .group = Group::running,
            .description = "print a container's state as JSON",
            .examples = "  ocirt state web        status, pid and bundle as JSON\n",
            .options = {container_id(*id)},
            .action = [&cli, id]() -> Result<int> {
                const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
                return print(spec_state(container.record, container.status(), true));
            }};
}

}  // namespace ocirt::cli
