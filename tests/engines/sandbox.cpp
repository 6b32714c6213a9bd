#include "engines/sandbox.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "common/fd.h"
#include "engines/machine.h"
#include "support/host.h"

namespace ocirt::engines {
namespace {

namespace fs = std::filesystem;
using test::CgroupMount;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

void mount_new(const std::string& type, const fs::path& target, const std::string& data = {}) {
    if (::mount(type.c_str(), target.c_str(), type.c_str(), 0, data.c_str()) != 0)
        fail("mount " + type + " on " + target.string());
}

// What /proc/self/cgroup says of a hierarchy: "cpu,cpuacct" and the path of this process; no names for v2.
struct Hierarchy {
    std::string names{};
    std::string path = "/";
};

Hierarchy find_hierarchy(const CgroupMount& mount) {
    for (const std::string& line : test::split_lines(test::read_file("/proc/self/cgroup"))) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string names = line.substr(first + 1, second - first - 1);
        const auto& controllers = mount.controllers;
        const bool found = mount.v2
                               ? names.empty()
                               : std::ranges::find(controllers, names.substr(0, names.find(','))) != controllers.end();
        if (found) return {.names = names, .path = line.substr(second + 1)};
    }
    return {};
}

bool is_only_v2(const std::vector<CgroupMount>& mounts) {
    return mounts.size() == 1 && mounts.front().v2 && mounts.front().path == "/sys/fs/cgroup";
}

// Below this process' own; where all is v2, below the tree's root: this process' own gives no controllers away.
fs::path parent_of_cgroups(const CgroupMount& mount, bool only_v2) {
    return only_v2 ? mount.path : mount.path / fs::path(find_hierarchy(mount).path).relative_path();
}

// The sandbox' cgroups, one in every hierarchy.
class Cgroups {
   public:
    Cgroups() {
        const std::vector<CgroupMount> mounts = test::cgroup_mounts();
        const bool only_v2 = is_only_v2(mounts);
        for (const CgroupMount& mount : mounts) {
            const fs::path parent = parent_of_cgroups(mount, only_v2);
            const fs::path path = parent / test::cgroup_prefix();
            fs::create_directory(path);
            for (const char* name : {"cpuset.cpus", "cpuset.mems"})
                if (!mount.v2 && fs::exists(path / name)) std::ofstream(path / name) << test::read_file(parent / name);
            paths_.push_back(path);
            if (only_v2) leaf_ = path / "tests";
        }
    }
    void enter() const {
        for (const fs::path& path : paths_)
            if (!(std::ofstream(path / "cgroup.procs") << 0 << std::flush)) fail("enter the cgroup " + path.string());
    }
    // v2's controllers reach no child of a cgroup that has processes. The machine's root is free of that rule, the
    // sandbox' is not: what has entered it goes one down.
    void leave_the_root() const {
        if (leaf_.empty()) return;
        fs::create_directory(leaf_);
        if (!(std::ofstream(leaf_ / "cgroup.procs") << 0 << std::flush)) fail("enter the cgroup " + leaf_.string());
    }
    // False when one of them is still there.
    [[nodiscard]] bool remove() const {
        for (const fs::path& path : paths_) test::remove_cgroups(path);
        return std::ranges::none_of(paths_, [](const fs::path& path) { return fs::exists(path); });
    }

   private:
    std::vector<fs::path> paths_;
    fs::path leaf_;
};

void mount_cgroups(const SandboxOptions& options, const std::vector<CgroupMount>& mounts) {
    const fs::path root = "/sys/fs/cgroup";
    const bool only_v2 = is_only_v2(mounts);
    if (!only_v2) mount_new("tmpfs", root, "mode=755");
    for (const CgroupMount& mount : mounts) {
        if (mount.v2 && !only_v2 && !options.cgroup_v2) continue;
        if (!only_v2) fs::create_directory(mount.path);
        const std::string names = find_hierarchy(mount).names;
        if (mount.v2)
            mount_new("cgroup2", mount.path);
        else
            mount_new("cgroup", mount.path, names.starts_with("name=") ? "none," + names : names);
    }
}

void mount_private_directories() {
    for (const char* path : {"/run", "/var/lib", "/var/tmp", "/dev/shm"}) mount_new("tmpfs", path);
    fs::create_directories(scratch() / "home");
    fs::create_directory("/run/lock");
    const fs::path changes = scratch() / "etc";
    fs::create_directories(changes / "upper");
    fs::create_directories(changes / "work");
    mount_new("overlay", "/etc",
              "lowerdir=/etc,upperdir=" + (changes / "upper").string() + ",workdir=" + (changes / "work").string());
}

void raise_loopback() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) fail("raise the loopback");
}

