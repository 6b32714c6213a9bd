#include "support/rootless.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// Root's stand-in.
constexpr uid_t made_up = 4321;
constexpr const char* made_up_name = "ocirt-test";

void append(const char* path, const std::string& line) { std::ofstream(path, std::ios::app) << line << "\n"; }

void chown_all(const fs::path& path, uid_t uid, gid_t gid) {
    ASSERT_EQ(::lchown(path.c_str(), uid, gid), 0) << path;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path))
        ASSERT_EQ(::lchown(entry.path().c_str(), uid, gid), 0) << entry.path();
}

Json mapping(std::uint32_t inside, std::uint32_t outside, std::uint32_t size) {
    return {{"containerID", inside}, {"hostID", outside}, {"size", size}};
}

}  // namespace

bool is_unprivileged() { return ::getuid() != 0; }

void Rootless::SetUp() {
    bundle.erase("/linux/cgroupsPath").erase("/linux/resources");
    if (::getuid() == 0) {
        uid = gid = made_up;
        name_ = made_up_name;
        etc_.emplace(bundle.scratch());
        if (!etc_->is_there()) GTEST_SKIP() << "SKIP: no overlay on /etc";
        append("/etc/passwd", name_ + ":x:4321:4321::/:/bin/sh");
        append("/etc/subuid", name_ + ":300000:65536");
        append("/etc/subgid", name_ + ":400000:65536");
        ASSERT_EQ(::chown(bundle.scratch().c_str(), uid, gid), 0);
        for (const char* part : {"bundle", "state"}) chown_all(bundle.scratch() / part, uid, gid);
    } else {
        for (const std::string& line : split_lines(read_file("/etc/passwd")))
            if (line.contains(":" + std::to_string(uid) + ":")) name_ = line.substr(0, line.find(':'));
    }
    run_as_user();
}

void Rootless::TearDown() {
    if (cgroup_.empty() || ::getuid() != 0) return;
    (void)bundle.remove(true);
    for (const CgroupMount& mount : cgroup_mounts()) remove_cgroups(mount.path / cgroup_prefix());
}

void Rootless::expect_refused(const Finished& finished, const std::vector<std::string>& said) const {
    EXPECT_EQ(finished.status, 1);
    for (const std::string& words : said) EXPECT_TRUE(finished.err.contains(words)) << finished.err;
    EXPECT_TRUE(leaks().empty()) << ::testing::PrintToString(leaks());
}

void Rootless::run_as_user(const std::vector<std::string>& environment) {
    std::vector<std::string> words = into_cgroup_;
    if (::getuid() == 0)
        words.insert(words.end(), {"/usr/bin/setpriv", "--reuid", std::to_string(uid), "--regid", std::to_string(gid),
                                   "--clear-groups"});
    words.insert(words.end(), {"/usr/bin/env", "-i"});
    words.insert(words.end(), environment.begin(), environment.end());
    bundle.through(std::move(words));
}

void Rootless::map(Json uids, Json gids) {
    bundle.namespace_path("user", "")
        .json("/linux/uidMappings", std::move(uids))
        .json("/linux/gidMappings", std::move(gids));
}

void Rootless::map_own_id() {
    map(Json::array({mapping(0, uid, 1)}), Json::array({mapping(0, gid, 1)}));
    // There is no group 5 to own the terminals.
    bundle.json("/mounts/2/options", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
}

void Rootless::map_all_ids() {
    const std::optional<std::uint32_t> uids = first_subordinate("/etc/subuid");
    const std::optional<std::uint32_t> gids = first_subordinate("/etc/subgid");
    if (!uids || !gids) GTEST_SKIP() << "SKIP: the user " << name_ << " has no subordinate ids";
    map(Json::array({mapping(0, uid, 1), mapping(1, *uids, 65535)}),
        Json::array({mapping(0, gid, 1), mapping(1, *gids, 65535)}));
}

std::optional<std::uint32_t> Rootless::first_subordinate(const char* file) const {
    std::uint32_t first = 0;
    for (const std::string& line : split_lines(read_file(file)))
        if (line.starts_with(name_ + ":") &&
            std::from_chars(line.data() + name_.size() + 1, line.data() + line.size(), first).ec == std::errc())
            return first;
    return std::nullopt;
}

// The user's part of the tree begins at a cgroup of the tests' own: what is in it passes on what it has.
bool Rootless::delegate() {
    if (::getuid() != 0) {
        if (owns_cgroups()) cgroup_ = own_cgroup()->parent_path();
        return !cgroup_.empty();
    }
    const std::optional<CgroupMount> memory = find_controller("memory");
    if (!memory || !memory->v2) return false;
    const fs::path top = memory->path / cgroup_prefix();
    fs::create_directory(top);
    std::ofstream(top / "cgroup.subtree_control") << "+cpu +memory +pids";
    cgroup_ = top / "user";
    fs::create_directories(cgroup_ / "session");
    for (const char* file : {"", "cgroup.procs", "cgroup.subtree_control", "session", "session/cgroup.procs"})
        if (::chown((cgroup_ / file).c_str(), uid, gid) != 0) return false;
    into_cgroup_ = {"/bin/sh", "-c", "echo 0 >" + (cgroup_ / "session/cgroup.procs").string() + " && exec \"$@\"",
                    "sh"};
    run_as_user();
    return read_file(cgroup_ / "cgroup.controllers").contains("memory");
}

std::vector<std::string> Rootless::leaks() const {
    std::vector<std::string> found = bundle.leaks();
    if (etc_)
        std::erase_if(found, [this](const std::string& each) {
            return each == "mount /etc" || each == "mount " + (bundle.scratch() / "etc").string();
        });
    return found;
}

std::string Rootless::cgroup_file(const std::string& name) const { return read_trimmed(cgroup_ / bundle.id() / name); }

}  // namespace ocirt::test
