#include "runtime/cli/cli.h"
#include "runtime/lifecycle/seccomp.h"
#include "runtime/plan/describe.h"

namespace ocirt::cli {

void add_plan(Cli& cli) {
    struct Options {
        CreateOptions create;
        bool json = false;
    };
    const auto options = std::make_shared<Options>();
    options->create.id = "plan";
    CLI::App* command = add_command(
        cli, "plan", "print what `create` and `start` would do; changes nothing", [&cli, options]() -> Result<int> {
            lifecycle::Prepared prepared = TRY(lifecycle::prepare(TRY(create_request(cli, options->create))));
            TRY(lifecycle::compile_seccomp(prepared.plan, prepared.config.parsed.value, {}));
            return print(options->json ? describe_json(prepared.plan) : describe(prepared.plan));
        });
    add_create_options(*command, options->create);
    command->get_option("id")->required(false);
    command->add_flag("--json", options->json, "as one JSON object");
}

}  // namespace ocirt::cli
