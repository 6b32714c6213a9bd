#include "runtime/lifecycle/start.h"

#include "runtime/cli/cli.h"
#include "runtime/lifecycle/notify_relay.h"

namespace ocirt::cli {

void add_start(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    CLI::App* command = add_command(cli, "start", "execute a created container's program", [&cli, id]() -> Result<int> {
        lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
        TRY(lifecycle::start(container, lifecycle::notify_address(), cli.log));
        return 0;
    });
    command->add_option("id", *id, "the container's name")->required();
}

}  // namespace ocirt::cli
