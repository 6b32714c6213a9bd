// podman: the life of containers and pods and what runs in them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engines/podman.h"
#include "support/systemd.h"

namespace ocirt::engines {
namespace {

TEST_F(Podman, TheRuntimeIsTheOneUnderTest) {
    EXPECT_EQ(trimmed(podman("info --format '{{.Host.OCIRuntime.Path}}'").out), runtime_path());
    EXPECT_EQ(podman("info --format '{{.Host.OCIRuntime.Version}}'").err, "");
}

TEST_F(Podman, Run) {
    const Finished finished = run("box:1 echo hello");
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out, "hello\n");
    EXPECT_EQ(finished.err, "");
}

TEST_F(Podman, StandardStreamsAreTheCallers) {
    const Finished finished = sh("echo given | " + line("run --rm -i box:1 sh -c 'cat; echo wrong >&2'"));
    EXPECT_EQ(finished.out, "given\n");
    EXPECT_EQ(finished.err, "wrong\n");
}

TEST_F(Podman, ExitCodes) {
    EXPECT_EQ(run("box:1 true").status, 0);
    EXPECT_EQ(run("box:1 sh -c 'exit 3'").status, 3);
    EXPECT_EQ(run("box:1 sh -c 'exit 255'").status, 255);
}

TEST_F(Podman, AProgramThatIsNotInPath) {
    const Finished finished = run("box:1 no-such-program");
    EXPECT_EQ(finished.status, 127) << finished.err;
    EXPECT_TRUE(finished.err.contains("no-such-program")) << finished.err;
    EXPECT_TRUE(finished.err.contains("executable file `no-such-program` not found in $PATH") ||
                finished.err.contains("executable file not found in $PATH"))
        << finished.err;
}

TEST_F(Podman, AProgramThatDoesNotExist) {
    const Finished finished = run("box:1 /no/such/program");
    EXPECT_EQ(finished.status, 127) << finished.err;
    EXPECT_TRUE(finished.err.contains("no such file or directory") ||
                finished.err.contains("No such file or directory"))
        << finished.err;
}

TEST_F(Podman, AProgramThatIsNotExecutable) {
    const Finished finished = run("box:1 /bin/not-executable");
    EXPECT_EQ(finished.status, 126) << finished.err;
    EXPECT_TRUE(finished.err.contains("ermission denied")) << finished.err;
}

TEST_F(Podman, AllOfTenMegabytes) {
    EXPECT_EQ(sh(line("run --rm box:1 dd if=/dev/zero bs=1024 count=10240 2>/dev/null | wc -c")).out, "10485760\n");
}

TEST_F(Podman, AtATerminal) {
    engines::Terminal terminal(line("run --rm -it box:1 sh"));
    terminal.type("tty; ls /dev/console\n");
    EXPECT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    EXPECT_TRUE(terminal.shows("/dev/console")) << terminal.screen();
    expect_shell_that_follows_size(terminal, 7);
}

TEST_F(Podman, Exec) {
    run_detached("--env FROM_RUN=yes box:1 sleep 1000");
    const Finished finished = podman("exec c1 sh -c 'echo $FROM_IMAGE $FROM_RUN; pwd; echo wrong >&2; exit 5'");
    EXPECT_EQ(finished.status, 5);
    EXPECT_EQ(finished.out, "yes yes\n/\n");
    EXPECT_EQ(finished.err, "wrong\n");
    EXPECT_EQ(podman("exec -u web -w /tmp -e A=b c1 sh -c 'id -u; pwd; echo $A'").out, "1000\n/tmp\nb\n");
    EXPECT_EQ(sh("echo given | " + line("exec -i c1 cat")).out, "given\n");
    EXPECT_EQ(podman("exec -d c1 touch /tmp/mark").status, 0);
    EXPECT_TRUE(eventually([] { return podman("exec c1 test -e /tmp/mark").status == 0; }));
}

TEST_F(Podman, ExecThatFails) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(podman("exec c1 no-such-program").status, 127);
    EXPECT_EQ(podman("exec c1 /bin/not-executable").status, 126);
    EXPECT_EQ(podman("exec c1 true").status, 0);
}

