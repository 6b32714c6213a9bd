#include "runtime/lifecycle/run.h"

#include "runtime/cli/cli.h"

namespace ocirt::cli {

void add_run(Cli& cli) {
    struct Options {
        CreateOptions create;
        bool detach = false;
        bool keep = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(
        cli, "run", "create a container, start it, wait for its end and delete it", [&cli, options]() -> Result<int> {
            const lifecycle::RunRequest request{
                .create = TRY(create_request(cli, options->create)), .keep = options->keep, .detach = options->detach};
            return lifecycle::run(request, cli.log);
        });
    add_create_options(*command, options->create);
    command->add_flag("-d,--detach", options->detach, "return once the program runs");
    command->add_flag("--keep", options->keep, "do not delete the container when it has ended");
}

}  // namespace ocirt::cli
