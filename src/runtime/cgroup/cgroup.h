// A container's cgroup: one directory in every hierarchy of the host. The class that does things; what to do is decided
// in cgroups_path and resource_plan. The parent (runtime) calls it, never init.
//
// A container's life:  create ─ prepare ─ clone into, or attach ─ limit ─ … ─ kill_all ─ remove
// In a hybrid the container has a cgroup in the v2 tree too, even with no controller there: it gives cgroup.kill,
// cgroup.freeze and cgroup.events.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/resource_plan.h"

namespace ocirt::cgroup {

// The container's directory in one hierarchy. What the state record keeps.
struct Place {
    Version version = Version::v1;
    std::string path;                      // absolute
    std::vector<std::string> controllers;  // as in Hierarchy
};

struct CreateOptions {
    // Rootless without a cgroupsPath: a hierarchy where we may not make a directory, or not move a process to, is left
    // out (EACCES, EPERM, EROFS). Limits that need it fail later.
    bool best_effort = false;
    bool occupied = false;            // what is there is the container's own: systemd has put it in
    std::vector<std::string> enable;  // v2 controllers: controllers_to_enable()
};

enum class FreezerState { thawed, freezing, frozen };

class Cgroup {
   public:
    // Makes the directory in every hierarchy, with the parents that are missing, and on v2 has the ancestors pass on
    // the controllers as far as they can. A directory that exists is taken if no process is in it, nor frozen. On an
    // error nothing that was made is left. Errors: already_exists; unsupported without any hierarchy; system.
    [[nodiscard]] static Result<Cgroup> create(const Layout& layout, const std::vector<std::string>& paths,
                                               const CreateOptions& options);

    // create() in two parts, so that a process can be born in the v2 tree's directory while the others are still made:
    // first the v2 tree's, then, by complete(), those of the v1 hierarchies. remove() after a failed complete().
    [[nodiscard]] static Result<Cgroup> begin(const Layout& layout, const std::vector<std::string>& paths,
                                              const CreateOptions& options);
    [[nodiscard]] Result<> complete(const Layout& layout, const std::vector<std::string>& paths,
                                    const CreateOptions& options);

    // From a record. Opens nothing yet, so it cannot fail: what is missing shows when it is used.
    [[nodiscard]] static Cgroup open(std::vector<Place> places);

    [[nodiscard]] std::vector<Place> places() const;

    // What must stand before a process enters: cpuset's inheritance and values, real-time budgets.
    [[nodiscard]] Result<> prepare(const ResourcePlan& plan);

    // The v2 directory for CLONE_INTO_CGROUP; nullptr where there is no v2 tree. Lives as long as this object.
    [[nodiscard]] Result<const Fd*> unified_directory();

    // The `tasks` file of every v1 hierarchy, for writing. A new process with one thread that writes "0" to each enters
    // by itself, and that is the fast way: to move *another* process the kernel first waits for an RCU grace period
    // (the write side of cgroup_threadgroup_rwsem), 5 to 9 ms on an idle host where the whole of this takes 0.1 ms.
    // Together with CLONE_INTO_CGROUP for the v2 tree nobody waits. Rights are those of who opened the files: us.
    [[nodiscard]] Result<std::vector<Fd>> task_files();

    enum class Trees { all, v1, v2 };
    // Moves another process (all of its threads) into the cgroup: the slow way, always there.
    [[nodiscard]] Result<> attach(pid_t pid, Trees trees = Trees::all);

    // Gives the v2 directory, and of its files those that the kernel says may be given away, to a user of the host
    // (config-linux.md "Cgroup ownership", cgroups(7)). The limits stay with who set them.
    [[nodiscard]] Result<> give_to(uid_t owner);

    // Makes a cgroup below the v2 directory, gives it to `owner`, if any, and moves the process there. kill_all() and
    // remove() reach it.
    [[nodiscard]] Result<> delegate(const std::string& name, std::optional<uid_t> owner, pid_t pid);

