#include "shim/native/journal.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/exec.h"
#include "common/syscall.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::shim::native {
namespace {

constexpr const char* program = "journalctl";
constexpr int not_found = 127;
// journald tells those who follow of new entries a quarter of a second late at the most; then they are to be shown.
constexpr std::chrono::milliseconds patience{1500};

// "@SECONDS.MICROSECONDS": systemd.time(7).
std::string journal_time(Moment at) {
    constexpr Moment nanoseconds = 1'000'000'000;
    char text[40];
    std::snprintf(text, sizeof text, "@%lld.%06lld", static_cast<long long>(at / nanoseconds),
                  static_cast<long long>(at % nanoseconds / 1000));
    return text;
}

Error cannot_execute(int errnum) {
    Error error = fail_errno(errnum, "execvp", "show the journal with", program).error();
    error.hint = "the container logs to journald";
    return error;
}

// It ends with this process. A pidfd.
Result<Fd> start(const std::vector<std::string>& words, const Fd& output = {}) {
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork", "start", program);
    if (pid == 0) {
        if (output) ::dup2(output.get(), STDOUT_FILENO);
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        give_signals_back();
        ::execvp(program, exec_words(words).data());
        ::_exit(not_found);
    }
    return sys::open_pidfd(pid);
}

// The last line that comes.
Result<std::string> read_last_line(const Fd& pipe) {
    std::string line;
    std::array<char, 16384> block;
    for (;;) {
        const ssize_t got = ::read(pipe.get(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read", "read what was said by", program);
        if (got == 0) return line;
        line.append(block.data(), static_cast<std::size_t>(got));
        // Only what begins behind the last newline but the final one is of use.
        if (const std::size_t end = line.rfind('\n', line.size() - 2); line.size() > 1 && end != line.npos)
            line.erase(0, end + 1);
    }
}

// Of the last lines from a time on journalctl (252) shows the first ones: it is asked backwards where they begin.
Result<std::string> cursor_of_tail(const std::string& id, const LogSelection& selection) {
    std::vector<std::string> words = journal_words(id, selection, {});
    words.insert(words.end(), {"--reverse", "--output=json", "--output-fields=PRIORITY"});
    sys::Pipe output = TRY(sys::make_pipe());
    const Fd asked = TRY(start(words, output.writer));
    output.writer.reset();
    const std::string line = TRY(read_last_line(output.reader));
    if (TRY(lifecycle::reap(asked)) == not_found) return fail(cannot_execute(ENOENT));
    const nlohmann::json entry = nlohmann::json::parse(line, nullptr, false);
    return entry.is_object() ? entry.value("__CURSOR", "") : "";
}

Result<JournalView> with_cursor(const std::string& id, const LogSelection& selection, JournalView view) {
    if (selection.tail && *selection.tail > 0 && selection.since > 0) view.cursor = TRY(cursor_of_tail(id, selection));
    return view;
}

}  // namespace

std::vector<std::string> journal_words(const std::string& id, const LogSelection& selection, const JournalView& view) {
    std::vector<std::string> words{program, "--quiet", "--all", "--no-pager", "CONTAINER_ID_FULL=" + id};
    if (view.times)
        words.insert(words.end(), {"--output=short-iso-precise", "--no-hostname"});
    else
        words.emplace_back("--output=cat");
    if (!view.cursor.empty())
        words.push_back("--cursor=" + view.cursor);
    else if (selection.since > 0)
        words.push_back("--since=" + journal_time(selection.since));
    if (selection.until != std::numeric_limits<Moment>::max())
        words.push_back("--until=" + journal_time(std::max<Moment>(selection.until, 0)));
    words.push_back("--lines=" + (selection.tail && view.cursor.empty() ? std::to_string(*selection.tail) : "all"));
    if (view.follow) words.emplace_back("--follow");
    return words;
}

Result<int> show_journal(const std::string& id, const LogSelection& selection, const JournalView& view) {
    const std::vector<std::string> words = journal_words(id, selection, TRY(with_cursor(id, selection, view)));
    give_signals_back();
    ::execvp(program, exec_words(words).data());
    return fail(cannot_execute(errno));
}

Result<int> follow_journal(const std::string& id, const LogSelection& selection, const JournalView& view,
                           LogWatch& watch) {
    const Fd shown = TRY(start(journal_words(id, selection, TRY(with_cursor(id, selection, view)))));
    while (!watch.is_complete()) {
        if (TRY(watch.wait(shown, POLLIN))) continue;
        const int status = TRY(lifecycle::reap(shown));
        return status == not_found ? fail(cannot_execute(ENOENT)) : Result<int>(status);
    }
    // What the container wrote last is in the journal then, and journalctl is about to be told.
    if (const Result<Fd> synced = start({program, "--quiet", "--sync"})) (void)lifecycle::reap(*synced);
    if (!TRY(lifecycle::wait_for_end(shown, patience))) TRY(sys::send_signal(shown, SIGTERM));
    const int status = TRY(lifecycle::reap(shown));
    return status == not_found ? fail(cannot_execute(ENOENT)) : Result<int>(0);
}

}  // namespace ocirt::shim::native
