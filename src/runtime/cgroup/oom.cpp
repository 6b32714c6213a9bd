#include "runtime/cgroup/oom.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/cgroup/control_file.h"
#include "runtime/cgroup/stats_text.h"

namespace ocirt::cgroup {

namespace {

constexpr const char* registry = "cgroup.event_control";

}  // namespace

Result<OomWatch> OomWatch::open(std::span<const Place> places) {
    OomWatch watch;
    for (const Place& place : places) {
        if (std::ranges::find(place.controllers, "memory") == place.controllers.end()) continue;
        watch.version_ = place.version;
        watch.path_ = place.path;
        watch.directory_ = TRY(open_directory(place.path));
        TRY(place.version == Version::v1 ? watch.open_v1() : watch.open_v2());
        break;
    }
    return watch;
}

// cgroup-v1/memory.rst, "OOM Control": "<eventfd> <descriptor of memory.oom_control>" to cgroup.event_control.
Result<> OomWatch::open_v1() {
    fd_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd_) return fail_errno("eventfd", "watch for out of memory");
    const Fd control(::openat(directory_.get(), "memory.oom_control", O_RDONLY | O_CLOEXEC));
    if (!control) return fail_errno("openat", "open", "memory.oom_control");
    return write_file(directory_, registry, std::to_string(fd_.get()) + " " + std::to_string(control.get()));
}

Result<> OomWatch::open_v2() {
    fd_ = Fd(::openat(directory_.get(), "memory.events", O_RDONLY | O_CLOEXEC));
    if (!fd_) return fail_errno("openat", "open", "memory.events");
    kills_ = read_kills();
    return {};
}

short OomWatch::events() const { return version_ == Version::v1 ? POLLIN : POLLPRI; }

std::uint64_t OomWatch::read_kills() const {
    std::array<char, 4096> text{};
    const ssize_t size = ::pread(fd_.get(), text.data(), text.size(), 0);
    if (size <= 0) return kills_;
    return counter(parse_counters({text.data(), static_cast<std::size_t>(size)}), "oom_kill");
}

std::uint64_t OomWatch::take() {
    if (!fd_) return 0;
    if (version_ == Version::v2) {
        const std::uint64_t before = kills_;
        kills_ = std::max(before, read_kills());
        return kills_ - before;
    }
    std::uint64_t count = 0;
    if (::read(fd_.get(), &count, sizeof count) != sizeof count) return 0;
    return ::faccessat(directory_.get(), registry, F_OK, 0) == 0 ? count : 0;
}

// v1 counts how often a limit stood in the way, v2 (memory.events.local, 5.2) how often that killed. The top has none.
std::string OomWatch::limiting_cgroup() const {
    const bool unified = version_ == Version::v2;
    for (std::string path = path_; !path.empty(); path.resize(path.rfind('/'))) {
        const Result<std::string> text =
            read_file(path + (unified ? "/memory.events.local" : "/memory.failcnt"), control_file_limit);
        if (!text) break;
        if (unified ? counter(parse_counters(*text), "oom") > 0 : chomp(*text) != "0") return path;
    }
    return {};
}

}  // namespace ocirt::cgroup
