#include "runtime/lifecycle/restored_container.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "common/syscall.h"
#include "runtime/checkpoint/restored_process.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::lifecycle {
namespace {

using checkpoint::Bounds;
using checkpoint::Found;
using checkpoint::PlannedMount;
using spec::NamespaceKind;

constexpr std::size_t process_limit = 1u << 20;

struct NamespaceFile {
    NamespaceKind kind;
    const char* name;
};
constexpr std::array namespace_files{
    NamespaceFile{NamespaceKind::pid, "pid"},       NamespaceFile{NamespaceKind::network, "net"},
    NamespaceFile{NamespaceKind::mount, "mnt"},     NamespaceFile{NamespaceKind::ipc, "ipc"},
    NamespaceFile{NamespaceKind::uts, "uts"},       NamespaceFile{NamespaceKind::user, "user"},
    NamespaceFile{NamespaceKind::cgroup, "cgroup"}, NamespaceFile{NamespaceKind::time, "time"}};

std::string directory_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

std::unexpected<Error> refuse(std::string pointer, std::string detail) {
    return fail({.fault = Fault::corrupted,
                 .pointer = std::move(pointer),
                 .operation = "restore a process",
                 .detail = "the image is not of this config: " + std::move(detail)});
}

// 0: the kernel has no such namespaces.
Result<ino_t> inode_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) return status.st_ino;
    if (errno == ENOENT) return ino_t{0};
    return fail_errno("stat", "look at the namespace", path);
}

Result<> check_namespace(pid_t pid, bool is_init, const NamespaceFile& file, const spec::Namespace* wanted) {
    const std::string name = std::string("/ns/") + file.name;
    const ino_t ours = TRY(inode_of("/proc/self" + name));
    const ino_t its = TRY(inode_of(directory_of(pid) + name));
    if (ours == 0) return {};
    const std::string detail = std::string("a process is in another ") + file.name + " namespace";
    if (wanted == nullptr) {
        // criu makes a time namespace for any process, so that its clocks go on where they were.
        if (is_init && its != ours && file.kind != NamespaceKind::time) return refuse("/linux/namespaces", detail);
        return {};
    }
    if (!wanted->path.empty() && is_init) {
        if (its != TRY(inode_of(wanted->path))) return refuse("/linux/namespaces", detail);
        return {};
    }
    if (wanted->path.empty() && its == ours)
        return refuse("/linux/namespaces", std::string("a process is in the host's ") + file.name + " namespace");
    return {};
}

Result<> check_process(pid_t pid, bool is_init, const spec::Config& config, const Bounds& bounds) {
    for (const NamespaceFile& file : namespace_files)
        TRY(check_namespace(pid, is_init, file, config.linux.find(file.kind)));
    const Fd status = TRY(sys::open(directory_of(pid) + "/status", O_RDONLY));
    return checkpoint::check_process(checkpoint::parse_status(TRY(sys::read_all(status, 1u << 20))), bounds);
}

Result<> check_maps(pid_t pid, const plan::Plan& plan) {
    if (!plan.user_namespace) return {};
    const auto check = [&](const char* name, const std::vector<spec::IdMapping>& wanted) -> Result<> {
        const Fd file = TRY(sys::open(directory_of(pid) + "/" + name, O_RDONLY));
        std::string text = TRY(sys::read_all(file, 1u << 16));
        std::string expected;
        for (const spec::IdMapping& mapping : wanted)
            expected += std::to_string(mapping.container_id) + " " + std::to_string(mapping.host_id) + " " +
                        std::to_string(mapping.size) + "\n";
        // The kernel aligns the columns.
        const auto both_blank = [](char a, char b) { return a == ' ' && b == ' '; };
        text.erase(std::ranges::unique(text, both_blank).begin(), text.end());
        std::string plain;
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] != ' ' || (i != 0 && text[i - 1] != '\n')) plain += text[i];
        if (plain == expected) return {};
        return refuse("/linux/namespaces", std::string("the user namespace has another ") + name);
    };
    TRY(check("uid_map", plan.user_namespace->uid_mappings));
    return check("gid_map", plan.user_namespace->gid_mappings);
}

