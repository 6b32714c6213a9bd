// Containers of users without rights, who run ocirt themselves (support/rootless.h says who that is): what works with
// what the user has been given, and what is said where something is missing.
#include <sys/stat.h>

#include <filesystem>

#include "support/host.h"
#include "support/pty.h"
#include "support/rootless.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

#define SKIP_UNLESS_DELEGATED() \
    if (!delegate()) GTEST_SKIP() << "SKIP: no cgroup v2 that can be delegated to a user"

// A file's owner on the host.
uid_t owner(const fs::path& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_uid : uid_t(-1);
}

TEST_F(Rootless, ItsUserIsRootInside) {
    map_own_id();
    const Finished ran = bundle.sh("id -u; hostname; : >/made; cat /proc/self/uid_map; exit 3").run();
    EXPECT_EQ(ran.status, 3) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_TRUE(ran.out.starts_with("0\nocirt\n")) << ran.out;
    EXPECT_EQ(split_lines(ran.out).size(), 3U) << ran.out;
    EXPECT_EQ(owner(bundle.rootfs() / "made"), uid);
}

TEST_F(Rootless, IsExecutedInKilledAndDeleted) {
    map_own_id();
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(bundle.state()["status"], "running");
    const Finished inside = bundle.exec({"/bin/sh", "-c", "id -u; cat /proc/1/comm"});
    EXPECT_EQ(inside.out, "0\nsleep\n") << inside.err;
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    ASSERT_TRUE(bundle.wait_for_status("stopped"));
    const Finished removed = bundle.remove();
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_TRUE(leaks().empty()) << ::testing::PrintToString(leaks());
}

TEST_F(Rootless, HasATerminal) {
    map_own_id();
    bundle.json("/process/terminal", true).sh("test -t 0 && echo a terminal");
    const DescriptorSocket socket(bundle.scratch() / "console.sock");
    ASSERT_EQ(::chown(socket.path().c_str(), uid, gid), 0);
    ASSERT_EQ(bundle.create({"--console-socket", socket.path()}).status, 0) << bundle.log();
    Screen screen(socket.receive().descriptor);
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_TRUE(screen.wait_for("a terminal\r\n")) << screen.text();
}

TEST_F(Rootless, AStateDirectoryOfAnotherUserIsRefused) {
    if (::getuid() != 0) GTEST_SKIP() << "SKIP: only root can give a directory away";
    map_own_id();
    const fs::path state = bundle.scratch() / "state";
    ASSERT_EQ(::chown(state.c_str(), uid + 1, gid), 0);
    fs::permissions(state, fs::perms(0755));
    for (const std::string verb : {"list", "create"}) {
        const Finished refused = verb == "list" ? bundle.command_without_id({"list"}) : bundle.create();
        EXPECT_EQ(refused.status, 1) << verb;
        EXPECT_TRUE(refused.err.contains("it belongs to the user " + std::to_string(uid + 1))) << refused.err;
    }
    ASSERT_EQ(::chown(state.c_str(), uid, gid), 0);
}

TEST_F(Rootless, KeepsItsStateInTheUsersRuntimeDirectory) {
    map_own_id();
    bundle.args({"/bin/sleep", "1000"}).write_config();
    Command create = bundle.make_command({"create", "--bundle", bundle.path(), bundle.id()});
    const auto option = std::ranges::find(create.args, "--root");
    const fs::path runtime = option[1];
    create.args.erase(option, option + 2);
    const auto variables = std::ranges::find(create.args, "-i");
    create.args.insert(variables + 1, "XDG_RUNTIME_DIR=" + runtime.string());
    const Finished created = run(create);
    EXPECT_EQ(created.status, 0) << created.err;
    EXPECT_TRUE(fs::exists(runtime / "ocirt" / bundle.id() / "state.json"));
    Command remove = create;
    remove.args.erase(std::ranges::find(remove.args, "create"), remove.args.end());
    remove.args.insert(remove.args.end(), {"delete", "--force", bundle.id()});
    EXPECT_EQ(run(remove).status, 0);
    fs::remove_all(runtime / "ocirt");
}

TEST_F(Rootless, OtherUsersAreItsSubordinates) {
    map_all_ids();
    if (IsSkipped()) return;
    const Finished ran = bundle.user(1000, 1000).sh("id -u; id -g; : >/tmp/made").run();
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out, "1000\n1000\n");
    EXPECT_EQ(owner(bundle.rootfs() / "tmp/made"), *first_subordinate("/etc/subuid") + 999);
    bundle.user(0, 0).capabilities({"CAP_FOWNER"}).sh("rm /tmp/made");
    EXPECT_EQ(bundle.run().status, 0);
}

