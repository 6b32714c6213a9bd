#include "runtime/lifecycle/events.h"

#include "runtime/cli/cli.h"
#include "runtime/cli/quantity.h"
#include "runtime/cli/stats_json.h"

namespace ocirt::cli {
namespace {

struct Options {
    std::string id;
    std::string interval = "5s";
    bool stats = false;
};

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

Result<int> print_events(const Cli& cli, const Options& options) {
    const std::chrono::nanoseconds interval = TRY(parse_interval(options.interval));
    const std::string& id = options.id;
    const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, id));
    if (options.stats) return print(stats_event(id, TRY(lifecycle::stats(container))));
    TRY(lifecycle::watch(container, interval,
                         {.stats = [&id](const cgroup::Stats& stats) { return print_line(stats_event(id, stats)); },
                          .oom = [&id] { return print_line(oom_event(id)); }}));
    return 0;
}

}  // namespace

Command events_command(Cli& cli) {
    const auto options = std::make_shared<Options>();
    return {.name = "events",
            .group = Group::running,
            .description = "print what a container uses, and when it runs out of memory, as JSON lines",
            .examples =
                "  ocirt events --stats web         one line of statistics\n"
                "  ocirt events --interval 1m web   one a minute, and out-of-memory events, until it ends\n",
            .options = {container_id(options->id),
                        {"--interval", &options->interval, "how often to print statistics (default: 5s)"},
                        {"--stats", &options->stats, "print statistics once, now, and end"}},
            .action = [&cli, options] { return print_events(cli, *options); }};
}

}  // namespace ocirt::cli