Result<Found> find(const Fd& root, const std::string& target) {
    Found found{.exists = static_cast<bool>(sys::open_beneath(root, target, O_PATH, RESOLVE_IN_ROOT)), .mount = {}};
    found.mount = TRY(mount_at(root, target));
    return found;
}

Result<> check_mounts_of(pid_t pid, const plan::Plan& plan, const std::vector<checkpoint::Source>& sources,
                         bool may_mount) {
    const std::vector<MountEntry> restored = TRY(read_mounts(pid));
    const std::vector<MountEntry> host = TRY(read_own_mounts());
    const std::vector<PlannedMount> planned = checkpoint::planned_mounts(plan);
    const Fd root = TRY(sys::open(directory_of(pid) + "/root", O_PATH | O_DIRECTORY));
    std::vector<Found> found;
    found.reserve(planned.size());
    for (const PlannedMount& mount : planned) found.push_back(TRY(find(root, mount.target)));
    return checkpoint::check_mounts({.restored = restored,
                                     .planned = planned,
                                     .found = found,
                                     .sources = sources,
                                     .host = host,
                                     .may_mount = may_mount});
}

// Other mount namespaces are the container's own affair as far as it can make them.
Result<> check_all_mounts(const std::vector<pid_t>& tree, const plan::Plan& plan,
                          const std::vector<checkpoint::Source>& sources, bool may_mount) {
    std::vector<ino_t> seen;
    const ino_t user = TRY(inode_of(directory_of(tree.front()) + "/ns/user"));
    for (const pid_t pid : tree) {
        const ino_t mounts = TRY(inode_of(directory_of(pid) + "/ns/mnt"));
        if (std::ranges::find(seen, mounts) != seen.end()) continue;
        const bool nested = TRY(inode_of(directory_of(pid) + "/ns/user")) != user;
        TRY(check_mounts_of(pid, plan, sources, may_mount || nested));
        seen.push_back(mounts);
    }
    return {};
}

// Ended and not reaped, as criu makes it again: it runs nothing, and is in no cgroup.procs. One whose other threads
// live looks like it.
bool is_dead(pid_t pid) {
    if (start_time(pid)) return false;
    const Result<Fd> threads = sys::open("/proc/" + std::to_string(pid) + "/task", O_RDONLY | O_DIRECTORY);
    const Result<std::vector<std::string>> names = threads ? sys::names_in(*threads) : std::vector<std::string>{};
    return names && names->size() <= 1;
}

}  // namespace

Result<std::vector<pid_t>> process_tree(pid_t top) {
    std::vector<pid_t> tree{top};
    for (std::size_t next = 0; next < tree.size() && next < process_limit; ++next) {
        const std::string pid = std::to_string(tree[next]);
        const Fd file = TRY(
            sys::open(std::string("/proc/").append(pid).append("/task/").append(pid).append("/children"), O_RDONLY));
        const std::string text = TRY(sys::read_all(file, 1u << 24));
        const char* const end = text.data() + text.size();
        for (const char* at = text.data(); at != end;) {
            pid_t child = 0;
            const auto [after, error] = std::from_chars(at, end, child);
            if (error == std::errc{} && !is_dead(child)) tree.push_back(child);
            at = after == at ? at + 1 : after;
        }
    }
    return tree;
}

Result<> check_restored(pid_t init, const Prepared& prepared, cgroup::Cgroup& cgroup,
                        const std::vector<checkpoint::Source>& sources) {
    const spec::Config& config = prepared.config.parsed.value;
    const std::vector<pid_t> tree = TRY(process_tree(init));
    const std::vector<pid_t> members = TRY(cgroup.pids());
    const Bounds bounds = checkpoint::bounds_of(prepared.plan, config);
    for (const pid_t pid : tree) {
        if (!std::ranges::binary_search(members, pid))
            return refuse("/linux/cgroupsPath", "a process is outside of the container's cgroup");
        TRY(check_process(pid, pid == init, config, bounds));
    }
    TRY(check_maps(init, prepared.plan));
    const bool may_mount = (bounds.bounding & (std::uint64_t{1} << CAP_SYS_ADMIN)) != 0;
    return check_all_mounts(tree, prepared.plan, sources, may_mount);
}

}  // namespace ocirt::lifecycle
