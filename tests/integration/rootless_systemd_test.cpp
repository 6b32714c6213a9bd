// Containers of users whose own systemd makes the cgroup: of whoever runs the tests, or, where that is root, of the
// user with the id 1000.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/bundle.h"
#include "support/host.h"
#include "support/rootless.h"
#include "support/systemd.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

class RootlessSystemd : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!has_systemd()) GTEST_SKIP() << "SKIP: PID 1 is not systemd";
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: ocirt's own units";
        if (!find_controller("memory")->v2) GTEST_SKIP() << "SKIP: the files are cgroup v2's";
        if (!is_unprivileged() && run({.args = {"/usr/bin/getent", "passwd", uid}}).status != 0)
            GTEST_SKIP() << "SKIP: no user " << uid;
        if (!is_unprivileged()) (void)systemctl({"start", "user@" + uid});
        // Mounted where these tests' mount namespace does not see it.
        const std::string root = is_unprivileged() ? "" : "/proc/1/root";
        if (!eventually([&] { return fs::exists(root + "/run/user/" + uid + "/systemd/private"); }))
            GTEST_SKIP() << "SKIP: no systemd of user " << uid;
        if (!is_unprivileged()) {
            ASSERT_EQ(::chown(bundle.scratch().c_str(), 1000, 1000), 0);
            ASSERT_EQ(::chown((bundle.scratch() / "state").c_str(), 1000, 1000), 0);
        }
        // What one mapped id can mount.
        bundle.without_namespace("network")
            .json("/mounts", Json::array({{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}},
                                          {{"destination", "/dev"}, {"type", "tmpfs"}, {"source", "tmpfs"}}}))
            .json("/linux/cgroupsPath", ":pre:" + bundle.id())
            .json("/linux/resources", {{"memory", {{"limit", 33554432}}}, {"pids", {{"limit", 50}}}})
            .global_option("--systemd-cgroup")
            .args({"/bin/sleep", "1000"});
    }
    void TearDown() override {
        if (!IsSkipped()) (void)bundle.remove(true);
    }

    // Words before a program that the user runs.
    [[nodiscard]] std::vector<std::string> as_user() const {
        std::vector<std::string> words;
        if (!is_unprivileged())
            words = {"/usr/bin/nsenter", "--mount=/proc/1/ns/mnt", "/usr/bin/setpriv", "--reuid", uid, "--regid", uid,
                     "--clear-groups"};
        words.insert(words.end(), {"/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=/run/user/" + uid});
        return words;
    }
    [[nodiscard]] std::string property(const std::string& name) const {
        std::vector<std::string> words = as_user();
        words.insert(words.end(), {"/usr/bin/systemctl", "--user", "show", unit(), "--property=" + name, "--value"});
        std::string text = run({.args = words}).out;
        while (text.ends_with('\n')) text.pop_back();
        return text;
    }
    void map_root_to(const std::string& id) {
        const Json mapping = Json::array({{{"containerID", 0}, {"hostID", std::stoi(id)}, {"size", 1}}});
        bundle.namespace_path("user", "").json("/linux/uidMappings", mapping).json("/linux/gidMappings", mapping);
    }
    [[nodiscard]] std::string unit() const { return "pre-" + bundle.id() + ".scope"; }
    [[nodiscard]] fs::path directory() const {
        return find_controller("memory")->path /
               ("user.slice/user-" + uid + ".slice/user@" + uid + ".service/user.slice/" + unit());
    }
    // The container is made, is where it should be, and goes.
    void expect_life(const std::vector<std::string>& before) {
        std::vector<std::string> words = as_user();
        words.insert(words.end(), before.begin(), before.end());
        bundle.through(std::move(words));
        ASSERT_TRUE(bundle.launch());
        EXPECT_EQ(read_trimmed(directory() / "memory.max"), "33554432");
        EXPECT_EQ(read_trimmed(directory() / "pids.max"), "50");
        EXPECT_EQ(property("MemoryMax"), "33554432");
        EXPECT_EQ(property("TasksMax"), "50");
        const Finished updated = bundle.command({"update", "--memory", "67108864"});
        EXPECT_EQ(updated.status, 0) << updated.err;
        EXPECT_EQ(read_trimmed(directory() / "memory.max"), "67108864");
        EXPECT_EQ(property("MemoryMax"), "67108864");
        // From a new user namespace nobody comes into the container's.
        if (before.empty()) {
            EXPECT_EQ(bundle.exec({"/bin/sh", "-c", "echo in"}).out, "in\n");
        }
        EXPECT_EQ(bundle.command({"pause"}).status, 0);
        EXPECT_EQ(bundle.state()["status"], "paused");
        const Finished removed = bundle.remove(true);
        EXPECT_EQ(removed.status, 0) << removed.err;
        EXPECT_EQ(removed.err, "");
        EXPECT_FALSE(fs::exists(directory()));
        EXPECT_EQ(property("LoadState"), "not-found");
    }

    Bundle bundle;
    const std::string uid = std::to_string(is_unprivileged() ? ::getuid() : 1000);
};

TEST_F(RootlessSystemd, MakesTheScope) {
    map_root_to(uid);
    expect_life({});
}

// Rootless engines run the runtime as root of a user namespace of theirs: to the bus it is the user.
TEST_F(RootlessSystemd, KnowsTheRootOfAUserNamespaceForItsUser) {
    map_root_to("0");
    expect_life({"/usr/bin/unshare", "--user", "--map-root-user", "--mount"});
}

TEST_F(RootlessSystemd, WithoutItItsSocketsAreNamed) {
    map_root_to(uid);
    std::vector<std::string> words = as_user();
    words.back() = "XDG_RUNTIME_DIR=" + bundle.scratch().string();
    bundle.through(std::move(words));
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 1);
    for (const std::string& text : {bundle.scratch().string() + "/systemd/private: no such file or directory (ENOENT)",
                                    std::string("loginctl enable-linger")})
        EXPECT_TRUE(created.err.contains(text)) << created.err;
    EXPECT_TRUE(bundle.leaks().empty()) << ::testing::PrintToString(bundle.leaks());
}

}  // namespace
}  // namespace ocirt::test
