#include "shim/native/log_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "common/syscall.h"
#include "runtime/state/exit_file.h"
#include "shim/monitor/record.h"
#include "shim/native/adopt.h"

namespace ocirt::shim::native {
namespace {

// Where the user has no inotify instances left.
constexpr std::chrono::milliseconds look_every{200};

bool is_readable(const Fd& file) {
    pollfd ready{.fd = file.get(), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, 0) > 0;
}

}  // namespace

Result<LogWatch> LogWatch::open(const std::string& root, const std::string& id, Warn warn) {
    LogWatch watch(root, id, std::move(warn));
    watch.notices_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    watch.is_blind_ = !watch.notices_;
    // A directory that is held open tells nothing of its own end.
    (void)watch.watch(TRY(sys::open(root, O_RDONLY | O_DIRECTORY)), IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_MASK_ADD);
    watch.container_ = TRY(sys::open(root + "/" + id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    // exit.json is put there by a rename.
    (void)watch.watch(watch.container_, IN_MOVED_TO | IN_ONLYDIR | IN_MASK_ADD);
    watch.find_monitor();
    return watch;
}

bool LogWatch::has_container() const {
    struct stat status{};
    return ::fstat(container_.get(), &status) == 0 && status.st_nlink > 0;
}

void LogWatch::find_monitor() {
    const auto record = monitor::read_record(root_, id_);
    const pid_t monitor = record && *record ? (*record)->monitor : 0;
    if (monitor == monitor_) return;
    monitor_ = monitor;
    monitor_end_ = monitor > 0 ? sys::open_pidfd(monitor).value_or(Fd{}) : Fd{};
}

bool LogWatch::is_complete() {
    if (monitor_end_ && !is_readable(monitor_end_)) return !has_container() || state::read_exit(root_, id_);
    // It has ended, perhaps as it should, since a moment; or there was none.
    monitor_end_.reset();
    if (!has_container() || state::read_exit(root_, id_)) return true;
    if (const Result<> adopted = adopt_if_alone(root_, id_); !adopted) warn_(adopted.error());
    find_monitor();
    return !monitor_end_;
}

int LogWatch::watch(const Fd& file, std::uint32_t events) {
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const int watch = notices_ ? ::inotify_add_watch(notices_.get(), path.c_str(), events) : -1;
    if (watch < 0) is_blind_ = true;
    return watch;
}

bool LogWatch::looks_at(const Fd& directory, std::initializer_list<const Fd*> files) {
    std::vector<int> now{watch(directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR | IN_MASK_ADD)};
    for (const Fd* file : files)
        if (*file) now.push_back(watch(*file, IN_MODIFY));
    const std::vector<int> before = std::exchange(watched_, std::move(now));
    const auto has = [](const std::vector<int>& all, int one) { return std::ranges::find(all, one) != all.end(); };
    for (const int old : before)
        if (old >= 0 && !has(watched_, old)) ::inotify_rm_watch(notices_.get(), old);
    return std::ranges::all_of(watched_, [&](int one) { return has(before, one); });
}

Result<bool> LogWatch::wait(const Fd& reader, short events) {
    std::array<pollfd, 3> ready{{{.fd = notices_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = monitor_end_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = reader.get(), .events = events, .revents = 0}}};
    const int limit = is_blind_ ? static_cast<int>(look_every.count()) : -1;
    if (::poll(ready.data(), ready.size(), limit) < 0 && errno != EINTR) return fail_errno("poll", "follow the log");
    // What happened is looked for where it happened.
    std::array<char, 4096> notices{};
    while (notices_ && ::read(notices_.get(), notices.data(), notices.size()) > 0) {}
    return ready[2].revents == 0;
}

}  // namespace ocirt::shim::native
