#include "runtime/lifecycle/create.h"

#include "runtime/cli/create_options.h"

namespace ocirt::cli {

Command create_command(Cli& cli) {
    const auto options = std::make_shared<CreateOptions>();
    return {.name = "create",
            .description = "create a container from a bundle",
            .examples =
                "  ocirt create --bundle /srv/web web           everything but the program's start\n"
                "  ocirt create --pid-file /run/web.pid web     with the pid for a supervisor\n",
            .options = create_options(*options),
            .action = [&cli, options]() -> Result<int> {
                const lifecycle::Created created = TRY(lifecycle::create(TRY(create_request(cli, *options))));
                for (const Error& warning : created.warnings) cli.log.warning(warning);
                log_warnings(cli, created.prepared->plan.warnings);
                return 0;
            }};
}

}  // namespace ocirt::cli
