// docker: the life of containers and what runs in them.
#include <gtest/gtest.h>

#include "engines/docker.h"

namespace ocirt::engines {
namespace {

TEST_F(Docker, TheRuntimeIsTheOneUnderTest) {
    EXPECT_EQ(trimmed(docker("info --format '{{.DefaultRuntime}} {{(index .Runtimes \"under-test\").Path}}'").out),
              "under-test " + runtime_path());
}

TEST_F(Docker, Run) {
    const Finished finished = run("box:1 echo hello");
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out, "hello\n");
    EXPECT_EQ(finished.err, "");
}

TEST_F(Docker, StandardStreamsAreTheCallers) {
    const Finished finished = sh("echo given | docker run --rm -i box:1 sh -c 'cat; echo wrong >&2'");
    EXPECT_EQ(finished.out, "given\n");
    EXPECT_EQ(finished.err, "wrong\n");
}

TEST_F(Docker, ExitCodes) {
    EXPECT_EQ(run("box:1 true").status, 0);
    EXPECT_EQ(run("box:1 sh -c 'exit 3'").status, 3);
    EXPECT_EQ(run("box:1 sh -c 'exit 255'").status, 255);
}

TEST_F(Docker, AProgramThatIsNotInPath) {
    const Finished finished = run("box:1 no-such-program");
    EXPECT_EQ(finished.status, 127);
    EXPECT_TRUE(finished.err.contains("no-such-program")) << finished.err;
    EXPECT_TRUE(finished.err.contains("executable file not found in $PATH")) << finished.err;
}

TEST_F(Docker, AProgramThatDoesNotExist) {
    const Finished finished = run("box:1 /no/such/program");
    EXPECT_EQ(finished.status, 127);
    EXPECT_TRUE(finished.err.contains("/no/such/program")) << finished.err;
    EXPECT_TRUE(finished.err.contains("no such file or directory")) << finished.err;
}

TEST_F(Docker, AProgramThatIsNotExecutable) {
    const Finished finished = run("box:1 /bin/not-executable");
    EXPECT_EQ(finished.status, 126);
    EXPECT_TRUE(finished.err.contains("/bin/not-executable")) << finished.err;
    EXPECT_TRUE(finished.err.contains("permission denied")) << finished.err;
}

TEST_F(Docker, ADirectoryAsProgram) { EXPECT_EQ(run("box:1 /etc").status, 126); }

TEST_F(Docker, AllOfTenMegabytes) {
    EXPECT_EQ(sh("docker run --rm box:1 dd if=/dev/zero bs=1024 count=10240 2>/dev/null | wc -c").out, "10485760\n");
}

TEST_F(Docker, AtATerminal) {
    engines::Terminal terminal(line("run --rm -it box:1 sh"));
    terminal.type("tty; ls -l /proc/self/fd/0 /dev/console\n");
    EXPECT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    EXPECT_TRUE(terminal.shows("/dev/console")) << terminal.screen();
    expect_shell_that_follows_size(terminal, 7);
}

TEST_F(Docker, TerminalOfADetachedContainer) {
    run_detached("-t box:1 sh -c 'tty; sleep 1000'");
    EXPECT_TRUE(eventually([] { return docker("logs c1").out == "/dev/pts/0\r\n"; })) << docker("logs c1").out;
}

TEST_F(Docker, Exec) {
    run_detached("--env FROM_RUN=yes box:1 sleep 1000");
    const Finished finished = docker("exec c1 sh -c 'echo $FROM_IMAGE $FROM_RUN; pwd; echo wrong >&2; exit 5'");
    EXPECT_EQ(finished.status, 5);
    EXPECT_EQ(finished.out, "yes yes\n/\n");
    EXPECT_EQ(finished.err, "wrong\n");
    EXPECT_EQ(docker("exec -u web -w /tmp -e A=b c1 sh -c 'id -u; pwd; echo $A'").out, "1000\n/tmp\nb\n");
    EXPECT_EQ(sh("echo given | docker exec -i c1 cat").out, "given\n");
}

TEST_F(Docker, ExecThatFails) {
    run_detached("box:1 sleep 1000");
    const Finished missing = docker("exec c1 no-such-program");
    EXPECT_TRUE((missing.out + missing.err).contains("executable file not found in $PATH"))
        << missing.out << missing.err;
    EXPECT_EQ(docker("exec c1 no-such-program").status, 126) << "as dockerd 20.10 has it";
    EXPECT_EQ(docker("exec c1 /bin/not-executable").status, 126);
    EXPECT_NE(docker("exec -w /no/such/directory c1 true").status, 0);
    EXPECT_EQ(docker("exec c1 true").status, 0);
}

TEST_F(Docker, ExecAtATerminal) {
    run_detached("box:1 sleep 1000");
    engines::Terminal terminal(line("exec -it c1 sh"));
    terminal.type("tty\n");
    ASSERT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    expect_shell_that_follows_size(terminal, 4);
}

TEST_F(Docker, ExecDetachedAndPrivileged) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(docker("exec -d c1 sh -c 'echo done > /tmp/mark'").status, 0);
    EXPECT_TRUE(eventually([] { return docker("exec c1 cat /tmp/mark").out == "done\n"; }));
    const std::string plain = docker("exec c1 grep CapEff /proc/self/status").out;
    EXPECT_TRUE(plain.contains("00000000a80425fb")) << plain;
    EXPECT_NE(docker("exec --privileged c1 grep CapEff /proc/self/status").out, plain);
}

