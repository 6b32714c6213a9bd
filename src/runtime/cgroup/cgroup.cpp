#include "runtime/cgroup/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "runtime/cgroup/cgroup_tree.h"
#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {

namespace {

using namespace std::chrono_literals;

bool forbidden(const Error& error) { return error.errnum == EACCES || error.errnum == EPERM || error.errnum == EROFS; }

// Only controllers that threads can have on their own (cpu, pids) may be passed on by a cgroup with processes, and it
// would become the root of a threaded tree by that: what is below could hold no process any more. The tree's own root,
// which has no type, is above the rule.
bool would_become_threaded(const Fd& directory) {
    const auto type = read_file(directory, "cgroup.type", control_file_limit);
    if (!type || chomp(*type) != "domain") return false;
    const auto processes = read_file(directory, "cgroup.procs", control_file_limit);
    return !processes || !processes->empty();
}

// Has one cgroup pass controllers on to its children: all at once, and if that fails whichever it can.
void enable_in(const std::string& path, const std::vector<std::string>& controllers) {
    const auto directory = open_directory(path);
    if (!directory || would_become_threaded(*directory)) return;
    std::string all;
    for (const std::string& controller : controllers) all += (all.empty() ? "+" : " +") + controller;
    if (write_file(*directory, "cgroup.subtree_control", all)) return;
    for (const std::string& controller : controllers)
        (void)write_file(*directory, "cgroup.subtree_control", "+" + controller);
}

// From the tree's root down to the parent. What cannot be enabled (not delegated to us, or a process sits in an
// ancestor) matters only if a limit needs it, which then says so.
void enable_controllers(const std::string& path, const std::string& mount_point,
                        const std::vector<std::string>& controllers) {
    const auto present = read_file(path + "/cgroup.controllers", control_file_limit);
    if (present) {
        const auto words = parse_controllers(*present);
        if (std::ranges::all_of(controllers, [&words](const std::string& controller) {
                return std::ranges::find(words, controller) != words.end();
            }))
            return;
    }
    for (std::size_t end = mount_point.size(); end < path.size(); end = path.find('/', end + 1))
        enable_in(path.substr(0, end), controllers);
}

}  // namespace

Result<Cgroup> Cgroup::create(const Layout& layout, const std::vector<std::string>& paths,
                              const CreateOptions& options) {
    Cgroup cgroup = TRY(begin(layout, paths, options));
    const Result<> completed = cgroup.complete(layout, paths, options);
    if (completed) return cgroup;
    cgroup.remove_made();
    return std::unexpected(completed.error());
}

Result<Cgroup> Cgroup::begin(const Layout& layout, const std::vector<std::string>& paths,
                             const CreateOptions& options) {
    if (layout.hierarchies.empty() && !options.best_effort)
        return fail({.fault = Fault::unsupported,
                     .operation = "create cgroup",
                     .detail = "no cgroup hierarchy is mounted",
                     .hint = "mount one, or use --cgroup-manager disabled"});
    Cgroup cgroup;
    cgroup.best_effort_ = options.best_effort;
    const Result<> made = cgroup.make_all(layout, paths, options, Version::v2);
    if (made) return cgroup;
    cgroup.remove_made();
    return std::unexpected(made.error());
}

Result<> Cgroup::complete(const Layout& layout, const std::vector<std::string>& paths, const CreateOptions& options) {
    return make_all(layout, paths, options, Version::v1);
}

Result<> Cgroup::make_all(const Layout& layout, const std::vector<std::string>& paths, const CreateOptions& options,
                          Version version) {
    for (std::size_t i = 0; i < layout.hierarchies.size(); ++i) {
        const Hierarchy& hierarchy = layout.hierarchies[i];
        if (hierarchy.version != version) continue;
        Member member{.place = {.version = hierarchy.version, .path = paths[i], .controllers = hierarchy.controllers},
                      .directory = {}};
        const Result<> made = make(member, hierarchy.mount_point, options);
        if (made)
            members_.push_back(std::move(member));
        else if (!options.best_effort || !forbidden(made.error()))
            return std::unexpected(made.error());
    }
    return {};
}

Cgroup Cgroup::open(std::vector<Place> places) {
    Cgroup cgroup;
    for (Place& place : places) cgroup.members_.push_back({.place = std::move(place), .directory = {}});
    return cgroup;
}

std::vector<Place> Cgroup::places() const {
    std::vector<Place> places;
    places.reserve(members_.size());
    for (const Member& member : members_) places.push_back(member.place);
    return places;
}

Result<> Cgroup::make(Member& member, const std::string& mount_point, const CreateOptions& options) {
    const std::string& path = member.place.path;
    if (::mkdir(path.c_str(), 0755) == 0) {
        made_.push_back(path);
    } else if (errno == ENOENT) {
        TRY(make_directories(path, mount_point));
    } else if (errno == EEXIST) {
        if (!options.occupied) TRY(check_unused(member));
    } else {
        return fail_errno("mkdir", "create cgroup", path);
    }
    if (member.place.version == Version::v2 && !options.enable.empty())
        enable_controllers(path, mount_point, options.enable);
    return {};
}

