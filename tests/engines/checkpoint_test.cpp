// Checkpoint and restore as an engine's user asks for them: through containerd's shim, or ocirt's, and through Podman.
#include <gtest/gtest.h>

#include "engines/containerd.h"
#include "engines/podman.h"

namespace ocirt::engines {
namespace {

// It writes where it is into a file: standard output is another after a restore.
constexpr const char* counter = "sh -c 'i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.1; done'";

template <typename Engine>
class WithCriu : public Engine {
   protected:
    void SetUp() override {
        Engine::SetUp();
        if (is_rootless()) GTEST_SKIP() << "SKIP: criu is root's";
        const Finished check = sh("criu check 2>&1");
        if (check.status != 0)
            GTEST_SKIP() << "SKIP: criu check: " << test::split_lines(check.out + "\nno criu").front();
    }
};

using ContainerdCheckpoint = WithCriu<Containerd>;

TEST_F(ContainerdCheckpoint, LeavesItRunning) {
    run_detached("", std::string("c ") + counter);
    const Finished saved = task("checkpoint c");
    ASSERT_EQ(saved.status, 0) << saved.err;
    EXPECT_TRUE(has_status("c", "RUNNING"));
    // What is left of it would be in the way of the next one.
    EXPECT_EQ(sh("ctr image rm --sync " + trimmed(saved.out)).status, 0) << saved.out;
}

TEST_F(ContainerdCheckpoint, EndsIt) {
    if (is_shim()) GTEST_SKIP() << "SKIP: ctr 1.6 gives the options of a checkpoint to runc's shim alone";
    run_detached("", std::string("c ") + counter);
    const std::string images = scratch() / "images";
    const Finished saved = task("checkpoint --exit --image-path " + images + " c");
    EXPECT_EQ(saved.status, 0) << saved.err;
    EXPECT_TRUE(eventually([] { return has_status("c", "STOPPED"); }));
    EXPECT_EQ(sh("test -e " + images + "/inventory.img").status, 0);
}

TEST_F(ContainerdCheckpoint, GoesOn) {
    run_detached("", std::string("c ") + counter);
    const auto count = [](const std::string& id) {
        const Finished read = task("exec --exec-id e" + id + " " + id + " sh -c 'cat /count; sleep 0.2'");
        return std::atoi(read.out.c_str());
    };
    ASSERT_TRUE(eventually([&] { return count("c") > 5; }));
    const Finished saved = sh("ctr container checkpoint --rw --task c cp:1");
    ASSERT_EQ(saved.status, 0) << saved.err;
    EXPECT_TRUE(task("rm -f c").err.contains("exit code 137"));
    EXPECT_EQ(sh("ctr container rm c").status, 0);
    test::Process restored = start("ctr container restore --rw --live d cp:1");
    ASSERT_TRUE(eventually([] { return has_status("d", "RUNNING"); })) << restored.drain().err;
    const int now = count("d");
    EXPECT_GT(now, 5);
    EXPECT_TRUE(eventually([&] { return count("d") > now; }));
    EXPECT_EQ(task("kill -s KILL d").status, 0);
    EXPECT_TRUE(eventually([] { return !has_status("d", "RUNNING"); }));
    restored.wait();
    sh("ctr task rm d; ctr container rm d; ctr image rm --sync cp:1");
}

class PodmanCheckpoint : public WithCriu<Podman> {
   protected:
    static int count() { return std::atoi(podman("exec c1 cat /count").out.c_str()); }
};

TEST_F(PodmanCheckpoint, GoesOnWhereItWas) {
    run_detached(std::string("box:1 ") + counter);
    ASSERT_TRUE(eventually([] { return count() > 5; }));
    const Finished saved = podman("container checkpoint c1");
    ASSERT_EQ(saved.status, 0) << saved.err;
    EXPECT_EQ(inspect("{{.State.Status}} {{.State.Checkpointed}}"), "exited true");
    const Finished restored = podman("container restore c1");
    ASSERT_EQ(restored.status, 0) << restored.err;
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
    const int now = count();
    EXPECT_GT(now, 5);
    EXPECT_TRUE(eventually([&] { return count() > now; }));
}

TEST_F(PodmanCheckpoint, GoesOnElsewhere) {
    run_detached(std::string("box:1 ") + counter);
    ASSERT_TRUE(eventually([] { return count() > 5; }));
    const std::string archive = scratch() / "checkpoint.tar";
    const Finished saved = podman("container checkpoint --leave-running --compress none --export " + archive + " c1");
    ASSERT_EQ(saved.status, 0) << saved.err;
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
    EXPECT_EQ(podman("rm -f -t 0 c1").status, 0);
    const Finished restored = podman("container restore --import " + archive + " --name c1");
    ASSERT_EQ(restored.status, 0) << restored.err;
    EXPECT_GT(count(), 5);
}

}  // namespace
}  // namespace ocirt::engines
