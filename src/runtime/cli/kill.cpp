#include "runtime/lifecycle/kill.h"

#include "common/signals.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/id_pattern.h"

namespace ocirt::cli {

Command kill_command(Cli& cli) {
    struct Options {
        std::string id;
        std::string signal = "SIGTERM";
        bool all = false;
        bool regex = false;
    };
    const auto options = std::make_shared<Options>();
    return {
        .name = "kill",
        .description = "send a signal to a container",
        .examples =
            "  ocirt kill web                   SIGTERM to its first process\n"
            "  ocirt kill web KILL\n"
            "  ocirt kill --all web HUP         to all of its processes\n"
            "  ocirt kill --regex '^job-' INT   to every container of such an id\n",
        .options = {container_id(options->id),
                    {"signal", &options->signal, "name or number (default: SIGTERM)", {}, Names::signal},
                    {"-a,--all", &options->all, "to all of its processes"},
                    {"-r,--regex", &options->regex, "the id is a regular expression: to every container that matches"}},
        .action = [&cli, options]() -> Result<int> {
            const int signal = TRY(parse_signal(options->signal));
            const auto kill = [&cli, &options, signal](const std::string& id) -> Result<> {
                return lifecycle::kill(TRY(lifecycle::Container::open(cli.globals.root, id)), signal, options->all);
            };
            if (options->regex) return for_matching_ids(cli, options->id, kill);
            TRY(kill(options->id));
            return 0;
        }};
}

}  // namespace ocirt::cli
