// The CRI: the life of pods and of their containers.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "engines/cri.h"
#include "support/host.h"

namespace ocirt::engines {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

std::string pid_of(const std::string& process) { return process.substr(0, process.find(' ')); }

Json named(const std::string& name) { return {{"metadata", {{"name", name}}}}; }

Json shared_pids() { return {{"linux", {{"security_context", {{"namespace_options", {{"pid", "POD"}}}}}}}}; }

TEST_F(Cri, ContainersOfAPodShareItsShim) {
    const Pod pod = run_pod();
    ASSERT_TRUE(eventually([] { return shims().size() == 1; }));
    const std::vector<std::string> before = shims();
    if (is_shim()) {
        EXPECT_EQ(std::filesystem::read_symlink("/proc/" + pid_of(before[0]) + "/exe"),
                  std::filesystem::canonical(test::runtime_path()));
    }
    const std::string one = run_container(pod, {"sleep", "1000"});
    const std::string two = run_container(pod, {"sleep", "1000"}, named("c2"));
    EXPECT_TRUE(eventually([&] { return shims() == before; }));
    EXPECT_EQ(status_of(one)["state"], "CONTAINER_RUNNING");
    EXPECT_EQ(status_of(two)["state"], "CONTAINER_RUNNING");
    stop(one, 0);
    remove(one);
    EXPECT_EQ(status_of(two)["state"], "CONTAINER_RUNNING");
    EXPECT_EQ(exec(two, {"echo", "there"})["stdout"], "there\n");
    EXPECT_TRUE(eventually([&] { return shims() == before; }));
    run_pod("p2");
    EXPECT_TRUE(eventually([] { return shims().size() == 2; }));
}

TEST_F(Cri, ContainersOfAPodShareItsNamespaces) {
    const Pod pod = run_pod();
    const std::string one = run_container(pod, {"sleep", "1000"});
    const std::string two = run_container(pod, {"sleep", "1000"}, named("c2"));
    const auto namespace_in = [](const std::string& container, const std::string& name) {
        return exec(container, {"readlink", "/proc/1/ns/" + name})["stdout"];
    };
    for (const char* name : {"ipc", "net"}) EXPECT_EQ(namespace_in(one, name), namespace_in(two, name)) << name;
    for (const char* name : {"mnt", "pid"}) EXPECT_NE(namespace_in(one, name), namespace_in(two, name)) << name;
}

TEST_F(Cri, ExitCodeAndReason) {
    const Pod pod = run_pod();
    // The time of the start is the plugin's own, taken after a fast program's end.
    const Json good = wait_for_end(run_container(pod, {"sleep", "0.2"}));
    EXPECT_EQ(good["exit_code"], 0);
    EXPECT_EQ(good["reason"], "Completed");
    EXPECT_GT(number_of(good["started_at"]), 0);
    EXPECT_GE(number_of(good["finished_at"]), number_of(good["started_at"]));
    const Json bad = wait_for_end(run_container(pod, {"sh", "-c", "exit 3"}, named("c2")));
    EXPECT_EQ(bad["exit_code"], 3);
    EXPECT_EQ(bad["reason"], "Error");
}

TEST_F(Cri, AProgramThatIsNotThere) {
    const Pod pod = run_pod();
    const std::string id = call("CreateContainer", container_in(pod, {"no-such-program"}))["container_id"];
    const Finished started = try_call("StartContainer", {{"container_id", id}});
    EXPECT_EQ(started.status, 1);
    EXPECT_TRUE(started.err.contains("no-such-program")) << started.err;
    EXPECT_TRUE(started.err.contains("executable file not found in $PATH")) << started.err;
    const Json status = wait_for_end(id);
    EXPECT_EQ(status["reason"], "StartError");
    EXPECT_EQ(status["exit_code"], 128);
    EXPECT_TRUE(status["message"].get<std::string>().contains("no-such-program")) << status;
}

TEST_F(Cri, StopIsAskedForFirst) {
    const std::string container =
        run_container(run_pod(), {"sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"});
    ASSERT_TRUE(eventually([&] { return !log_of(container).empty(); }));
    const auto before = Clock::now();
    stop(container, 20);
    EXPECT_LT(Clock::now() - before, seconds(10));
    EXPECT_EQ(status_of(container)["exit_code"], 9);
}

TEST_F(Cri, StopKillsWhenItsTimeIsOver) {
    const std::string container =
        run_container(run_pod(), {"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"});
    ASSERT_TRUE(eventually([&] { return !log_of(container).empty(); }));
    const auto before = Clock::now();
    stop(container, 1);
    EXPECT_GE(Clock::now() - before, seconds(1));
    EXPECT_EQ(status_of(container)["exit_code"], 137);
}

TEST_F(Cri, OutOfMemory) {
    const Json limited = {{"linux", {{"resources", {{"memory_limit_in_bytes", 16 << 20}}}}}};
    const Json status = wait_for_end(run_container(run_pod(), {"tail", "/dev/zero"}, limited));
    EXPECT_EQ(status["reason"], "OOMKilled");
    EXPECT_EQ(status["exit_code"], 137);
}

TEST_F(Cri, AnotherTryInTheSamePod) {
    const Pod pod = run_pod();
    const std::vector<std::string> before = shims();
    const std::string first = run_container(pod, {"sh", "-c", "exit 1"});
    EXPECT_EQ(wait_for_end(first)["exit_code"], 1);
    const std::string second = run_container(pod, {"sleep", "1000"}, {{"metadata", {{"name", "c1"}, {"attempt", 1}}}});
    EXPECT_EQ(status_of(second)["state"], "CONTAINER_RUNNING");
    remove(first);
    EXPECT_EQ(status_of(second)["state"], "CONTAINER_RUNNING");
    EXPECT_TRUE(eventually([&] { return shims() == before; }));
}

// In a PID namespace of the pod's nothing but the runtime ends what a container leaves behind.
TEST_F(Cri, WhatAContainerStartedEndsWithItInASharedNamespace) {
    const Pod pod = run_pod("p1", shared_pids());
    const std::string other = run_container(pod, {"sleep", "1000"}, named("c2"));
    const std::string container = run_container(pod, {"sh", "-c", "sleep 4321 & echo started; exit 3"});
    const Json status = wait_for_end(container);
    EXPECT_EQ(status["exit_code"], 3);
    const auto is_gone = [&] { return !exec(other, {"ps"})["stdout"].get<std::string>().contains("sleep 4321"); };
    EXPECT_TRUE(eventually(is_gone)) << exec(other, {"ps"})["stdout"];
    EXPECT_TRUE(exec(other, {"ps"})["stdout"].get<std::string>().contains("sleep 1000000")) << "the pod's own is there";
    EXPECT_EQ(log_of(container), std::vector<std::string>{"stdout F started"});
}

TEST_F(Cri, AStoppedPod) {
    const Pod pod = run_pod();
    const std::string container = run_container(pod, {"sleep", "1000"});
    call("StopPodSandbox", {{"pod_sandbox_id", pod.id}});
    EXPECT_EQ(call("PodSandboxStatus", {{"pod_sandbox_id", pod.id}})["status"]["state"], "SANDBOX_NOTREADY");
    EXPECT_EQ(status_of(container)["exit_code"], 137);
    EXPECT_EQ(try_call("StartContainer", {{"container_id", container}}).status, 1);
}

TEST_F(Cri, ContainersOutliveTheDaemon) {
    const Pod pod = run_pod();
    const std::string staying =
        run_container(pod, {"sh", "-c", "while ! [ -e /go ]; do sleep 0.05; done; echo after; sleep 1000"});
    const std::string pause = "sleep " + std::to_string(2 * test::patience());  // until the daemon has stopped
    const std::string ending =
        run_container(pod, {"sh", "-c", "echo before; " + pause + "; echo meanwhile; exit 5"}, named("c2"));
    ASSERT_TRUE(eventually([&] { return log_of(ending).size() == 1; }));
    stop_daemon();
    EXPECT_TRUE(eventually([&] { return sh("pgrep -fx '" + pause + "'").status != 0; }));
    start_daemon();
    keep(daemon());
    EXPECT_EQ(status_of(staying)["state"], "CONTAINER_RUNNING");
    EXPECT_EQ(wait_for_end(ending)["exit_code"], 5);
    exec(staying, {"touch", "/go"});
    EXPECT_TRUE(eventually([&] { return log_of(staying) == std::vector<std::string>{"stdout F after"}; }));
    // containerd's own shim loses what nobody reads at the end.
    if (is_shim()) {
        EXPECT_EQ(log_of(ending), (std::vector<std::string>{"stdout F before", "stdout F meanwhile"}));
    }
}

}  // namespace
}  // namespace ocirt::engines
