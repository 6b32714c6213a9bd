#include "runtime/lifecycle/kill.h"

#include "common/signals.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/id_pattern.h"

namespace ocirt::cli {

void add_kill(Cli& cli) {
    struct Options {
        std::string id;
        std::string signal = "SIGTERM";
        bool all = false;
        bool regex = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(cli, "kill", "send a signal to a container", [&cli, options]() -> Result<int> {
        const int signal = TRY(parse_signal(options->signal));
        const auto kill = [&cli, &options, signal](const std::string& id) -> Result<> {
            return lifecycle::kill(TRY(lifecycle::Container::open(cli.globals.root, id)), signal, options->all);
        };
        if (options->regex) return for_matching_ids(cli, options->id, kill);
        TRY(kill(options->id));
        return 0;
    });
    command->add_option("id", options->id, "the container's name")->required();
    command->add_option("signal", options->signal, "name or number (default: SIGTERM)");
    command->add_flag("-a,--all", options->all, "to all of its processes");
    command->add_flag("-r,--regex", options->regex, "the id is a regular expression: to every container that matches");
}

}  // namespace ocirt::cli
