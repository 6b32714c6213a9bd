#include "runtime/lifecycle/run.h"

#include "runtime/cli/create_options.h"

namespace ocirt::cli {

Command run_command(Cli& cli) { return run_command(cli, std::make_shared<RunOptions>()); }

Command run_command(Cli& cli, const std::shared_ptr<RunOptions>& options) {
    return {.name = "run",
            .description = "create a container, start it, wait for its end and delete it",
            .examples =
                "  ocirt run web                    the bundle is the current directory; exits as the program does\n"
                "  ocirt run -d -b /srv/web web     return once the program runs\n",
            .options = create_options(options->create,
                                      {{"-d,--detach", &options->detach, "return once the program runs"},
                                       {"--keep", &options->keep, "do not delete the container when it has ended"}}),
            .action = [&cli, options]() -> Result<int> {
                const lifecycle::RunRequest request{.create = TRY(create_request(cli, options->create)),
                                                    .keep = options->keep,
                                                    .detach = options->detach};
                return lifecycle::run(request, cli.log);
            }};
}

}  // namespace ocirt::cli
