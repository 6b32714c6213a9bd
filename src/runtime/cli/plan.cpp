#include "runtime/cli/create_options.h"
#include "runtime/lifecycle/seccomp.h"
#include "runtime/plan/describe.h"

namespace ocirt::cli {

Command plan_command(Cli& cli) {
    struct Options {
        CreateOptions create;
        bool json = false;
    };
    const auto options = std::make_shared<Options>();
    options->create.id = "plan";
    Command command{.name = "plan",
                    .group = Group::bundle,
                    .description = "print what `create` and `start` would do; changes nothing",
                    .examples =
                        "  ocirt plan -b bundle             what would be done, step by step\n"
                        "  ocirt plan --json | jq .steps\n",
                    .options = create_options(options->create, {{"--json", &options->json, "as one JSON object"}}),
                    .action = [&cli, options]() -> Result<int> {
                        lifecycle::Prepared prepared =
                            TRY(lifecycle::prepare(TRY(create_request(cli, options->create))));
                        TRY(lifecycle::compile_seccomp(prepared.plan, prepared.config.parsed.value, {}));
                        return print(options->json ? describe_json(prepared.plan) : describe(prepared.plan));
                    }};
    command.options.front().required = false;  // the id
    return command;
}

}  // namespace ocirt::cli
