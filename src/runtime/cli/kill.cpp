#include "runtime/lifecycle/kill.h"

#include "common/signals.h"
#include "runtime/cli/cli.h"

namespace ocirt::cli {

void add_kill(Cli& cli) {
    struct Options {
        std::string id;
        std::string signal = "SIGTERM";
        bool all = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(cli, "kill", "send a signal to a container", [&cli, options]() -> Result<int> {
        const int signal = TRY(parse_signal(options->signal));
        const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, options->id));
        TRY(lifecycle::kill(container, signal, options->all));
        return 0;
    });
    command->add_option("id", options->id, "the container's name")->required();
    command->add_option("signal", options->signal, "name or number (default: SIGTERM)");
    command->add_flag("-a,--all", options->all, "to all of its processes");
}

}  // namespace ocirt::cli