TEST_F(Docker, TenExecsInParallel) {
    run_detached("box:1 sleep 1000");
    const Finished finished =
        sh("for i in $(seq 1 10); do (docker exec c1 sh -c \"exit $i\"; [ $? = $i ] && echo right) & done; wait");
    EXPECT_EQ(test::split_lines(finished.out).size(), 10U) << finished.out << finished.err;
}

TEST_F(Docker, TwentyInParallel) {
    const Finished finished = sh(
        "for i in $(seq 1 20); do (docker run --rm --network none box:1 sh -c \"exit $i\"; [ $? = $i ] && echo right)"
        " & done; wait");
    EXPECT_EQ(test::split_lines(finished.out).size(), 20U) << finished.out << finished.err;
}

TEST_F(Docker, StopAndStart) {
    run_detached("box:1 sh -c 'trap \"exit 9\" TERM; echo up; while :; do sleep 0.05; done'");
    EXPECT_TRUE(eventually([] { return docker("logs c1").out == "up\n"; }));
    EXPECT_EQ(docker("stop c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}} {{.State.ExitCode}}"), "exited 9");
    EXPECT_EQ(docker("start c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
    EXPECT_TRUE(eventually([] { return docker("logs c1").out == "up\nup\n"; }));
}

TEST_F(Docker, StopKillsWhatDoesNotEnd) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(docker("stop -t 1 c1").status, 0);
    EXPECT_EQ(inspect("{{.State.ExitCode}}"), "137");
}

TEST_F(Docker, Restart) {
    run_detached("box:1 sleep 1000");
    const std::string before = inspect("{{.State.Pid}}");
    EXPECT_EQ(docker("restart -t 0 c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
    EXPECT_NE(inspect("{{.State.Pid}}"), before);
}

TEST_F(Docker, RestartPolicy) {
    run_detached("--restart on-failure:2 box:1 false");
    EXPECT_TRUE(becomes("{{.State.Status}} {{.RestartCount}}", "exited 2"));
}

TEST_F(Docker, KillAndWait) {
    run_detached("box:1 sh -c 'trap \"exit 8\" USR1; echo up; while :; do sleep 0.05; done'");
    EXPECT_TRUE(eventually([] { return docker("logs c1").out == "up\n"; }));
    test::Process wait = start(line("wait c1"));
    EXPECT_EQ(docker("kill -s USR1 c1").status, 0);
    EXPECT_EQ(wait.wait().out, "8\n");
    EXPECT_EQ(docker("start c1").status, 0);
    EXPECT_EQ(docker("kill c1").status, 0);
    EXPECT_TRUE(becomes("{{.State.Status}} {{.State.ExitCode}}", "exited 137"));
}

TEST_F(Docker, PauseAndUnpause) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(docker("pause c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "paused");
    EXPECT_NE(docker("exec c1 true").status, 0);
    EXPECT_EQ(docker("unpause c1").status, 0);
    EXPECT_EQ(docker("exec c1 true").status, 0);
    EXPECT_EQ(docker("pause c1").status, 0);
    EXPECT_EQ(docker("rm -f c1").status, 0) << "a paused one is removed too";
}

TEST_F(Docker, Top) {
    run_detached("box:1 sh -c 'sleep 1001 & sleep 1002'");
    EXPECT_TRUE(eventually([] {
        const std::string out = docker("top c1").out;
        return out.contains("sleep 1001") && out.contains("sleep 1002");
    })) << docker("top c1").out
        << docker("top c1").err;
}

TEST_F(Docker, Stats) {
    run_detached("-m 64m box:1 sleep 1000");
    const Finished finished = docker("stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' c1");
    EXPECT_TRUE(finished.out.contains("/ 64MiB 1\n")) << finished.out << finished.err;
}

TEST_F(Docker, Update) {
    run_detached("-m 64m --memory-swap -1 box:1 sleep 1000");
    const std::string cgroup = cgroup_of(inspect("{{.Id}}"));
    expect_limit(cgroup, "memory.limit_in_bytes", "67108864");
    const Finished finished = docker("update -m 32m --memory-swap -1 --cpu-shares 512 --cpus 0.5 --pids-limit 50 c1");
    EXPECT_EQ(finished.status, 0) << finished.err;
    expect_limit(cgroup, "memory.limit_in_bytes", "33554432");
    expect_limit(cgroup, "cpu.shares", "512");
    expect_limit(cgroup, "cpu.cfs_quota_us", "50000");
    expect_limit(cgroup, "pids.max", "50");
}

TEST_F(Docker, OutOfMemory) {
    // Not at once: the engine begins to watch the memory when the container has started.
    run_detached("-m 16m box:1 sh -c 'trap \"exec tail /dev/zero\" USR1; echo up; while :; do sleep 0.05; done'");
    EXPECT_TRUE(eventually([] { return docker("logs c1").out == "up\n"; }));
    EXPECT_EQ(docker("kill -s USR1 c1").status, 0);
    EXPECT_TRUE(becomes("{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}", "exited 137 true"))
        << inspect("{{json .State}}");
}

TEST_F(Docker, HealthCheck) {
    run_detached("--health-cmd 'test -e /tmp/well' --health-interval 200ms --health-retries 1 box:1 sleep 1000");
    EXPECT_TRUE(becomes("{{.State.Health.Status}}", "unhealthy")) << inspect("{{json .State.Health}}");
    EXPECT_EQ(docker("exec c1 touch /tmp/well").status, 0);
    EXPECT_TRUE(becomes("{{.State.Health.Status}}", "healthy")) << inspect("{{json .State.Health}}");
}

TEST_F(Docker, LogsFollow) {
    run_detached("box:1 sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done'");
    EXPECT_EQ(docker("logs -f c1").out, "1\n2\n3\n");
}

TEST_F(Docker, Attach) {
    run_detached("-it box:1 sh");
    engines::Terminal terminal(line("attach c1"));
    terminal.type("echo $((6 * 7))\n");
    EXPECT_TRUE(terminal.shows("\n42")) << terminal.screen();
    terminal.type("exit 6\n");
    EXPECT_EQ(terminal.wait(), 6);
    EXPECT_TRUE(becomes("{{.State.Status}} {{.State.ExitCode}}", "exited 6"));
}

TEST_F(Docker, CopyIntoAndOut) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(docker("cp /etc/debian_version c1:/tmp/version").status, 0);
    EXPECT_EQ(docker("exec c1 cat /tmp/version").out, test::read_file("/etc/debian_version"));
    EXPECT_EQ(sh("docker cp c1:/tmp/version - | tar -xO").out, test::read_file("/etc/debian_version"));
}

TEST_F(Docker, Build) {
    const Finished finished = sh("docker build -q -t built:1 -",
                                 "FROM box:1\nRUN echo built > /built && id -u >> /built\nUSER web\n"
                                 "RUN id -u > /tmp/user\n");
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(run("built:1 cat /built /tmp/user").out, "built\n0\n1000\n");
    docker("rmi -f built:1");
}

}  // namespace
}  // namespace ocirt::engines