// mkdir -p below the mount point.
Result<> Cgroup::make_directories(const std::string& path, const std::string& mount_point) {
    for (std::size_t end = mount_point.size(); end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        const std::string directory = path.substr(0, end);
        if (::mkdir(directory.c_str(), 0755) == 0)
            made_.push_back(directory);
        else if (errno != EEXIST)
            return fail_errno("mkdir", "create cgroup", directory);
    }
    return {};
}

// A container that enters a cgroup where others live shares its limits with them and kills them when it ends.
Result<> Cgroup::check_unused(Member& member) {
    const auto pids = TRY(pids_below(*TRY(directory(member))));
    if (!pids.empty())
        return fail({.fault = Fault::already_exists,
                     .operation = "create cgroup",
                     .object = member.place.path,
                     .detail = "container's cgroup is not empty: process " + std::to_string(pids.front()) + " is in it",
                     .hint = "end the process, or give another cgroupsPath"});
    // A process that enters a frozen cgroup stands still for good.
    const bool v2 = member.place.version == Version::v2;
    const auto state = read_file(*TRY(directory(member)), v2 ? "cgroup.freeze" : "freezer.state");
    if (state && !state->starts_with(v2 ? "0" : "THAWED"))
        return fail({.fault = Fault::already_exists,
                     .operation = "create cgroup",
                     .object = member.place.path,
                     .detail = "the cgroup exists and is frozen",
                     .hint = "thaw it, or give another cgroupsPath"});
    return {};
}

void Cgroup::remove_made() {
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) ::rmdir(path->c_str());
    made_.clear();
}

bool Cgroup::is_in(const Member& member, Trees trees) {
    return trees == Trees::all || (trees == Trees::v1) == (member.place.version == Version::v1);
}

Result<std::vector<Fd>> Cgroup::task_files() {
    std::vector<Fd> files;
    for (const Member& member : members_) {
        if (!is_in(member, Trees::v1)) continue;
        files.push_back(TRY(open_for_writing(member.place.path + "/tasks")));
    }
    return files;
}

Result<> Cgroup::attach(pid_t pid, Trees trees) {
    for (auto member = members_.begin(); member != members_.end();) {
        const auto attached = is_in(*member, trees) ? attach_member(*member, pid) : Result<>{};
        if (attached) {
            ++member;
        } else if (best_effort_ && forbidden(attached.error())) {
            ::rmdir(member->place.path.c_str());
            member = members_.erase(member);
        } else {
            return attached;
        }
    }
    return {};
}

Result<> Cgroup::attach_member(Member& member, pid_t pid) {
    const std::string file = member.place.path + "/cgroup.procs";
    const Fd procs = TRY(open_for_writing(file));
    const std::string text = std::to_string(pid);
    bool threaded = false;
    for (int tries = 0;; ++tries) {
        if (::write(procs.get(), text.data(), text.size()) >= 0) return {};
        const int errnum = errno;
        if (errnum == EINTR) continue;
        // A task so new that it never ran answers EINVAL for a moment.
        if (errnum == EINVAL && tries < 5) {
            std::this_thread::sleep_for(1ms * (1 << tries));
            continue;
        }
        // Below a threaded cgroup a new one is "domain invalid" until it is made threaded too.
        if (errnum == EOPNOTSUPP && member.place.version == Version::v2 && !threaded) {
            threaded = true;
            if (write_file(*TRY(directory(member)), "cgroup.type", "threaded")) continue;
        }
        return fail_errno(errnum, "write", "move process " + text + " to cgroup", file);
    }
}

Result<const Fd*> Cgroup::unified_directory() {
    Member* member = unified();
    if (member == nullptr) return nullptr;
    return directory(*member);
}

Result<const Fd*> Cgroup::directory(Member& member) {
    if (!member.directory) member.directory = TRY(open_directory(member.place.path));
    return &member.directory;
}

Cgroup::Member* Cgroup::unified() {
    for (Member& member : members_)
        if (member.place.version == Version::v2) return &member;
    return nullptr;
}

Cgroup::Member* Cgroup::holding(std::string_view controller) {
    for (Member& member : members_)
        if (std::ranges::find(member.place.controllers, controller) != member.place.controllers.end()) return &member;
    return nullptr;
}

// Hierarchies that together tell every process of the container: the v2 tree, and a v1 one in case a process was moved
// within the former (a privileged container may).
std::vector<Cgroup::Member*> Cgroup::witnesses() {
    std::vector<Member*> found;
    if (Member* member = unified()) found.push_back(member);
    for (const char* controller : {"freezer", "devices", "pids", "memory", "name=systemd"}) {
        Member* member = holding(controller);
        if (member == nullptr || member->place.version == Version::v2) continue;
        found.push_back(member);
        break;
    }
    if (found.empty() && !members_.empty()) found.push_back(&members_.front());
    return found;
}

}  // namespace ocirt::cgroup
