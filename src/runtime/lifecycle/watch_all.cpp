#include "runtime/lifecycle/watch_all.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <unordered_map>

#include "runtime/cgroup/oom.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/directory_watch.h"
#include "runtime/lifecycle/process.h"
#include "runtime/state/exit_file.h"

namespace ocirt::lifecycle {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = LifeEvent::Kind;

// What comes a moment after the end of a process: its monitor's file, the word of who is just starting it.
constexpr std::chrono::seconds grace{2};

// The directory's files that tell something. When a container is deleted its config goes before its start socket.
constexpr std::string_view record_file = "state.json";
constexpr std::string_view config_file = "config.json";
constexpr std::string_view exit_file = "exit.json";
constexpr std::string_view monitor_file = "monitor.json";

constexpr std::uint32_t root_mask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM;
constexpr std::uint32_t container_mask = IN_MOVED_TO | IN_DELETE | IN_DONT_FOLLOW;

// What epoll tells: these, or a container's directory and which of its two descriptors.
constexpr std::uint64_t until_key = 0;
constexpr std::uint64_t directories_key = 1;
constexpr std::uint64_t process_key(int directory) { return (static_cast<std::uint64_t>(directory) + 1) * 2; }
constexpr std::uint64_t oom_key(int directory) { return process_key(directory) + 1; }

struct Watched {
    std::string id;
    int directory = -1;
    bool known = false;  // its record was complete
    bool started = false;
    bool leaving = false;  // it is being deleted
    state::ProcessIdentity init{};
    Fd process{};  // while it lives
    cgroup::OomWatch oom{};
    std::vector<cgroup::Place> cgroups{};
    // Its end, which is not told yet while it waits for one of these.
    std::string ended_at{};
    std::optional<int> exit_status{};
    bool waits_for_start = false;
    bool waits_for_status = false;
};

bool is_readable(const Fd& fd) {
    pollfd wait{.fd = fd.get(), .events = POLLIN, .revents = 0};
    return fd && ::poll(&wait, 1, 0) > 0;
}

bool exists(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0; }

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

class AllWatch {
   public:
    AllWatch(const std::string& root, std::chrono::nanoseconds interval, const Fd& until, const AllSink& sink, Fd epoll,
             DirectoryWatch directories)
        : root_(root),
          interval_(interval),
          until_(until),
          sink_(sink),
          epoll_(std::move(epoll)),
          directories_(std::move(directories)) {}

    Result<> run() {
        TRY(wait_on(until_, EPOLLIN, until_key));
        TRY(wait_on(directories_.fd(), EPOLLIN, directories_key));
        TRY(find_root(true));
        next_ = Clock::now() + interval_;
        while (!is_readable(until_)) {
            std::array<epoll_event, 64> events{};
            const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds_to_wait());
            if (count < 0 && errno != EINTR) return fail_errno("epoll_wait", "watch the containers");
            // First: a start comes before its end.
            for (const DirectoryWatch::Change& change : directories_.take()) TRY(take(change));
            for (int i = 0; i < count; ++i) TRY(take(events.at(static_cast<std::size_t>(i)).data.u64));
            TRY(tell_late_ends());
            if (Clock::now() >= next_) TRY(tell_stats());
        }
        return {};
    }

