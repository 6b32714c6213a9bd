#include "shim/native/journal.h"

#include <unistd.h>

#include <cstdio>
#include <limits>

#include "common/exec.h"

namespace ocirt::shim::native {
namespace {

// "@SECONDS.MICROSECONDS": systemd.time(7).
std::string journal_time(Moment at) {
    constexpr Moment nanoseconds = 1'000'000'000;
    char text[40];
    std::snprintf(text, sizeof text, "@%lld.%06lld", static_cast<long long>(at / nanoseconds),
                  static_cast<long long>(at % nanoseconds / 1000));
    return text;
}

}  // namespace

std::vector<std::string> journal_words(const std::string& id, const LogSelection& selection, const JournalView& view) {
    std::vector<std::string> words{"journalctl", "--quiet", "--all", "--no-pager", "CONTAINER_ID_FULL=" + id};
    if (view.times)
        words.insert(words.end(), {"--output=short-iso-precise", "--no-hostname"});
    else
        words.emplace_back("--output=cat");
    if (selection.since > 0) words.push_back("--since=" + journal_time(selection.since));
    if (selection.until != std::numeric_limits<Moment>::max())
        words.push_back("--until=" + journal_time(std::max<Moment>(selection.until, 0)));
    words.push_back("--lines=" + (selection.tail ? std::to_string(*selection.tail) : "all"));
    if (view.follow) words.emplace_back("--follow");
    return words;
}

Result<int> show_journal(const std::string& id, const LogSelection& selection, const JournalView& view) {
    const std::vector<std::string> words = journal_words(id, selection, view);
    give_signals_back();
    ::execvp(words.front().c_str(), exec_words(words).data());
    Error error = fail_errno("execvp", "show the journal with", words.front()).error();
    error.hint = "the container logs to journald";
    return fail(std::move(error));
}

}  // namespace ocirt::shim::native
