// The shim killed, or one of its workers, in the middle of what they do: nothing is left, and it can be done again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/gate.h"
#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int ok = 0;
constexpr int not_found = 5;

// The bundle's rootfs, mounted by the shim.
wire::CreateTaskRequest with_mounted_rootfs(const Bundle& bundle) {
    wire::CreateTaskRequest request;
    wire::Mount& mount = *request.add_rootfs();
    mount.set_type("bind");
    mount.set_source(bundle.rootfs());
    mount.add_options("rbind");
    return request;
}

// How many there were.
std::size_t kill_workers(const Shim& shim) {
    const std::vector<pid_t> workers = shim.children("ocirt-shim");
    for (const pid_t pid : workers)
        if (pid > 1) ::kill(pid, SIGKILL);
    return workers.size();
}

// Of the container; the shim itself may be there.
void expect_nothing_left(const Bundle& bundle, const fs::path& root) {
    EXPECT_FALSE(fs::exists(root / "test" / bundle.id()));
    const std::vector<std::string> mounts = mount_points();
    EXPECT_TRUE(std::ranges::find(mounts, bundle.rootfs().string()) == mounts.end());
    const auto is_alone = [&bundle] {
        return std::ranges::all_of(bundle.leaks(),
                                   [](const std::string& left) { return left.contains("(ocirt-shim)"); });
    };
    EXPECT_TRUE(eventually(is_alone)) << ::testing::PrintToString(bundle.leaks());
}

void expect_whole_life(Shim& shim, const wire::CreateTaskRequest& request) {
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

// A create takes about three milliseconds, an exec one.
std::vector<std::chrono::microseconds> moments() {
    constexpr int count = 32;
    std::vector<std::chrono::microseconds> all;
    all.reserve(count);
    for (int i = 0; i < count; ++i) all.emplace_back(i * 100);
    return all;
}

TEST(ShimDeaths, AWorkerInTheMiddleOfCreate) {
    Bundle bundle;
    Gate gate(bundle.scratch() / "gate");
    bundle.args({"/bin/sleep", "100"})
        .hook("createRuntime", {"/bin/sh", "-c", Gate::script(bundle.scratch() / "gate")});
    Shim shim(bundle);
    const std::uint32_t create = shim.send_create(with_mounted_rootfs(bundle));
    ASSERT_TRUE(gate.wait_until_reached());
    ASSERT_EQ(kill_workers(shim), 1U);
    const TtrpcReply reply = shim.client().receive(create);
    EXPECT_NE(reply.code, ok);
    EXPECT_TRUE(reply.message.contains("it ended without an answer")) << reply.message;
    gate.open();
    (void)shim.state();
    EXPECT_EQ(shim.code(), not_found);
    expect_nothing_left(bundle, shim.root());
    bundle.erase("/hooks").write_config();
    expect_whole_life(shim, with_mounted_rootfs(bundle));
}

TEST(ShimDeaths, AWorkerAtAnyMomentOfCreate) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    int killed = 0;
    for (const std::chrono::microseconds moment : moments()) {
        const std::uint32_t create = shim.send_create(with_mounted_rootfs(bundle));
        std::this_thread::sleep_for(moment);
        (void)kill_workers(shim);
        if (shim.client().receive(create).code == ok) {
            EXPECT_EQ(shim.remove(), ok) << shim.text();
        } else {
            ++killed;
        }
        expect_nothing_left(bundle, shim.root());
    }
    EXPECT_GT(killed, 3);
    expect_whole_life(shim, with_mounted_rootfs(bundle));
}

TEST(ShimDeaths, AWorkerAtAnyMomentOfAnExecsStart) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    int killed = 0;
    for (const std::chrono::microseconds moment : moments()) {
        const std::string id = "e" + std::to_string(moment.count());
        ASSERT_EQ(shim.exec(id, process_of({"/bin/true"})), ok) << shim.text();
        const std::uint32_t start = shim.send_start(id);
        std::this_thread::sleep_for(moment);
        (void)kill_workers(shim);
        const TtrpcReply reply = shim.client().receive(start);
        if (reply.code != ok) {
            ++killed;
            EXPECT_TRUE(reply.message.contains("it ended without an answer")) << reply.message;
        }
        EXPECT_TRUE(shim.wait(id).has_value());
        EXPECT_EQ(shim.remove(id), ok) << shim.text();
    }
    EXPECT_GT(killed, 3);
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    expect_nothing_left(bundle, shim.root());
}

TEST(ShimDeaths, AWorkerInTheMiddleOfStart) {
    Bundle bundle;
    Gate gate(bundle.rootfs() / "gate");
    bundle.args({"/bin/sleep", "100"}).hook("startContainer", {"/bin/sh", "-c", Gate::script("/gate")});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    const std::uint32_t start = shim.send_start();
    ASSERT_TRUE(gate.wait_until_reached());
    (void)kill_workers(shim);
    const TtrpcReply reply = shim.client().receive(start);
    EXPECT_NE(reply.code, ok);
    EXPECT_TRUE(reply.message.contains("it ended without an answer")) << reply.message;
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    expect_nothing_left(bundle, shim.root());
}

