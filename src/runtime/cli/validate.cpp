#include "runtime/cli/cli.h"
#include "runtime/spec/load.h"

namespace ocirt::cli {

void add_validate(Cli& cli) {
    struct Options {
        std::string bundle;
        std::string config = "config.json";
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        add_command(cli, "validate", "tell everything that is wrong in a config.json", [options]() -> Result<int> {
            const bool in_bundle = !options->bundle.empty() && !options->config.starts_with('/');
            const std::string path = in_bundle ? options->bundle + "/" + options->config : options->config;
            const spec::Loaded loaded = TRY(spec::load(path));
            std::string text;
            for (const spec::Finding& finding : loaded.parsed.findings) text += render(finding, path) + "\n";
            (void)TRY(print(text));
            return loaded.parsed.ok() ? 0 : 1;
        });
    command->add_option("config", options->config, "the file (default: config.json)");
    command->add_option("-b,--bundle", options->bundle, "directory of the file");
    command->add_option("-f,--config", options->config, "name of the file in the bundle");
}

}  // namespace ocirt::cli
