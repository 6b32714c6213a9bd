#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "runtime/cli/cli.h"
#include "runtime/cli/live_output.h"
#include "runtime/cli/quantity.h"
#include "runtime/cli/stats_table.h"
#include "runtime/lifecycle/events.h"

namespace ocirt::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Before the first table: CPU time is counted over some.
constexpr std::chrono::milliseconds first_interval{250};

struct Options {
    std::vector<std::string> ids;
    std::string interval = "1s";
    std::string format = "table";
    bool no_stream = false;
};

std::uint64_t memory_of_host() {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long size = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size)
                                 : cgroup::unlimited;
}

// What is counted now, against what was the last time.
class Counting {
   public:
    // `ids`: of these alone, and of each of them, whether it runs or not. Sorted; none: of all that run.
    Counting(const std::string& root, const std::vector<std::string>& ids) : root_(root), ids_(ids) {}

    Result<std::vector<StatsRow>> rows() {
        std::map<std::string, CpuTime> times;
        std::vector<StatsRow> rows;
        for (const lifecycle::Counted& counted : TRY(count())) {
            const CpuTime now{.used = counted.stats.cpu.total, .at = counted.at};
            const auto before = times_.find(counted.id);
            rows.push_back(stats_row(counted.id, counted.stats, now,
                                     before == times_.end() ? std::nullopt : std::optional(before->second), memory_));
            times.emplace(counted.id, now);
        }
        times_ = std::move(times);
        for (const std::string& id : ids_)
            if (std::ranges::find(rows, id, &StatsRow::id) == rows.end()) rows.push_back({.id = id});
        std::ranges::sort(rows, {}, &StatsRow::id);
        return rows;
    }

   private:
    [[nodiscard]] Result<std::vector<lifecycle::Counted>> count() const {
        if (ids_.empty()) return lifecycle::stats_of_all(root_);
        std::vector<lifecycle::Counted> all;
        for (const std::string& id : ids_)
            if (auto counted = lifecycle::stats_if_running(root_, id)) all.push_back(*std::move(counted));
        return all;
    }

    const std::string& root_;
    const std::vector<std::string>& ids_;
    std::uint64_t memory_ = memory_of_host();
    std::map<std::string, CpuTime> times_;
};

// Where the tables go: one over the other on a terminal.
class Tables {
   public:
    Tables(const LiveOutput& output, const Options& options)
        : output_(output),
          json_(options.format == "json"),
          redraws_(!json_ && !options.no_stream && ::isatty(STDOUT_FILENO) != 0) {}

    [[nodiscard]] Result<> begin() const { return redraws_ ? output_.write("\033[?25l\033[H\033[2J") : Result<>{}; }
    [[nodiscard]] Result<> show(const std::vector<StatsRow>& rows) const {
        if (json_) return output_.write(stats_array(rows));
        if (!redraws_) return output_.write(stats_table(rows));
        winsize size{};
        (void)::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        return output_.write(redrawn(stats_table(rows), size.ws_row, size.ws_col));
    }
    // The cursor is back. Not by the output: that has ended.
    void end() const {
        if (redraws_) (void)print("\033[?25h");
    }

   private:
    const LiveOutput& output_;
    bool json_;
    bool redraws_;
};

Result<> show_tables(const LiveOutput& output, const Tables& tables, Counting& counting,
                     std::chrono::nanoseconds interval, bool once) {
    (void)TRY(counting.rows());
    auto next = Clock::now() + std::min<std::chrono::nanoseconds>(interval, first_interval);
    while (output.wait_until(next)) {
        TRY(tables.show(TRY(counting.rows())));
        if (once) return {};
        next = std::max(next + interval, Clock::now());
    }
    return {};
}

Result<int> print_stats(const Cli& cli, Options& options) {
    const std::chrono::nanoseconds interval = TRY(parse_interval(options.interval));
    std::ranges::sort(options.ids);
    options.ids.erase(std::ranges::unique(options.ids).begin(), options.ids.end());
    for (const std::string& id : options.ids) (void)TRY(state::Directory::open(cli.globals.root, id));
    const LiveOutput output = TRY(LiveOutput::open());
    const Tables tables(output, options);
    Counting counting(cli.globals.root, options.ids);
    TRY(tables.begin());
    const Result<> shown = show_tables(output, tables, counting, interval, options.no_stream);
    tables.end();
    TRY(shown);
    return 0;
}

}  // namespace

Command stats_command(Cli& cli) {
    const auto options = std::make_shared<Options>();
    return {.name = "stats",
            .group = Group::running,
            .description = "show what containers use of the machine, again and again",
            .examples =
                "  ocirt stats                      all that run, until SIGINT\n"
                "  ocirt stats --no-stream web db   these two, once\n"
                "  ocirt stats --format json        an array each second, of plain numbers\n",
            .options = {{"id", &options->ids, "containers; without one all that run", {}, Names::container},
                        {"--no-stream", &options->no_stream, "one table, and end"},
                        {"--interval", &options->interval, "how often (default: 1s)"},
                        {"-f,--format", &options->format, "table or json", "table,json"}},
            .action = [&cli, options] { return print_stats(cli, *options); }};
}

}  // namespace ocirt::cli
