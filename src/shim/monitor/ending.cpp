#include "shim/monitor/ending.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "common/exec.h"
#include "common/syscall.h"
#include "common/whole_file.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::shim::monitor {
namespace {

[[noreturn]] void execute(const Options& options, int oom_score) {
    give_signals_back();
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    std::vector<std::string> words{options.exit_command};
    words.insert(words.end(), options.exit_args.begin(), options.exit_args.end());
    for (auto left = static_cast<unsigned>(options.exit_delay); left > 0;) left = ::sleep(left);
    (void)lifecycle::set_oom_score(::getpid(), oom_score);
    ::execv(words.front().c_str(), exec_words(words).data());
    ::_exit(1);
}

}  // namespace

Result<> write_exit_status(const Options& options, int status) {
    const std::string text = std::to_string(status);
    if (!options.persist_dir.empty()) TRY(write_whole_file(options.persist_dir + "/exit", text));
    if (!options.exit_dir.empty()) TRY(write_whole_file(options.exit_dir + "/" + options.id, text));
    if (!options.exit_file.empty()) TRY(write_whole_file(options.exit_file, text));
    return {};
}

Result<> write_oom_marks(const Options& options) {
    for (const std::string& directory : {options.persist_dir, options.bundle})
        if (!directory.empty()) (void)TRY(sys::open(directory + "/oom", O_WRONLY | O_CREAT | O_NOFOLLOW, 0644));
    return {};
}

void run_exit_command(const Options& options, int oom_score) {
    if (options.exit_command.empty()) return;
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    const pid_t pid = ::fork();
    if (pid == 0) execute(options, oom_score);
    if (pid < 0) return;
    for (pid_t ended = 0; ended != pid && (ended >= 0 || errno == EINTR);) ended = ::waitpid(-1, nullptr, 0);
}

void reap_children(std::chrono::milliseconds patience) {
    constexpr std::chrono::milliseconds look{5};
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
        if (ended < 0 || (ended == 0 && std::chrono::steady_clock::now() >= deadline)) return;
        if (ended == 0) std::this_thread::sleep_for(look);
    }
}

}  // namespace ocirt::shim::monitor
