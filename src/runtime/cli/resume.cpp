#include "runtime/cli/cli.h"
#include "runtime/lifecycle/pause.h"

namespace ocirt::cli {

void add_resume(Cli& cli) {
    const auto id = std::make_shared<std::string>();
    CLI::App* command =
        add_command(cli, "resume", "have a paused container's processes go on", [&cli, id]() -> Result<int> {
            lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, *id));
            TRY(lifecycle::resume(container));
            return 0;
        });
    command->add_option("id", *id, "the container's name")->required();
}

}  // namespace ocirt::cli
