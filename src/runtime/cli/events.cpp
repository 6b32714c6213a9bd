#include "runtime/lifecycle/events.h"

#include "runtime/cli/cli.h"
#include "runtime/cli/quantity.h"
#include "runtime/cli/stats_json.h"

namespace ocirt::cli {
namespace {

Result<std::chrono::nanoseconds> parse_interval(const std::string& text) {
    auto interval = parse_duration(text);
    if (interval && interval->count() > 0) return interval;
    Error error = interval ? Error{.fault = Fault::invalid_argument,
                                   .object = "\"" + text + "\"",
                                   .detail = "an interval must be greater than 0"}
                           : std::move(interval).error();
    error.operation = "use --interval";
    return fail(std::move(error));
}

Result<> print_line(const std::string& line) {
    (void)TRY(print(line));
    return {};
}

}  // namespace

void add_events(Cli& cli) {
    struct Options {
        std::string id;
        std::string interval = "5s";
        bool stats = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        add_command(cli, "events", "print what a container uses, and when it runs out of memory, as JSON lines",
                    [&cli, options]() -> Result<int> {
                        const std::chrono::nanoseconds interval = TRY(parse_interval(options->interval));
                        const std::string& id = options->id;
                        const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, id));
                        if (options->stats) return print(stats_event(id, TRY(lifecycle::stats(container))));
                        TRY(lifecycle::watch(
                            container, interval,
                            {.stats = [&id](const cgroup::Stats& stats) { return print_line(stats_event(id, stats)); },
                             .oom = [&id] { return print_line(oom_event(id)); }}));
                        return 0;
                    });
    command->add_option("id", options->id, "the container's name")->required();
    command->add_option("--interval", options->interval, "how often to print statistics (default: 5s)");
    command->add_flag("--stats", options->stats, "print statistics once, now, and end");
}

}  // namespace ocirt::cli