   private:
    Result<> wait_on(const Fd& fd, std::uint32_t events, std::uint64_t key) const {
        epoll_event event{.events = events, .data = {.u64 = key}};
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0) return {};
        return fail_errno("epoll_ctl", "watch the containers");
    }
    [[nodiscard]] int milliseconds_to_wait() const {
        const auto until = ends_.empty() ? next_ : std::min(next_, ends_.front().first);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    [[nodiscard]] std::string path_of(const std::string& id) const { return root_ + "/" + id; }
    [[nodiscard]] std::string path_of(const Watched& watched, std::string_view file) const {
        return path_of(watched.id) + "/" + std::string(file);
    }
    Result<> tell(const Watched& watched, Kind kind) const {
        return sink_.life({.kind = kind,
                           .id = watched.id,
                           .time = kind == Kind::exit ? watched.ended_at : timestamp(),
                           .pid = watched.init.pid,
                           .exit_status = watched.exit_status});
    }

    // Where there is none, the nearest directory above it is watched for the next part of its path.
    Result<> find_root(bool first) {
        for (;;) {
            const Result<int> added = directories_.add(root_, root_mask);
            if (added) {
                top_ = *added;
                return find_containers(first);
            }
            if (added.error().errnum != ENOENT) return std::unexpected(added.error());
            TRY(watch_above());
            if (!exists(awaited_)) return {};
            directories_.remove(std::exchange(above_, -1));  // it has come meanwhile
        }
    }
    Result<> watch_above() {
        awaited_ = root_;
        for (;;) {
            const std::string path = parent_of(awaited_);
            const Result<int> added = directories_.add(path, IN_CREATE | IN_MOVED_TO);
            if (added) {
                above_ = *added;
                return {};
            }
            if (added.error().errnum != ENOENT || path == "." || path == "/") return std::unexpected(added.error());
            awaited_ = path;
        }
    }
    Result<> find_containers(bool first) {
        for (const std::string& id : TRY(state::list_ids(root_))) TRY(look(id, first));
        return {};
    }

    // What is there under this id now.
    Result<> look(const std::string& id, bool first = false) {
        const Result<int> added = directories_.add(path_of(id), container_mask);
        if (!added && added.error().errnum == ENOSPC) return std::unexpected(added.error());
        const auto old = ids_.find(id);
        if (old != ids_.end()) {
            if (added && *added == old->second) return {};
            TRY(drop(old->second));
        }
        if (!added) return {};
        ids_[id] = *added;
        Watched& watched = containers_[*added];
        watched.id = id;
        watched.directory = *added;
        return read_record(watched, first);
    }
    // It has been deleted.
    Result<> drop(int directory) {
        const auto found = containers_.extract(directory);
        Watched& watched = found.mapped();
        ids_.erase(watched.id);
        if (!watched.known) return {};
        watched.leaving = true;
        if (is_readable(watched.process)) TRY(end(watched));
        TRY(settle(watched));
        return tell(watched, Kind::remove);
    }

    Result<> read_record(Watched& watched, bool first = false) {
        Result<Container> container = Container::open(root_, watched.id);
        if (!container || !container->record.complete) return {};
        const state::Record& record = container->record;
        const bool same = watched.init.pid == record.init.pid && watched.init.start_time == record.init.start_time;
        if (watched.known && same) return {};
        if (watched.known) {  // started anew in the same directory
            if (watched.process) TRY(end(watched));
            watched.leaving = true;
            TRY(settle(watched));
        }
        watched = {.id = watched.id, .directory = watched.directory, .known = true, .init = record.init};
        if (!first) TRY(tell(watched, Kind::create));
        TRY(see_start(watched, first));
        Result<Fd> process = container->init();
        // One that cannot be watched is left out.
        if (!process) return {};
        if (!*process) return first ? Result<>{} : end(watched);
        watched.process = std::move(*process);
        TRY(wait_on(watched.process, EPOLLIN, process_key(watched.directory)));
        if (!record.use_cgroups) return {};
        watched.cgroups = record.cgroups;
        Result<cgroup::OomWatch> oom = cgroup::OomWatch::open(watched.cgroups);
        if (!oom || !oom->fd()) return {};
        watched.oom = std::move(*oom);
        // EPOLLET: v2's file of a cgroup that is gone is ready for ever.
        return wait_on(watched.oom.fd(), static_cast<std::uint32_t>(watched.oom.events()) | EPOLLET,
                       oom_key(watched.directory));
    }

    // The start socket has gone, and not with all else.
    Result<> see_start(Watched& watched, bool first = false) const {
        if (watched.started || !watched.known || exists(path_of(watched, state::start_socket))) return {};
        if (!exists(path_of(watched, config_file))) return {};
        watched.started = true;
        return first ? Result<>{} : tell(watched, Kind::start);
    }

    Result<> take(const DirectoryWatch::Change& change) {
        if ((change.mask & IN_Q_OVERFLOW) != 0) return look_at_everything();
        const bool gone = (change.mask & IN_IGNORED) != 0;
        if (change.directory == top_ && !gone)
            return (change.mask & IN_ISDIR) != 0 && state::check_id(change.name) ? look(change.name) : Result<>{};
        if (change.directory == top_ || change.directory == above_) {
            if (!gone && change.name != awaited_.substr(awaited_.rfind('/') + 1)) return {};
            if (!gone) directories_.remove(change.directory);
            (change.directory == top_ ? top_ : above_) = -1;
            return find_root(false);
        }
        const auto found = containers_.find(change.directory);
        if (found == containers_.end()) return {};
        if (!gone) return take(found->second, change);
        const std::string id = found->second.id;
        TRY(drop(change.directory));
        return look(id);
    }
    Result<> take(Watched& watched, const DirectoryWatch::Change& change) {
        if ((change.mask & IN_MOVED_TO) != 0) {
            if (change.name == record_file) return read_record(watched);
            if (change.name != exit_file) return {};
            read_exit_status(watched);
            return settle(watched);
        }
        if (change.name == state::start_socket && watched.known && !watched.started && !watched.leaving) {
            watched.started = true;
            TRY(tell(watched, Kind::start));
            watched.waits_for_start = false;
            return settle(watched);
        }
        if (change.name != config_file) return {};
        watched.leaving = true;
        return settle(watched);
    }
    // Too much has happened to be told: what is there counts.
    Result<> look_at_everything() {
        std::vector<std::string> known;
        known.reserve(ids_.size());
        for (const auto& [id, directory] : ids_) known.push_back(id);
        for (const std::string& id : known) {
            TRY(look(id));
            const auto found = ids_.find(id);
            if (found == ids_.end()) continue;
            Watched& watched = containers_.at(found->second);
            TRY(read_record(watched));
            TRY(see_start(watched));
        }
        return top_ >= 0 ? find_containers(false) : Result<>{};
    }

    Result<> take(std::uint64_t key) {
        if (key == until_key || key == directories_key) return {};
        const auto found = containers_.find(static_cast<int>(key / 2 - 1));
        if (found == containers_.end()) return {};
        Watched& watched = found->second;
        TRY(tell_oom(watched));
        return is_readable(watched.process) ? end(watched) : Result<>{};
    }
    Result<> tell_oom(Watched& watched) const {
        for (std::uint64_t count = watched.oom.take(); count > 0; --count) TRY(sink_.oom(watched.id));
        return {};
    }

    Result<> end(Watched& watched) {
        // What ended it may be just this.
        TRY(tell_oom(watched));
        watched.process.reset();
        watched.oom = {};
        watched.cgroups.clear();
        watched.ended_at = timestamp();
        // Who starts it has the lock until the socket is gone.
        const Result<state::Directory> directory = state::Directory::open(root_, watched.id);
        watched.waits_for_start = !watched.started && directory && directory->is_locked_by_other();
        if (!watched.waits_for_start) TRY(see_start(watched));
        watched.waits_for_status = exists(path_of(watched, monitor_file));
        read_exit_status(watched);
        if (watched.waits_for_start || watched.waits_for_status)
            ends_.emplace_back(Clock::now() + grace, watched.directory);
        return settle(watched);
    }
    void read_exit_status(Watched& watched) const {
        const std::optional<state::Exit> exit = state::read_exit(root_, watched.id);
        if (!exit || exit->pid != watched.init.pid) return;
        if (exit->status != state::unknown_status) watched.exit_status = exit->status;
        watched.waits_for_status = false;
    }
    // Tells the end once it waits for nothing more.
    Result<> settle(Watched& watched) const {
        const bool waits = (watched.waits_for_start || watched.waits_for_status) && !watched.leaving;
        if (watched.ended_at.empty() || waits) return {};
        TRY(tell(watched, Kind::exit));
        watched.ended_at.clear();
        return {};
    }
    Result<> tell_late_ends() {
        for (; !ends_.empty() && ends_.front().first <= Clock::now(); ends_.pop_front()) {
            const auto found = containers_.find(ends_.front().second);
            if (found == containers_.end()) continue;
            found->second.waits_for_start = found->second.waits_for_status = false;
            TRY(settle(found->second));
        }
        return {};
    }

    Result<> tell_stats() {
        next_ = std::max(next_ + interval_, Clock::now());
        for (const auto& [directory, watched] : containers_) {
            if (watched.cgroups.empty()) continue;
            if (is_readable(until_)) break;
            if (const auto stats = cgroup::read_stats(watched.cgroups)) TRY(sink_.stats(watched.id, *stats));
        }
        return {};
    }

    const std::string& root_;
    std::chrono::nanoseconds interval_;
    const Fd& until_;
    const AllSink& sink_;
    Fd epoll_;
    DirectoryWatch directories_;
    int top_ = -1;                                 // the root's number
    int above_ = -1;                               // that of a directory above it, while there is none
    std::string awaited_;                          // what is to come there
    std::unordered_map<int, Watched> containers_;  // by the number of their directory
    std::unordered_map<std::string, int> ids_;
    std::deque<std::pair<Clock::time_point, int>> ends_;  // that are told by then
    Clock::time_point next_;                              // when statistics are told
};

void raise_limit_of_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<> watch_all(const std::string& root, std::chrono::nanoseconds interval, const Fd& until, const AllSink& sink) {
    raise_limit_of_files();
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("epoll_create1", "watch the containers");
    return AllWatch(root, interval, until, sink, std::move(epoll), TRY(DirectoryWatch::make())).run();
}

}  // namespace ocirt::lifecycle