void furnish(const SandboxOptions& options) {
    const std::vector<CgroupMount> cgroups = test::cgroup_mounts();
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("make the mounts private");
    mount_new("proc", "/proc");
    // A sysfs shows the network namespace that it was mounted in.
    if (::umount2("/sys", MNT_DETACH) != 0) fail("unmount /sys");
    mount_new("sysfs", "/sys");
    mount_cgroups(options, cgroups);
    mount_private_directories();
    raise_loopback();
    // What stands in other directories of a PATH (another docker, say) is not what the packages brought.
    ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    ::setenv("HOME", (scratch() / "home").c_str(), 1);
    for (const char* name : {"XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINERS_CONF"}) ::unsetenv(name);
}

// The child ends with its parent, however that ends.
template <typename Body>
int in_child(const Body& body) {
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        // In a new PID namespace the parent has no number.
        if (const pid_t now = ::getppid(); now != parent && now != 0) ::_exit(1);
        int status = 1;
        try {
            status = body();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "make the sandbox: %s\n", error.what());
        }
        std::fflush(nullptr);
        ::_exit(status);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void add_cgroups_below(const fs::path& directory, const fs::path& root, std::vector<std::string>& found) {
    std::error_code error;
    for (auto entry = fs::directory_iterator(directory, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        if (!entry->is_directory(error)) continue;
        found.push_back("/" + fs::path(entry->path()).lexically_relative(root).string());
        add_cgroups_below(entry->path(), root, found);
    }
}

}  // namespace

int run_in_sandbox(const SandboxOptions& options, const std::function<int()>& body) {
    const Cgroups cgroups;
    const int status = in_child([&] {
        cgroups.enter();
        if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP) != 0) fail("unshare");
        cgroups.leave_the_root();
        return in_child([&] {
            furnish(options);
            return body();
        });
    });
    if (cgroups.remove()) return status;
    std::fprintf(stderr, "the sandbox' cgroups cannot be removed: %s\n", test::cgroup_prefix().c_str());
    return status == 0 ? 1 : status;
}

fs::path scratch() {
    static const fs::path directory =
        fs::path(is_rootless() ? std::getenv("XDG_RUNTIME_DIR") : "/run") / "ocirt-engines";
    return directory;
}

Inventory take_inventory() {
    test::reap_orphans();
    Inventory inventory;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(::getpid())) continue;
        const std::string program = test::read_trimmed(entry.path() / "comm");
        // The kernel's own have no command line, and come and go; a sandbox does not see them.
        const bool is_kernels = has_systemd() && test::read_file(entry.path() / "cmdline").empty();
        if (!program.empty() && !is_kernels)
            inventory.processes.push_back(std::string(name).append(" (").append(program).append(")"));
    }
    inventory.mounts = test::mount_points();
    for (const CgroupMount& mount : test::cgroup_mounts()) add_cgroups_below(mount.path, mount.path, inventory.cgroups);
    if (has_systemd()) std::erase_if(inventory.cgroups, is_systemds_own);
    for (std::vector<std::string>* list : {&inventory.processes, &inventory.mounts, &inventory.cgroups})
        std::ranges::sort(*list);
    inventory.cgroups.erase(std::ranges::unique(inventory.cgroups).begin(), inventory.cgroups.end());
    return inventory;
}

}  // namespace ocirt::engines
