#include "runtime/cli/cli.h"
#include "runtime/spec/load.h"

namespace ocirt::cli {

Command validate_command(Cli& /*cli*/) {
    struct Options {
        std::string bundle;
        std::string config = "config.json";
    };
    const auto options = std::make_shared<Options>();
    return {.name = "validate",
            .group = Group::bundle,
            .description = "tell everything that is wrong in a config.json",
            .examples = "  ocirt validate -b bundle     all that is wrong, with line and column\n",
            .options = {{"config", &options->config, "the file (default: config.json)", {}, Names::file},
                        {"-b,--bundle", &options->bundle, "directory of the file", {}, Names::directory},
                        {"-f,--config", &options->config, "name of the file in the bundle", {}, Names::file}},
            .action = [options]() -> Result<int> {
                const bool in_bundle = !options->bundle.empty() && !options->config.starts_with('/');
                const std::string path = in_bundle ? options->bundle + "/" + options->config : options->config;
                const spec::Loaded loaded = TRY(spec::load(path));
                std::string text;
                for (const spec::Finding& finding : loaded.parsed.findings) text += render(finding, path) + "\n";
                (void)TRY(print(text));
                return loaded.parsed.ok() ? 0 : 1;
            }};
}

}  // namespace ocirt::cli