TEST(ShimDeaths, AWorkerInTheMiddleOfDelete) {
    Bundle bundle;
    Gate gate(bundle.scratch() / "gate");
    bundle.args({"/bin/true"}).hook("poststop", {"/bin/sh", "-c", Gate::script(bundle.scratch() / "gate")});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(with_mounted_rootfs(bundle)), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 0);
    wire::DeleteRequest request;
    request.set_id(shim.id());
    const std::uint32_t removed = shim.client().send("Delete", request.SerializeAsString());
    ASSERT_TRUE(gate.wait_until_reached());
    (void)kill_workers(shim);
    EXPECT_TRUE(shim.client().receive(removed).message.contains("it ended without an answer"));
    EXPECT_EQ(shim.state().status(), wire::STOPPED);
    gate.open();
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    expect_nothing_left(bundle, shim.root());
}

// As containerd does it: `delete`, once and again.
void expect_deleted(Bundle& bundle, Shim& shim) {
    const Finished deleted = shim.run_delete();
    EXPECT_EQ(deleted.status, 0) << deleted.err;
    wire::DeleteResponse response;
    EXPECT_TRUE(response.ParseFromString(deleted.out));
    EXPECT_EQ(shim.run_delete().status, 0);
    EXPECT_FALSE(fs::exists(shim.socket()));
    EXPECT_FALSE(fs::exists(shim.root() / "test" / bundle.id()));
    EXPECT_TRUE(eventually([&bundle] { return bundle.leaks().empty(); })) << ::testing::PrintToString(bundle.leaks());
}

TEST(ShimDeaths, TheShimInTheMiddleOfCreate) {
    Bundle bundle;
    Gate gate(bundle.scratch() / "gate");
    bundle.args({"/bin/sleep", "100"})
        .hook("createRuntime", {"/bin/sh", "-c", Gate::script(bundle.scratch() / "gate")});
    Shim shim(bundle);
    (void)shim.send_create(with_mounted_rootfs(bundle));
    ASSERT_TRUE(gate.wait_until_reached());
    shim.die();
    gate.open();
    expect_deleted(bundle, shim);
}

TEST(ShimDeaths, TheShimAtAnyMomentOfCreate) {
    for (const std::chrono::microseconds moment : moments()) {
        Bundle bundle;
        bundle.args({"/bin/sleep", "100"});
        Shim shim(bundle);
        (void)shim.send_create(with_mounted_rootfs(bundle));
        std::this_thread::sleep_for(moment);
        shim.die();
        expect_deleted(bundle, shim);
    }
}

TEST(ShimDeaths, TheShimAtAnyMomentOfStartAndExec) {
    for (const std::chrono::microseconds moment : moments()) {
        Bundle bundle;
        bundle.args({"/bin/sleep", "100"});
        Shim shim(bundle);
        ASSERT_EQ(shim.create(with_mounted_rootfs(bundle)), ok) << shim.text();
        if (moment.count() % 200 == 0) {
            ASSERT_EQ(shim.start(), ok) << shim.text();
            ASSERT_EQ(shim.exec("e", process_of({"/bin/sleep", "100"})), ok) << shim.text();
            (void)shim.send_start("e");
        } else {
            (void)shim.send_start();
        }
        std::this_thread::sleep_for(moment);
        shim.die();
        expect_deleted(bundle, shim);
    }
}

// A package's update: a rename over the file that runs, or its removal.
TEST(ShimDeaths, TheBinaryReplacedUnderARunningShim) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    const fs::path binary = bundle.scratch() / "old-or-new";
    fs::copy_file(runtime_path(), binary);
    Shim shim(bundle, {.options = {}, .binary = binary});
    ASSERT_EQ(shim.create(with_mounted_rootfs(bundle)), ok) << shim.text();
    const fs::path other = bundle.scratch() / "other";
    std::ofstream(other) << "#!/bin/sh\nexit 99\n";  // the shim must not run what stands there now
    fs::permissions(other, fs::perms(0755));
    fs::rename(other, binary);
    ASSERT_EQ(shim.start(), ok) << shim.text();
    ASSERT_EQ(shim.exec("e", process_of({"/bin/sh", "-c", "exit 7"})), ok) << shim.text();
    ASSERT_EQ(shim.start("e"), ok) << shim.text();
    EXPECT_EQ(shim.wait("e"), 7);
    EXPECT_EQ(shim.remove("e"), ok) << shim.text();
    fs::remove(binary);
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    expect_whole_life(shim, with_mounted_rootfs(bundle));
    ASSERT_EQ(shim.create(with_mounted_rootfs(bundle)), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    fs::copy_file(runtime_path(), binary);
    shim.die();
    expect_deleted(bundle, shim);
}

}  // namespace
}  // namespace ocirt::test
