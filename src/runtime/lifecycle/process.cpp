#include "runtime/lifecycle/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <thread>

#include "common/syscall.h"

namespace ocirt::lifecycle {

std::optional<std::uint64_t> start_time(pid_t pid) {
    const Result<Fd> file = sys::open("/proc/" + std::to_string(pid) + "/stat", O_RDONLY);
    if (!file) return std::nullopt;
    const Result<std::string> text = sys::read_all(*file, 4096);
    if (!text) return std::nullopt;
    // The name in parentheses may hold anything: what follows it begins after the last one.
    std::size_t at = text->rfind(')');
    if (at == std::string::npos || at + 2 >= text->size()) return std::nullopt;
    const char state = (*text)[at + 2];
    if (state == 'Z' || state == 'X') return std::nullopt;
    for (int field = 2; field < 22; ++field) {
        at = text->find(' ', at + 1);
        if (at == std::string::npos) return std::nullopt;
    }
    std::uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(text->data() + at + 1, text->data() + text->size(), ticks);
    if (error != std::errc{}) return std::nullopt;
    return ticks;
}

pid_t pid_inside(pid_t pid) {
    constexpr std::string_view title = "NSpid:";
    const Result<Fd> file = sys::open("/proc/" + std::to_string(pid) + "/status", O_RDONLY);
    if (!file) return pid;
    const Result<std::string> status = sys::read_all(*file, 16384);
    if (!status) return pid;
    const std::size_t line = status->find(title);
    if (line == std::string::npos) return pid;
    const std::string_view numbers = std::string_view(*status).substr(line, status->find('\n', line) - line);
    // One for each namespace; its own is the last.
    const std::string_view own = numbers.substr(numbers.find_last_of(" \t") + 1);
    pid_t inside = 0;
    return std::from_chars(own.data(), own.data() + own.size(), inside).ec == std::errc{} ? inside : pid;
}

Result<Fd> open_process(const state::ProcessIdentity& identity) {
    if (identity.pid <= 0) return Fd{};
    Result<Fd> pidfd = sys::open_pidfd(identity.pid);
    if (!pidfd && (pidfd.error().errnum == ESRCH || pidfd.error().errnum == EINVAL)) return Fd{};
    if (!pidfd) return pidfd;
    // Looked at after the descriptor is held: the pid cannot come to mean another process in between.
    if (start_time(identity.pid) != identity.start_time) return Fd{};
    return pidfd;
}

Result<bool> wait_for_end(const Fd& pidfd, std::chrono::milliseconds deadline) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd ready{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
        const int polled = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (polled > 0) return true;
        if (polled == 0) return false;
        if (errno != EINTR) return fail_errno("poll", "wait for a process");
    }
}

Result<int> reap(const Fd& pidfd) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | __WALL) != 0)
        if (errno != EINTR) return fail_errno("waitid", "wait for the container's process");
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

namespace {

// linux/pidfd.h of Linux 6.15, which Debian 12's headers do not have.
struct PidfdInfo {
    std::uint64_t mask;
    std::uint64_t cgroup;
    std::uint32_t ids[11];
    std::int32_t exit_code;  // as wait(2) has it
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t pidfd_info_exit = 1U << 3;
constexpr unsigned long pidfd_get_info = _IOWR(0xFF, 11, PidfdInfo);

}  // namespace

Result<std::optional<int>> reaped_status(const Fd& pidfd) {
    PidfdInfo info{};
    info.mask = pidfd_info_exit;
    if (::ioctl(pidfd.get(), pidfd_get_info, &info) != 0) return fail_errno("ioctl", "ask how the process ended");
    if ((info.mask & pidfd_info_exit) == 0) return std::nullopt;
    return WIFSIGNALED(info.exit_code) ? 128 + WTERMSIG(info.exit_code) : WEXITSTATUS(info.exit_code);
}

std::optional<int> await_reaped_status(const Fd& pidfd, std::chrono::milliseconds deadline) {
    constexpr std::chrono::milliseconds look{10};
    const auto until = std::chrono::steady_clock::now() + deadline;
    Result<std::optional<int>> status = reaped_status(pidfd);
    for (; status && !*status && std::chrono::steady_clock::now() < until; status = reaped_status(pidfd))
        std::this_thread::sleep_for(look);
    return status.value_or(std::nullopt);
}

Result<> set_oom_score(pid_t pid, int score) {
    const std::string path = "/proc/" + std::to_string(pid) + "/oom_score_adj";
    const std::string text = std::to_string(score);
    Result<> written = [&]() -> Result<> {
        const Fd file = TRY(sys::open(path, O_WRONLY));
        return sys::write_all(file, text.data(), text.size());
    }();
    if (written) return {};
    Error error = std::move(written).error();
    error.pointer = "/process/oomScoreAdj";
    error.operation = "set oom_score_adj to";
    error.object = text;
    if (error.errnum == EACCES) error.hint = "lowering it needs CAP_SYS_RESOURCE";
    return fail(std::move(error));
}

Result<> run_on(const plan::InitialAffinity& affinity) {
    const std::size_t size = affinity.cpus.size() * sizeof(affinity.cpus.front());
    // Not the C library's: its masks are of 1024 CPUs.
    if (::syscall(SYS_sched_setaffinity, 0, size, affinity.cpus.data()) == 0) return {};
    Error error = fail_errno("sched_setaffinity", "run on the initial CPUs").error();
    error.pointer = affinity.pointer;
    if (error.errnum == EINVAL) error.hint = "none of them is one that this process may use";
    return fail(std::move(error));
}

std::string boot_id() {
    const Result<Fd> file = sys::open("/proc/sys/kernel/random/boot_id", O_RDONLY);
    if (!file) return {};
    std::string text = sys::read_all(*file, 4096).value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string timestamp() {
    // Not strftime: it reads the time zone from a file first.
    using namespace std::chrono;
    const auto now = system_clock::now().time_since_epoch();
    const auto days = floor<std::chrono::days>(now);
    const year_month_day date{sys_days{days}};
    const hh_mm_ss time{duration_cast<nanoseconds>(now - days)};
    char text[48];
    std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text;
}

}  // namespace ocirt::lifecycle
