#include "runtime/cli/cli.h"
#include "runtime/cli/id_pattern.h"
#include "runtime/lifecycle/remove.h"

namespace ocirt::cli {
namespace {

Result<lifecycle::Removed> remove_container(const std::string& root, const std::string& id, bool force) {
    Result<lifecycle::Container> container = lifecycle::Container::open(root, id);
    if (container) return lifecycle::remove(*container, force);
    if (!force || container.error().fault != Fault::corrupted) return std::unexpected(std::move(container).error());
    TRY(lifecycle::discard(root, id));
    return lifecycle::Removed{};
}

Result<> delete_container(const Cli& cli, const std::string& id, bool force) {
    Result<lifecycle::Removed> removed = remove_container(cli.globals.root, id, force);
    // As runc and rm: forced, what is not there is gone.
    if (!removed && removed.error().fault == Fault::not_found && force) return {};
    if (!removed) return std::unexpected(std::move(removed).error());
    for (const Error& warning : removed->warnings) cli.log.warning(warning);
    return {};
}

}  // namespace

Command delete_command(Cli& cli) {
    struct Options {
        std::string id;
        bool force = false;
        bool regex = false;
    };
    const auto options = std::make_shared<Options>();
    return {
        .name = "delete",
        .description = "remove a container",
        .examples =
            "  ocirt delete web                 once it has stopped\n"
            "  ocirt delete --force web         kill it first\n"
            "  ocirt delete --force --regex '^job-'\n",
        .options = {container_id(options->id),
                    {"-f,--force", &options->force, "kill it first if it runs"},
                    {"-r,--regex", &options->regex, "the id is a regular expression: every container that matches"}},
        .action = [&cli, options]() -> Result<int> {
            const auto each = [&cli, &options](const std::string& id) -> Result<> {
                return delete_container(cli, id, options->force);
            };
            if (options->regex) return for_matching_ids(cli, options->id, each);
            TRY(each(options->id));
            return 0;
        }};
}

}  // namespace ocirt::cli
