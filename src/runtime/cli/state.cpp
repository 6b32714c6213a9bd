#include "runtime/cli/cli.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::cli {

void add_state(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    CLI::App* command = add_command(cli, "state", "print a container's state as JSON", [&cli, id]() -> Result<int> {
        const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
        return print(spec_state(container.record, container.status(), true));
    });
    command->add_option("id", *id, "the container's name")->required();
}

}  // namespace ocirt::cli
