#include "runtime/cli/cli.h"
#include "runtime/lifecycle/remove.h"

namespace ocirt::cli {
namespace {

Result<lifecycle::Removed> delete_container(const std::string& root, const std::string& id, bool force) {
    Result<lifecycle::Container> container = lifecycle::Container::open(root, id);
    if (container) return lifecycle::remove(*container, force);
    if (!force || container.error().fault != Fault::corrupted) return std::unexpected(std::move(container).error());
    TRY(lifecycle::discard(root, id));
    return lifecycle::Removed{};
}

}  // namespace

void add_delete(Cli& cli) {
    struct Options {
        std::string id;
        bool force = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(cli, "delete", "remove a container", [&cli, options]() -> Result<int> {
        Result<lifecycle::Removed> removed = delete_container(cli.globals.root, options->id, options->force);
        // As runc and rm: forced, what is not there is gone.
        if (!removed && removed.error().fault == Fault::not_found && options->force) return 0;
        if (!removed) return std::unexpected(std::move(removed).error());
        if (!removed->hook_failure) cli.log.warning(removed->hook_failure.error());
        return 0;
    });
    command->add_option("id", options->id, "the container's name")->required();
    command->add_flag("-f,--force", options->force, "kill it first if it runs");
}

}  // namespace ocirt::cli
