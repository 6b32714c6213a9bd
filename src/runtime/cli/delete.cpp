#include "runtime/cli/cli.h"
#include "runtime/lifecycle/remove.h"

namespace ocirt::cli {

void add_delete(Cli& cli) {
    struct Options {
        std::string id;
        bool force = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(cli, "delete", "remove a container", [&cli, options]() -> Result<int> {
        Result<lifecycle::Container> container = lifecycle::Container::open(cli.globals.root, options->id);
        // As runc and rm: forced, what is not there is gone.
        if (!container && container.error().fault == Fault::not_found && options->force) return 0;
        if (!container) return std::unexpected(std::move(container).error());
        const lifecycle::Removed removed = TRY(lifecycle::remove(*container, options->force));
        if (!removed.hook_failure) cli.log.warning(removed.hook_failure.error());
        return 0;
    });
    command->add_option("id", options->id, "the container's name")->required();
    command->add_flag("-f,--force", options->force, "kill it first if it runs");
}

}  // namespace ocirt::cli
