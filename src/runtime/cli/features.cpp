#include "runtime/spec/features.h"

#include "runtime/cli/cli.h"
#include "version.h"

namespace ocirt::cli {

Command features_command(Cli& /*cli*/) {
    return {.name = "features",
            .group = Group::bundle,
            .description = "print what this ocirt can do, as JSON",
            .examples = "  ocirt features | jq .linux.cgroup\n",
            .action = []() -> Result<int> { return print(spec::features(version)); }};
}

}  // namespace ocirt::cli