TEST_F(Podman, ExecAtATerminal) {
    run_detached("box:1 sleep 1000");
    engines::Terminal terminal(line("exec -it c1 sh"));
    terminal.type("tty\n");
    ASSERT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    expect_shell_that_follows_size(terminal, 4);
}

TEST_F(Podman, TenInParallel) {
    const Finished finished =
        sh("for i in $(seq 1 10); do (" + line("run --rm --network none box:1 sh -c \"exit $i\"") +
           "; [ $? = $i ] && echo right) & done; wait");
    EXPECT_EQ(test::split_lines(finished.out).size(), 10U) << finished.out << finished.err;
}

TEST_F(Podman, StopAndStart) {
    run_detached("box:1 sh -c 'trap \"exit 9\" TERM; echo up; while :; do sleep 0.05; done'");
    EXPECT_TRUE(eventually([] { return podman("logs c1").out == "up\n"; }));
    EXPECT_EQ(podman("stop c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}} {{.State.ExitCode}}"), "exited 9");
    EXPECT_EQ(podman("start c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
}

TEST_F(Podman, StopKillsWhatDoesNotEnd) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(podman("stop -t 1 c1").status, 0);
    EXPECT_EQ(inspect("{{.State.ExitCode}}"), "137");
}

TEST_F(Podman, Restart) {
    run_detached("box:1 sleep 1000");
    const std::string before = inspect("{{.State.Pid}}");
    EXPECT_EQ(podman("restart -t 0 c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
    EXPECT_NE(inspect("{{.State.Pid}}"), before);
}

TEST_F(Podman, KillAndWait) {
    run_detached("box:1 sh -c 'trap \"exit 8\" USR1; echo up; while :; do sleep 0.05; done'");
    EXPECT_TRUE(eventually([] { return podman("logs c1").out == "up\n"; }));
    EXPECT_EQ(podman("kill -s USR1 c1").status, 0);
    EXPECT_EQ(podman("wait c1").out, "8\n");
}

TEST_F(Podman, PauseAndUnpause) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(podman("pause c1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "paused");
    EXPECT_NE(podman("exec c1 true").status, 0);
    EXPECT_EQ(podman("unpause c1").status, 0);
    EXPECT_EQ(podman("exec c1 true").status, 0);
    EXPECT_EQ(podman("pause c1").status, 0);
    EXPECT_EQ(podman("rm -f -t 0 c1").status, 0) << "a paused one is removed too";
}

TEST_F(Podman, TopAndStats) {
    run_detached("-m 64m box:1 sh -c 'sleep 1001 & sleep 1002'");
    EXPECT_TRUE(eventually([] { return podman("top c1 args").out.contains("sleep 1002"); })) << podman("top c1").err;
    const Finished stats = podman("stats --no-stream --format '{{.MemUsage}} {{.PIDS}}' c1");
    EXPECT_TRUE(stats.out.contains("/ 67.11MB 2\n") || stats.out.contains("/ 67.11MB 3\n")) << stats.out << stats.err;
}

TEST_F(Podman, Update) {
    run_detached("-m 64m --memory-swap -1 box:1 sleep 1000");
    const Finished finished = podman("update -m 32m --cpu-shares 512 c1");
    EXPECT_EQ(finished.status, 0) << finished.err;
    const std::string cgroup = inspect("{{.State.CgroupPath}}");
    expect_limit(cgroup, "memory.limit_in_bytes", "33554432");
    expect_limit(cgroup, "cpu.shares", "512");
}

TEST_F(Podman, OutOfMemory) {
    // Not at once: the engine begins to watch the memory when the container has started.
    run_detached("-m 16m box:1 sh -c 'trap \"exec tail /dev/zero\" USR1; echo up; while :; do sleep 0.05; done'");
    EXPECT_TRUE(eventually([] { return podman("logs c1").out == "up\n"; }));
    EXPECT_EQ(podman("kill -s USR1 c1").status, 0);
    EXPECT_TRUE(becomes("{{.State.Status}} {{.State.ExitCode}}", "exited 137")) << inspect("{{json .State}}");
}

TEST_F(Podman, HealthCheck) {
    run_detached("--health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 box:1 sleep 1000");
    EXPECT_NE(podman("healthcheck run c1").status, 0);
    EXPECT_EQ(podman("exec c1 touch /tmp/well").status, 0);
    EXPECT_EQ(podman("healthcheck run c1").status, 0);
}

// By systemd's timers, which know nothing of this process' environment.
TEST_F(Podman, HealthCheckAtItsTimes) {
    if (!has_systemd()) GTEST_SKIP() << "SKIP: no systemd here";
    const std::string manager = is_rootless() ? "--user" : "--system";
    ASSERT_EQ(test::systemctl({manager, "set-environment", "CONTAINERS_CONF=" + configuration().string()}).status, 0);
    run_detached("--health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 box:1 sleep 1000");
    EXPECT_TRUE(becomes("{{.State.Healthcheck.Status}}", "unhealthy")) << inspect("{{json .State}}");
    EXPECT_EQ(podman("exec c1 touch /tmp/well").status, 0);
    EXPECT_TRUE(becomes("{{.State.Healthcheck.Status}}", "healthy")) << inspect("{{json .State}}");
    EXPECT_EQ(podman("rm -f -t 0 c1").status, 0);
    EXPECT_EQ(test::systemctl({manager, "unset-environment", "CONTAINERS_CONF"}).status, 0);
}

TEST_F(Podman, JournaldLogs) {
    if (!has_systemd()) GTEST_SKIP() << "SKIP: no systemd here, and so no journal";
    if (sh("journalctl -n 1").err.contains("insufficient permissions"))
        GTEST_SKIP() << "SKIP: this user may read no journal";
    const Finished ran = run("--name c1 --log-driver journald box:1 sh -c 'echo out; echo err >&2; printf part'");
    EXPECT_EQ(ran.status, 0) << ran.err;
    const auto entries = [](const std::string& fields) {
        return sh("journalctl -q -o cat CONTAINER_NAME=c1 " + fields).out;
    };
    EXPECT_TRUE(eventually([&] { return entries("PRIORITY=6") == "out\npart\n"; })) << entries("");
    EXPECT_EQ(entries("PRIORITY=3"), "err\n");
    run_detached("--log-driver journald box:1 sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done'");
    EXPECT_EQ(podman("wait c1").out, "0\n");
    EXPECT_TRUE(eventually([] { return podman("logs c1").out == "1\n2\n3\n"; })) << podman("logs c1").err;
}

TEST_F(Podman, LogsFollow) {
    run_detached("box:1 sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done'");
    EXPECT_EQ(podman("logs -f c1").out, "1\n2\n3\n");
}

TEST_F(Podman, LogDrivers) {
    for (const char* driver : {"k8s-file", "json-file"}) {
        EXPECT_EQ(podman("run -d --name c1 --log-driver " + std::string(driver) +
                         " box:1 sh -c 'echo out; echo err >&2; printf part'")
                      .status,
                  0);
        EXPECT_EQ(podman("wait c1").out, "0\n");
        const Finished logs = podman("logs c1");
        EXPECT_TRUE(logs.out.starts_with("out\npart")) << driver << logs.out;
        EXPECT_EQ(logs.err, "err\n") << driver;
        EXPECT_EQ(podman("rm c1").status, 0);
    }
    EXPECT_EQ(podman("run -d --name c1 --log-driver none box:1 echo out").status, 0);
    EXPECT_EQ(podman("wait c1").out, "0\n");
    EXPECT_NE(podman("logs c1").out, "out\n");
    EXPECT_EQ(podman("rm c1").status, 0);
    EXPECT_EQ(run("--log-driver passthrough box:1 echo out").out, "out\n");
}

TEST_F(Podman, LogSizeLimit) {
    run_detached("--log-opt max-size=10kb box:1 sh -c 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done'");
    EXPECT_EQ(podman("wait c1").out, "0\n");
    const std::string path = inspect("{{.HostConfig.LogConfig.Path}}");
    EXPECT_LE(std::filesystem::file_size(path), 10240U) << path;
    EXPECT_TRUE(podman("logs c1").out.ends_with("line 1999\n"));
}

TEST_F(Podman, Events) {
    run_detached("box:1 sh -c 'exit 3'");
    EXPECT_EQ(podman("wait c1").out, "3\n");
    const std::string events = podman("events --stream=false --filter container=c1 --format '{{.Status}}'").out;
    for (const char* event : {"create\n", "start\n", "died\n"}) EXPECT_TRUE(events.contains(event)) << events;
}

TEST_F(Podman, Attach) {
    run_detached("-it box:1 sh");
    engines::Terminal terminal(line("attach c1"));
    terminal.type("echo $((6 * 7))\n");
    EXPECT_TRUE(terminal.shows("\n42")) << terminal.screen();
    terminal.type("exit 6\n");
    EXPECT_NE(terminal.wait(), -1);
    EXPECT_TRUE(becomes("{{.State.Status}} {{.State.ExitCode}}", "exited 6"));
}

TEST_F(Podman, CopyIntoAndOut) {
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(podman("cp /etc/debian_version c1:/tmp/version").status, 0);
    EXPECT_EQ(podman("exec c1 cat /tmp/version").out, test::read_file("/etc/debian_version"));
    EXPECT_EQ(podman("cp c1:/tmp/version " + (scratch() / "version").string()).status, 0);
    EXPECT_EQ(test::read_file(scratch() / "version"), test::read_file("/etc/debian_version"));
}

// Without systemd Podman 4.3 sets a filter for no devices at all on a pod's cgroup, whatever the runtime.
bool pods_have_devices() { return has_systemd() || !test::find_controller("memory")->v2; }
constexpr const char* no_devices = "SKIP: Podman 4.3's pods have no devices in cgroup v2 without systemd";

TEST_F(Podman, Pods) {
    if (!pods_have_devices()) GTEST_SKIP() << no_devices;
    EXPECT_EQ(podman("pod create --name pod1 --hostname together").status, 0);
    run_detached("--pod pod1 box:1 sleep 1000");
    EXPECT_EQ(run("--pod pod1 box:1 hostname").out, "together\n");
    for (const char* kind : {"net", "ipc", "uts"}) {
        const std::string show = "readlink /proc/self/ns/" + std::string(kind);
        EXPECT_EQ(run("--pod pod1 box:1 " + show).out, podman("exec c1 " + show).out) << kind;
    }
    EXPECT_EQ(podman("pod pause pod1").status, 0);
    EXPECT_EQ(podman("pod unpause pod1").status, 0);
    EXPECT_EQ(podman("pod stop -t 0 pod1").status, 0);
    EXPECT_EQ(podman("pod start pod1").status, 0);
    EXPECT_EQ(inspect("{{.State.Status}}"), "running");
}

TEST_F(Podman, PodThatSharesItsPidNamespace) {
    if (!pods_have_devices()) GTEST_SKIP() << no_devices;
    EXPECT_EQ(podman("pod create --name pod1 --share pid,net,ipc").status, 0);
    run_detached("--pod pod1 box:1 sleep 1001");
    EXPECT_TRUE(run("--pod pod1 box:1 ps").out.contains("sleep 1001"));
    EXPECT_EQ(podman("stop -t 0 c1").status, 0);
}

TEST_F(Podman, KubernetesYaml) {
    if (!pods_have_devices()) GTEST_SKIP() << no_devices;
    const std::string file = scratch() / "pod.yaml";
    std::ofstream(file) << "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod1\nspec:\n  containers:\n  - name: main\n"
                           "    image: docker.io/library/box:1\n    command: [sleep, '1000']\n";
    const Finished played = podman("kube play " + file);
    EXPECT_EQ(played.status, 0) << played.err;
    EXPECT_EQ(podman("exec pod1-main cat /proc/1/comm").out, "sleep\n");
    EXPECT_TRUE(podman("kube generate pod1").out.contains("sleep"));
    EXPECT_EQ(podman("kube down " + file).status, 0);
}

TEST_F(Podman, Build) {
    std::ofstream(scratch() / "Containerfile") << "FROM box:1\nRUN echo built > /built && id -u >> /built\n";
    const Finished finished = podman("build -q -t built:1 -f " + (scratch() / "Containerfile").string());
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(run("built:1 cat /built").out, "built\n0\n");
    podman("rmi -f built:1");
}

}  // namespace
}  // namespace ocirt::engines
