// containerd, through ctr: the life of a task.
#include <gtest/gtest.h>

#include "engines/containerd.h"

namespace ocirt::engines {
namespace {

TEST_F(Containerd, Run) {
    const Finished finished = run("--rm", "c sh -c 'echo hello; sleep 0.2'");
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out, "hello\n");
}

TEST_F(Containerd, StandardStreamsAreTheCallers) {
    const Finished finished = sh("echo given | " + run_line("--rm", "c sh -c 'head -n 1; echo wrong >&2; sleep 0.2'"));
    EXPECT_EQ(finished.out, "given\n");
    EXPECT_EQ(finished.err, "wrong\n");
}

TEST_F(Containerd, ExitCodes) {
    EXPECT_EQ(run("--rm", "c true").status, 0);
    EXPECT_EQ(run("--rm", "c sh -c 'exit 3'").status, 3);
    EXPECT_EQ(run("--rm", "c sh -c 'exit 255'").status, 255);
}

TEST_F(Containerd, AProgramThatIsNotThere) {
    const Finished finished = run("--rm", "c no-such-program");
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(finished.err.contains("no-such-program")) << finished.err;
    EXPECT_TRUE(finished.err.contains("executable file not found in $PATH")) << finished.err;
}

TEST_F(Containerd, AllOfTenMegabytes) {
    const Finished finished =
        sh(run_line("--rm", "c sh -c 'dd if=/dev/zero bs=1024 count=10240 2>/dev/null'") + " | wc -c");
    EXPECT_EQ(finished.out, "10485760\n");
}

TEST_F(Containerd, ConfigReachesTheContainer) {
    const Finished finished = run("--rm --env GREETING=hi --cwd /tmp --read-only",
                                  "c sh -c 'echo $GREETING; pwd; touch /x; sleep 0.2; exit 1'");
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "hi\n/tmp\n");
    EXPECT_TRUE(finished.err.contains("Read-only file system")) << finished.err;
}

TEST_F(Containerd, BindMounts) {
    const Finished finished = run("--rm --mount type=bind,src=/etc,dst=/mnt,options=rbind:ro",
                                  "c sh -c 'cat /mnt/debian_version; touch /mnt/x; sleep 0.2'");
    EXPECT_EQ(finished.out, test::read_file("/etc/debian_version"));
    EXPECT_TRUE(finished.err.contains("Read-only file system")) << finished.err;
}

TEST_F(Containerd, TheHostsNetwork) {
    const Finished finished = run("--rm --net-host", "c sh -c 'readlink /proc/self/ns/net; sleep 0.2'");
    EXPECT_EQ(finished.out, sh("readlink /proc/self/ns/net").out) << finished.err;
}

TEST_F(Containerd, UserNamespace) {
    if (!is_shim()) GTEST_SKIP() << "SKIP: ctr 1.6 forgets --runc-binary where --uidmap is given";
    const Finished finished = run("--rm --uidmap 0:100000:65536 --gidmap 0:100000:65536",
                                  "c sh -c 'id -u; cat /proc/self/uid_map | tr -s \" \"; sleep 0.2'");
    EXPECT_EQ(finished.out, "0\n 0 100000 65536\n") << finished.err;
}

TEST_F(Containerd, DockersSeccompProfile) {
    const Finished finished = run("--rm --seccomp", "c sh -c 'grep Seccomp: /proc/self/status; unshare -m true'");
    EXPECT_TRUE(finished.out.contains("\t2\n")) << finished.out << finished.err;
    EXPECT_EQ(finished.status, 1);
}

TEST_F(Containerd, Terminal) {
    engines::Terminal terminal(run_line("--rm -t", "c sh"));
    terminal.type("tty\n");
    EXPECT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    expect_shell_that_follows_size(terminal, 7);
}

TEST_F(Containerd, Exec) {
    run_detached("", "c sleep 1000");
    const Finished finished = task("exec --exec-id e --cwd /tmp c sh -c 'pwd; echo wrong >&2; sleep 0.2; exit 5'");
    EXPECT_EQ(finished.status, 5) << finished.err;
    EXPECT_EQ(finished.out, "/tmp\n");
    EXPECT_TRUE(finished.err.contains("wrong\n"));
    const Finished user = task("exec --exec-id e2 --user 1000 c sh -c 'id -u; sleep 0.2'");
    EXPECT_EQ(user.out, "1000\n") << user.status << " " << user.err;
    const Finished missing = task("exec --exec-id e3 c no-such-program");
    EXPECT_EQ(missing.status, 1);
    EXPECT_TRUE(missing.err.contains("executable file not found in $PATH")) << missing.err;
}

TEST_F(Containerd, ExecAtATerminal) {
    run_detached("", "c sleep 1000");
    engines::Terminal terminal("ctr task exec -t --exec-id e c sh");
    terminal.type("tty\n");
    ASSERT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    expect_shell_that_follows_size(terminal, 4);
}

TEST_F(Containerd, Kill) {
    run_detached("", "c sh -c 'trap \"exit 9\" TERM; while :; do sleep 0.05; done'");
    EXPECT_EQ(task("kill -s TERM c").status, 0);
    EXPECT_TRUE(eventually([] { return has_status("c", "STOPPED"); }));
    EXPECT_TRUE(task("rm c").err.contains("exit code 9"));
}

TEST_F(Containerd, KillOfAllAndDelete) {
    run_detached("", "c sh -c 'sleep 1000 & sleep 1000'");
    EXPECT_EQ(task("kill -a -s KILL c").status, 0);
    EXPECT_TRUE(eventually([] { return has_status("c", "STOPPED"); }));
    EXPECT_TRUE(task("rm c").err.contains("exit code 137"));
    EXPECT_NE(task("kill c").status, 0);
}

TEST_F(Containerd, DeleteByForce) {
    run_detached("", "c sleep 1000");
    EXPECT_TRUE(task("rm -f c").err.contains("exit code 137"));
}

TEST_F(Containerd, OutOfMemory) {
    const Finished finished = run("--rm --memory-limit 8388608", "c sh -c 'tail /dev/zero'");
    EXPECT_EQ(finished.status, 137) << finished.err;
}

TEST_F(Containerd, PauseAndResume) {
    run_detached("", "c sleep 1000");
    EXPECT_EQ(task("pause c").status, 0);
    EXPECT_TRUE(has_status("c", "PAUSED"));
    EXPECT_EQ(task("resume c").status, 0);
    EXPECT_TRUE(has_status("c", "RUNNING"));
    EXPECT_EQ(task("pause c").status, 0);
    EXPECT_TRUE(task("rm -f c").err.contains("exit code 137")) << "a paused one is killed too";
}

TEST_F(Containerd, ProcessesAndMetrics) {
    run_detached("--memory-limit 33554432", "c sh -c 'sleep 1000 & sleep 1000'");
    EXPECT_TRUE(eventually([] { return test::split_lines(task("ps c").out).size() == 3; })) << task("ps c").out;
    const Finished metrics = task("metrics c");
    EXPECT_TRUE(metrics.out.contains("33554432")) << metrics.out << metrics.err;
}

TEST_F(Containerd, TwentyInParallel) {
    const Finished finished = sh("for i in $(seq 1 20); do (" + run_line("--rm", "c$i sh -c \"exit $i\"") +
                                 "; [ $? = $i ] && echo right) & done; wait");
    EXPECT_EQ(test::split_lines(finished.out).size(), 20U) << finished.out << finished.err;
}

}  // namespace
}  // namespace ocirt::engines