TEST_F(Rootless, NewuidmapIsNamedWhereItIsMissing) {
    map_all_ids();
    if (IsSkipped()) return;
    run_as_user({"PATH=/nonexistent"});
    const Finished created = bundle.create();
    expect_refused(created, {"/linux/gidMappings: run newgidmap: no such file or directory (ENOENT)",
                             "install the package uidmap"});
}

TEST_F(Rootless, IdsThatNobodyHasGivenItAreNamed) {
    const Json others = Json::array(
        {{{"containerID", 0}, {"hostID", uid}, {"size", 1}}, {{"containerID", 1}, {"hostID", 700000}, {"size", 10}}});
    map(others, Json::array({{{"containerID", 0}, {"hostID", gid}, {"size", 1}}}));
    const Finished created = bundle.create();
    expect_refused(created, {"/linux/uidMappings: run newuidmap: ", "700000", "/etc/subuid"});
}

TEST_F(Rootless, AUserThatItsMapDoesNotHaveIsNamed) {
    map_own_id();
    const Finished ran = bundle.user(1000, 0).run();
    EXPECT_EQ(ran.status, 1);
    EXPECT_TRUE(ran.err.contains("/process/user")) << ran.err;
    EXPECT_TRUE(leaks().empty()) << ::testing::PrintToString(leaks());
}

TEST_F(Rootless, AnotherUsersIdIsNotItsToMap) {
    map(Json::array({{{"containerID", 0}, {"hostID", uid + 1}, {"size", 1}}}),
        Json::array({{{"containerID", 0}, {"hostID", gid}, {"size", 1}}}));
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 1);
    EXPECT_TRUE(created.err.contains("/linux/uidMappings: run newuidmap: ")) << created.err;
}

TEST_F(Rootless, RunsWithoutACgroupOfItsOwn) {
    if (is_unprivileged() && owns_cgroups()) GTEST_SKIP() << "SKIP: this user has cgroups of his own";
    map_own_id();
    const Finished ran = bundle.sh("echo ran").run();
    EXPECT_EQ(ran.out, "ran\n") << ran.err;
}

TEST_F(Rootless, WithoutACgroupOfItsOwnALimitSaysWhatIsMissing) {
    if (is_unprivileged() && owns_cgroups()) GTEST_SKIP() << "SKIP: this user has cgroups of his own";
    if (!find_controller("memory")) GTEST_SKIP() << "SKIP: this host has no cgroup controller memory";
    map_own_id();
    const Finished created = bundle.json("/linux/resources/memory", {{"limit", 33554432}}).create();
    expect_refused(created, {"/linux/resources/memory/limit: set memory.", "controller memory", "--systemd-cgroup"});
}

TEST_F(Rootless, IsLimitedInADelegatedCgroup) {
    SKIP_UNLESS_DELEGATED();
    map_own_id();
    bundle.json("/linux/resources", {{"memory", {{"limit", 33554432}}}, {"pids", {{"limit", 50}}}})
        .args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(cgroup_file("memory.max"), "33554432");
    EXPECT_EQ(cgroup_file("pids.max"), "50");
    const Finished updated = bundle.command({"update", "--memory", "67108864"});
    EXPECT_EQ(updated.status, 0) << updated.err;
    EXPECT_EQ(cgroup_file("memory.max"), "67108864");
    EXPECT_EQ(bundle.command({"pause"}).status, 0);
    EXPECT_EQ(bundle.state()["status"], "paused");
    EXPECT_EQ(bundle.command({"resume"}).status, 0);
    EXPECT_EQ(bundle.exec({"/bin/sh", "-c", "echo in"}).out, "in\n");
    EXPECT_TRUE(bundle.command({"events", "--stats"}).out.contains("\"limit\":67108864"));
    const Finished removed = bundle.remove(true);
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_EQ(cgroup_file("cgroup.controllers"), "") << "it is still there";
}

TEST_F(Rootless, IsLimitedWithAFullMap) {
    SKIP_UNLESS_DELEGATED();
    map_all_ids();
    if (IsSkipped()) return;
    bundle.json("/linux/resources/pids", {{"limit", 50}}).user(1000, 1000).args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(cgroup_file("pids.max"), "50");
    EXPECT_EQ(bundle.exec({"/bin/sh", "-c", "id -u"}).out, "1000\n");
}

}  // namespace
}  // namespace ocirt::test
