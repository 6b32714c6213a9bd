// `ocirt logs`: what a container has written, as its monitor has kept it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/number.h"
#include "runtime/lifecycle/container.h"
#include "shim/monitor/log_target.h"
#include "shim/monitor/record.h"
#include "shim/native/adopt.h"
#include "shim/native/commands.h"
#include "shim/native/journal.h"
#include "shim/native/log_reader.h"
#include "shim/native/log_watch.h"

namespace ocirt::shim::native {
namespace {

using monitor::LogTarget;
using monitor::Record;

struct Words {
    std::string id;
    std::string since;
    std::string until;
    std::string tail = "all";
    bool follow = false;
    bool times = false;
};

Moment now() { return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count(); }

Result<Moment> moment_of(const char* option, const std::string& word) {
    Result<Moment> moment = parse_moment(word, now());
    if (!moment) moment.error().operation = std::string("use ") + option;
    return moment;
}

Result<LogSelection> selection_of(const Words& words) {
    LogSelection selection;
    if (!words.since.empty()) selection.since = TRY(moment_of("--since", words.since));
    if (!words.until.empty()) selection.until = TRY(moment_of("--until", words.until));
    if (words.tail == "all" || words.tail == "-1") return selection;
    std::uint64_t lines = 0;
    if (!read_number(words.tail, lines))
        return fail({.fault = Fault::invalid_argument,
                     .operation = "use --tail",
                     .object = "\"" + words.tail + "\"",
                     .detail = "it is a number of lines, or all"});
    selection.tail = lines;
    return selection;
}

// The first one that can be read: a file before the journal.
Result<LogTarget> readable_log(const Words& words, const Record& record) {
    std::vector<LogTarget> targets;
    targets.reserve(record.logs.size());
    for (const std::string& word : record.logs) targets.push_back(TRY(monitor::parse_log_target(word)));
    const auto is_file = [](const LogTarget& target) { return !target.path.empty(); };
    auto found = std::ranges::find_if(targets, is_file);
    if (found == targets.end()) found = std::ranges::find(targets, LogTarget::Kind::journald, &LogTarget::kind);
    if (found != targets.end()) return *found;
    return fail({.fault = Fault::wrong_state,
                 .operation = "read the log of",
                 .object = "\"" + words.id + "\"",
                 .detail = "it was started without a log",
                 .hint = "`ocirt run --detach --monitor` keeps one, unless with --log-driver none"});
}

Result<> follow(LogReader& reader, const LogOutput& output, LogWatch& watch) {
    for (;;) {
        const bool is_complete = watch.is_complete();
        TRY(reader.read_on());
        if (is_complete) return reader.finish();
        if (!watch.looks_at(reader.directory(), {&reader.file(), &reader.next_file()})) continue;
        if (!TRY(watch.wait(output.output()))) return {};
    }
}

Result<> show_file(const Words& words, const LogTarget& target, const LogSelection& selection, std::int64_t rotated,
                   LogWatch* watch) {
    LogOutput output(Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)),
                     Fd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)), words.times);
    const auto format = target.kind == LogTarget::Kind::json_file ? LogFormat::json : LogFormat::k8s;
    LogFiles files = TRY(LogFiles::open(target.path, rotated));
    LogReader reader = TRY(LogReader::open(std::move(files), format, selection, output));
    if (watch != nullptr) return follow(reader, output, *watch);
    TRY(reader.stop_at_present_end());
    TRY(reader.read_on());
    return reader.finish();
}

Result<int> run(const cli::Cli& cli, const Words& words) {
    LogSelection selection = TRY(selection_of(words));
    const std::string& root = cli.globals.root;
    (void)TRY(lifecycle::Container::open(root, words.id));
    if (const Result<> adopted = adopt_if_alone(root, words.id); !adopted) cli.log.warning(adopted.error());
    const Record record = TRY(monitor::read_record(root, words.id)).value_or(Record{});
    const LogTarget target = TRY(readable_log(words, record));
    selection.since = std::max(selection.since, record.since);
    ::signal(SIGPIPE, SIG_IGN);
    std::optional<LogWatch> watch;
    if (words.follow) watch = TRY(LogWatch::open(root, words.id, [&cli](const Error& why) { cli.log.warning(why); }));
    if (target.kind == LogTarget::Kind::journald) {
        const JournalView view{.times = words.times, .follow = words.follow};
        return watch ? follow_journal(words.id, selection, view, *watch) : show_journal(words.id, selection, view);
    }
    const Result<> shown = show_file(words, target, selection, record.log_max_files, watch ? &*watch : nullptr);
    // Who has seen enough closes the pipe.
    if (!shown && shown.error().errnum != EPIPE) return std::unexpected(shown.error());
    return 0;
}

}  // namespace

cli::Command logs_command(cli::Cli& cli) {
    const auto words = std::make_shared<Words>();
    return {
        .name = "logs",
        .group = cli::Group::running,
        .description = "show what a container with a monitor has written",
        .examples =
            "  ocirt logs web                   all of it\n"
            "  ocirt logs -f --tail 10 web      the last ten lines, and what comes, until it ends\n"
            "  ocirt logs -t --since 1h30m web  of the last one and a half hours, with times\n",
        .options = {cli::container_id(words->id),
                    {"-f,--follow", &words->follow, "go on until the container has ended"},
                    {"-n,--tail", &words->tail, "so many of the last lines, or all (default)"},
                    {"-t,--timestamps", &words->times, "the time before each line"},
                    {"--since", &words->since, "from a time on, such as 2026-11-23T10:00:00Z; 10m: ten minutes ago"},
                    {"--until", &words->until, "up to a time"}},
        .action = [&cli, words] { return run(cli, *words); }};
}

}  // namespace ocirt::shim::native
