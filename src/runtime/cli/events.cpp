#include "runtime/lifecycle/events.h"

#include "runtime/cli/cli.h"
#include "runtime/cli/live_output.h"
#include "runtime/cli/quantity.h"
#include "runtime/cli/stats_json.h"
#include "runtime/lifecycle/watch_all.h"

namespace ocirt::cli {
namespace {

struct Options {
    std::optional<std::string> id;  // none: all containers
    std::string interval = "5s";
    bool stats = false;
};

Result<> print_line(const std::string& line) {
    (void)TRY(print(line));
    return {};
}

Result<int> print_all_events(const Cli& cli, const Options& options) {
    const std::chrono::nanoseconds interval = TRY(parse_interval(options.interval));
    if (options.stats) {
        std::string lines;
        for (const lifecycle::Counted& counted : TRY(lifecycle::stats_of_all(cli.globals.root)))
            lines += stats_event(counted.id, counted.stats);
        return print(lines);
    }
    const LiveOutput output = TRY(LiveOutput::open());
    TRY(lifecycle::watch_all(
        cli.globals.root, interval, output.ended(),
        {.life = [&output](const lifecycle::LifeEvent& event) { return output.write(life_event(event)); },
         .oom = [&output](const std::string& id) { return output.write(oom_event(id)); },
         .stats = [&output](const std::string& id,
                            const cgroup::Stats& stats) { return output.write(stats_event(id, stats)); }}));
    return 0;
}

Result<int> print_events(const Cli& cli, const Options& options) {
    if (!options.id) return print_all_events(cli, options);
    const std::chrono::nanoseconds interval = TRY(parse_interval(options.interval));
    const std::string& id = *options.id;
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
            .description = "print what containers use, when they run out of memory, begin and end, as JSON lines",
            .examples =
                "  ocirt events --stats web         one line of statistics\n"
                "  ocirt events --interval 1m web   one a minute, and out-of-memory events, until it ends\n"
                "  ocirt events                     all containers, and what becomes of them, until SIGINT\n",
            .options = {{"id", &options->id, "the container's name; without it all containers", {}, Names::container},
                        {"--interval", &options->interval, "how often to print statistics (default: 5s)"},
                        {"--stats", &options->stats, "print statistics once, now, and end"}},
            .action = [&cli, options] { return print_events(cli, *options); }};
}

}  // namespace ocirt::cli
