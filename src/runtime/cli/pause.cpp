#include "runtime/lifecycle/pause.h"

#include "runtime/cli/cli.h"

namespace ocirt::cli {

void add_pause(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    CLI::App* command =
        add_command(cli, "pause", "have a container's processes stand still", [&cli, id]() -> Result<int> {
            lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
            TRY(lifecycle::pause(container));
            return 0;
        });
    command->add_option("id", *id, "the container's name")->required();
}

}  // namespace ocirt::cli