    // Limits and device rules.
    [[nodiscard]] Result<> limit(const ResourcePlan& plan);

    // Writes in their order. Errors carry the pointer, the file's path, the value and the kernel's errno.
    [[nodiscard]] Result<> apply(std::span<const Write> writes);

    // Other limits for a cgroup in use: all of the plan, or none of it. Where a write fails those before it are taken
    // back; the error's detail says what could not be. A device program takes the place of the one that limit()
    // attached. `also` belongs to it: it comes last, and where it fails all is taken back.
    [[nodiscard]] Result<> update(const ResourcePlan& plan, const std::function<Result<>()>& also = {});

    // A file of the directory that `controller` is in.
    [[nodiscard]] Result<std::string> read(std::string_view controller, const std::string& file);

    // Every process of the container, sub-cgroups included, ascending.
    [[nodiscard]] Result<std::vector<pid_t>> pids();
    [[nodiscard]] Result<bool> is_empty();

    // Waits until all of them stand still. On an error, the timeout included, the cgroup is thawed again.
    [[nodiscard]] Result<> freeze(std::chrono::milliseconds timeout = std::chrono::seconds(10));
    [[nodiscard]] Result<> thaw();
    // Of this cgroup itself: one that is frozen by an ancestor's doing reads as thawed.
    [[nodiscard]] Result<FreezerState> freezer_state();

    // Sends a signal to every process, frozen meanwhile where it can be, so that none is missed. A paused container
    // stays paused, unless the signal is SIGKILL, which v1 delivers only to the thawed.
    [[nodiscard]] Result<> signal_all(int signal);

    // SIGKILL to all, again and again until none is left. Error timed_out: names one that is left.
    [[nodiscard]] Result<> kill_all(std::chrono::milliseconds timeout = std::chrono::seconds(10));

    // Removes the directories and those below them; what is not there is fine. Of the parents only those that this very
    // object made, if empty. Error timed_out: a cgroup stays busy; names it and a process in it.
    [[nodiscard]] Result<> remove(std::chrono::milliseconds timeout = std::chrono::seconds(10));

   private:
    struct Member {
        Place place;
        Fd directory;  // opened when first needed
        bool removed = false;
    };

    [[nodiscard]] Result<> make_all(const Layout& layout, const std::vector<std::string>& paths,
                                    const CreateOptions& options, Version version);
    [[nodiscard]] Result<> make(Member& member, const std::string& mount_point, const CreateOptions& options);
    [[nodiscard]] Result<> make_directories(const std::string& path, const std::string& mount_point);
    [[nodiscard]] Result<> check_unused(Member& member);
    void remove_made();
    [[nodiscard]] Result<> attach_member(Member& member, pid_t pid);

    // The file of the last write: device rules are a dozen writes to one file.
    struct OpenFile {
        const Member* member = nullptr;
        std::string name;
        Fd fd;
    };
    // What was written, as what takes it back; std::nullopt where nothing does. In the order of the writes.
    struct Undo {
        std::string file;
        std::optional<Write> write;
    };
    using Journal = std::vector<Undo>;
    [[nodiscard]] Result<> apply(std::span<const Write> writes, Journal* journal);
    [[nodiscard]] Result<> write(const Write& write, OpenFile& open, Journal* journal);
    // The names of the files that stay changed.
    [[nodiscard]] std::string restore(const Journal& journal);
    [[nodiscard]] Result<> inherit_cpuset(std::span<const Write> writes);

    [[nodiscard]] Member* unified();
    [[nodiscard]] Member* holding(std::string_view controller);
    [[nodiscard]] std::vector<Member*> witnesses();
    [[nodiscard]] static Result<const Fd*> directory(Member& member);
    [[nodiscard]] static bool is_in(const Member& member, Trees trees);

    std::vector<Member> members_;
    std::vector<std::string> made_;  // directories, parents first
    bool best_effort_ = false;
};

}  // namespace ocirt::cgroup
