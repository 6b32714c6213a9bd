#include "support/host.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "support/process.h"

namespace ocirt::test {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

std::vector<pid_t> children_of(pid_t pid) {
    const std::string name = std::to_string(pid);
    std::vector<pid_t> children;
    for (const std::string& child : split(read_trimmed("/proc/" + name + "/task/" + name + "/children"), ' '))
        if (!child.empty()) children.push_back(std::stoi(child));
    return children;
}

// Reading a directory that is being removed must not throw.
std::vector<std::filesystem::path> directories_of(const std::filesystem::path& path) {
    std::vector<std::filesystem::path> found;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(path, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        if (entry->is_directory(error)) found.push_back(entry->path());
    return found;
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
    const std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();  // an iterator would throw where a file of /proc goes with its process
    return text.str();
}

std::string read_trimmed(const std::filesystem::path& path) {
    std::string text = read_file(path);
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

std::vector<std::string> split_lines(const std::string& text) { return split(text, '\n'); }

std::vector<std::string> mount_points() {
    std::vector<std::string> points;
    for (const std::string& line : split_lines(read_file("/proc/self/mountinfo"))) {
        const std::vector<std::string> fields = split(line, ' ');
        if (fields.size() > 4) points.push_back(fields[4]);
    }
    return points;
}

bool mount_mappable(const std::filesystem::path& directory) {
    utsname kernel{};
    int major = 0;
    int minor = 0;
    ::uname(&kernel);
    std::sscanf(kernel.release, "%d.%d", &major, &minor);
    const bool tmpfs = major > 6 || (major == 6 && minor >= 3);
    const char* what = tmpfs ? "tmpfs" : directory.c_str();
    return ::mount(what, directory.c_str(), "tmpfs", tmpfs ? 0 : MS_BIND, nullptr) == 0;
}

std::vector<CgroupMount> cgroup_mounts() {
    std::vector<CgroupMount> mounts;
    for (const std::string& line : split_lines(read_file("/proc/self/mountinfo"))) {
        const std::vector<std::string> fields = split(line, ' ');
        const auto dash = std::ranges::find(fields, "-");
        if (fields.end() - dash < 4) continue;
        CgroupMount mount{.path = fields[4], .v2 = dash[1] == "cgroup2", .controllers = split(dash[3], ',')};
        if (dash[1] != "cgroup" && !mount.v2) continue;
        if (mount.v2) mount.controllers = split(read_trimmed(mount.path / "cgroup.controllers"), ' ');
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

std::optional<CgroupMount> find_controller(const std::string& controller) {
    for (const CgroupMount& mount : cgroup_mounts())
        if (std::ranges::find(mount.controllers, controller) != mount.controllers.end()) return mount;
    return std::nullopt;
}

std::vector<pid_t> descendants() {
    std::vector<pid_t> found = children_of(::getpid());
    for (std::size_t i = 0; i < found.size(); ++i)
        for (const pid_t child : children_of(found[i])) found.push_back(child);
    return found;
}

void reap_orphans() {
    for (const pid_t child : children_of(::getpid()))
        if (!is_process(child)) ::waitpid(child, nullptr, WNOHANG);
}

const std::string& cgroup_prefix() {
    static const std::string prefix = [] {
        // The first process of a PID namespace is not the only one that is.
        struct stat own{};
        const bool tells = ::getpid() != 1 || ::stat("/proc/self/ns/pid", &own) != 0;
        return "ocirt-test-" + (tells ? std::to_string(::getpid()) : std::to_string(own.st_ino));
    }();
    return prefix;
}

const std::string& cgroups_of_tests() {
    static const std::string path = [] {
        const std::optional<std::filesystem::path> own = is_real_root() ? std::nullopt : own_cgroup();
        for (const CgroupMount& mount : cgroup_mounts())
            if (own && mount.v2)
                return "/" + (own->parent_path().lexically_relative(mount.path) / cgroup_prefix()).string();
        return "/" + cgroup_prefix();
    }();
    return path;
}

bool owns_cgroups() {
    const std::optional<std::filesystem::path> own = own_cgroup();
    return own && ::access((own->parent_path() / "cgroup.procs").c_str(), W_OK) == 0;
}

std::optional<std::filesystem::path> own_cgroup() {
    for (const CgroupMount& mount : cgroup_mounts())
        for (const std::string& line : split_lines(read_file("/proc/self/cgroup")))
            if (mount.v2 && line.starts_with("0::/")) return mount.path / line.substr(4);
    return std::nullopt;
}

void remove_cgroups(const std::filesystem::path& path) {
    for (const std::filesystem::path& child : directories_of(path)) remove_cgroups(child);
    ::rmdir(path.c_str());
}

bool is_real_root() {
    constexpr ino_t first_user_namespace = 0xEFFFFFFD;  // the kernel's PROC_USER_INIT_INO
    struct stat user_namespace{};
    return ::getuid() == 0 && ::stat("/proc/self/ns/user", &user_namespace) == 0 &&
           user_namespace.st_ino == first_user_namespace;
}

bool enter_private_environment() {
    return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 && ::unshare(CLONE_NEWNS) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace ocirt::test
