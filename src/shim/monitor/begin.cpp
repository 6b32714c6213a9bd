#include "shim/monitor/begin.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/syscall.h"
#include "runtime/lifecycle/pid_file.h"
#include "runtime/lifecycle/process.h"
#include "shim/daemon.h"
#include "shim/monitor/descriptors.h"
#include "shim/monitor/launch.h"
#include "shim/monitor/log_target.h"

namespace ocirt::shim::monitor {
namespace {

constexpr int hardest_to_kill = -1000;
constexpr mode_t file_mask = 022;

// Descriptors that the caller left open, but for the pipes: the runtime gets the first ones where it is to.
Result<> take_descriptors(Monitor::Start& start) {
    const unsigned passed = passed_descriptors(start.options, std::getenv("LISTEN_FDS"));
    for (const int number : TRY(open_descriptors())) {
        const ManagerPipes& pipes = start.pipes;
        if (number == pipes.sync.get() || number == pipes.start.get() || number == pipes.attach.get()) continue;
        const bool is_passed = static_cast<unsigned>(number) < STDERR_FILENO + 1 + passed;
        if (!is_passed) ::fcntl(number, F_SETFD, FD_CLOEXEC);
        (is_passed ? start.passed : start.inherited).emplace_back(number);
    }
    return {};
}

// Of conmon's command line, what it does not say.
Result<> complete_options(Options& options) {
    if (::access(options.runtime.c_str(), X_OK) != 0) return fail_errno("access", "use the runtime", options.runtime);
    std::string cwd(4096, '\0');
    if (::getcwd(cwd.data(), cwd.size()) == nullptr) return fail_errno("getcwd", "find the current directory");
    cwd.resize(cwd.find('\0'));
    // An exec without a bundle has no attach socket: the old way.
    if (options.bundle.empty() && !options.exec) options.bundle = cwd;
    if (options.container_pid_file.empty()) options.container_pid_file = cwd + "/pidfile-" + options.id;
    return {};
}

Result<> prepare(Monitor::Start& start) {
    if (!start.native) TRY(complete_options(start.options));
    std::vector<LogTarget> targets;
    targets.reserve(start.options.log_paths.size());
    for (const std::string& word : start.options.log_paths) targets.push_back(TRY(parse_log_target(word)));
    start.passthrough = std::ranges::find(targets, LogTarget::Kind::passthrough, &LogTarget::kind) != targets.end();
    if (start.passthrough && start.options.terminal)
        return fail({.fault = Fault::invalid_argument,
                     .operation = "read the command line",
                     .detail = "--terminal excludes the log driver passthrough"});
    start.rates = TRY(parse_rates(start.options.log_rates));
    if (!start.native) TRY(take_descriptors(start));
    start.writers = TRY(open_writers(start.options, targets));
    return {};
}

int become_monitor(Monitor::Start start, const Messages& messages) {
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (start.native) ::prctl(PR_SET_NAME, "ocirt-monitor");  // else it would be called as the command was
    if (!start.passthrough) point_stdio_to_null();
    Monitor monitor(std::move(start), messages);
    return monitor.run();
}

// Nobody is told of a monitor whose pid could not be written: it waits until it is, and ends where it is not.
Result<> tell_pid(const std::string& file, pid_t monitor, Fd permit) {
    if (!file.empty()) TRY(lifecycle::write_pid_file(file, monitor));
    return sys::write_all(permit, "y", 1);
}
bool is_told(const Fd& permit) {
    const Result<std::string> word = sys::read_all(permit, 1);
    return word && !word->empty();
}

}  // namespace

Result<int> begin(Monitor::Start& start, const Messages& messages) {
    ::umask(file_mask);
    ::signal(SIGPIPE, SIG_IGN);
    TRY(prepare(start));
    start.oom_score = oom_score().value_or(0);
    (void)lifecycle::set_oom_score(::getpid(), hardest_to_kill);
    // The manager puts this process where it shall be before there are others.
    TRY(await_word(start.pipes.start));
    if (!start.options.exec_attach) start.pipes.start.reset();
    if (start.options.sync) return become_monitor(std::move(start), messages);
    sys::Pipe permit = TRY(sys::make_pipe());
    sys::Pipe answer{};
    if (start.native) answer = TRY(sys::make_pipe());
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork", "become the monitor");
    if (pid == 0) {
        answer.reader.reset();
        permit.writer.reset();
        if (!is_told(permit.reader)) ::_exit(1);
        start.caller = std::move(answer.writer);
        return become_monitor(std::move(start), messages);
    }
    TRY(tell_pid(start.options.monitor_pid_file, pid, std::move(permit.writer)));
    answer.writer.reset();
    return answer.reader ? await_answer(answer.reader) : Result<int>(0);
}

Result<int> await_answer(const Fd& pipe) {
    constexpr std::size_t limit = std::size_t{64} << 10;
    const std::string text = TRY(sys::read_all(pipe, limit));
    const auto answer = nlohmann::json::parse(text, nullptr, false);
    if (!answer.is_object())
        return fail({.fault = Fault::corrupted, .operation = "make the container", .detail = "its monitor ended"});
    if (answer.value("pid", -1) > 0) return 0;
    std::string message = answer.value("message", "");
    constexpr std::string_view own_name = "ocirt: ";
    if (message.starts_with(own_name)) message.erase(0, own_name.size());
    while (message.ends_with('\n')) message.pop_back();
    return fail({.detail = std::move(message)});
}

}  // namespace ocirt::shim::monitor
