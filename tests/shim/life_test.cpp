// The Task service, call by call, as containerd would make them.
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

#include "events.pb.h"
#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

constexpr int ok = 0;
constexpr int invalid_argument = 3;
constexpr int not_found = 5;
constexpr int already_exists = 6;
constexpr int failed_precondition = 9;
constexpr int unimplemented = 12;

std::vector<std::string> topics(const Shim& /*shim*/, const std::vector<Event>& events) {
    std::vector<std::string> all;
    all.reserve(events.size());
    for (const Event& event : events) all.push_back(event.topic);
    return all;
}

wire::CreateTaskRequest with_output(const std::filesystem::path& path) {
    wire::CreateTaskRequest request;
    request.set_stdout(path);
    return request;
}

TEST(ShimLife, FromCreateToDelete) {
    Bundle bundle;
    bundle.sh("echo hello; exit 3");
    Shim shim(bundle);
    FifoReader output(bundle.scratch() / "out");
    ASSERT_EQ(shim.create(with_output(bundle.scratch() / "out")), ok) << shim.text();
    const auto created = shim.state();
    EXPECT_EQ(created.status(), wire::CREATED);
    EXPECT_GT(created.pid(), 0U);
    EXPECT_EQ(created.bundle(), bundle.path());
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 3);
    EXPECT_EQ(output.read_all(), "hello\n");
    const auto stopped = shim.state();
    EXPECT_EQ(stopped.status(), wire::STOPPED);
    EXPECT_EQ(stopped.exit_status(), 3U);
    EXPECT_GT(stopped.exited_at().seconds(), 1700000000);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    (void)shim.state();
    EXPECT_EQ(shim.code(), not_found);
    EXPECT_TRUE(shim.events().wait_for("/tasks/delete"));
    EXPECT_EQ(topics(shim, shim.events().events()),
              (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"}));
    wire::TaskExit exit;
    ASSERT_TRUE(exit.ParseFromString(shim.events().events()[2].message));
    EXPECT_EQ(exit.exit_status(), 3U);
    EXPECT_EQ(exit.id(), bundle.id());
    EXPECT_EQ(exit.pid(), created.pid());
}

TEST(ShimLife, TheContainerIsTheShimsChild) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    const std::string pid = std::to_string(shim.state().pid());
    EXPECT_EQ(run({.args = {"/bin/sh", "-c", "grep PPid /proc/" + pid + "/status"}}).out,
              "PPid:\t" + std::to_string(shim.pid()) + "\n");
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, ExecsHaveTheirOwnStatusAndStreams) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    EXPECT_EQ(shim.exec("early", process_of({"/bin/true"})), failed_precondition);
    ASSERT_EQ(shim.start(), ok) << shim.text();
    FifoReader output(bundle.scratch() / "exec-out");
    wire::ExecProcessRequest request;
    request.set_stdout(bundle.scratch() / "exec-out");
    ASSERT_EQ(shim.exec("e", process_of({"/bin/sh", "-c", "echo inside; exit 4"}), request), ok) << shim.text();
    EXPECT_EQ(shim.exec("e", process_of({"/bin/true"})), already_exists);
    EXPECT_EQ(shim.state("e").status(), wire::CREATED);
    ASSERT_EQ(shim.start("e"), ok) << shim.text();
    EXPECT_EQ(shim.wait("e"), 4);
    EXPECT_EQ(output.read_all(), "inside\n");
    EXPECT_EQ(shim.state("e").exec_id(), "e");
    ASSERT_EQ(shim.exec("long", process_of({"/bin/sleep", "100"})), ok) << shim.text();
    ASSERT_EQ(shim.start("long"), ok) << shim.text();
    wire::PidsRequest pids;
    pids.set_id(shim.id());
    TtrpcReply reply;
    const auto listed = shim.call<wire::PidsResponse>("Pids", pids, reply);
    ASSERT_EQ(listed.processes_size(), 2) << reply.message;
    const auto own = std::ranges::find(listed.processes(), shim.state("long").pid(), &wire::ProcessInfo::pid);
    ASSERT_NE(own, listed.processes().end());
    EXPECT_EQ(own->info().type_url(), "containerd.runc.v1.ProcessDetails");
    wire::ProcessDetails details;
    ASSERT_TRUE(details.ParseFromString(own->info().value()));
    EXPECT_EQ(details.exec_id(), "long");
    EXPECT_EQ(shim.kill(SIGTERM, "e"), not_found);
    EXPECT_NE(shim.text().find("process already finished"), std::string::npos);
    EXPECT_EQ(shim.remove("e"), ok);
    EXPECT_EQ(shim.remove("e"), not_found);
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    std::vector<std::string> seen = topics(shim, shim.events().events());
    EXPECT_LT(std::ranges::find(seen, "/tasks/exec-added"), std::ranges::find(seen, "/tasks/exec-started"));
    EXPECT_LT(std::ranges::find(seen, "/tasks/exec-started"), std::ranges::find(seen, "/tasks/exit"));
}

TEST(ShimLife, AProgramThatIsNotThereIsToldByName) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok);
    ASSERT_EQ(shim.start(), ok);
    ASSERT_EQ(shim.exec("e", process_of({"no-such-program"})), ok);
    EXPECT_NE(shim.start("e"), ok);
    EXPECT_NE(shim.text().find("no-such-program"), std::string::npos) << shim.text();
    EXPECT_EQ(shim.wait("e"), 127);
    EXPECT_EQ(shim.remove("e"), ok);
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, AFailedCreateLeavesNothing) {
    Bundle bundle;
    bundle.args({"no-such-program"});
    Shim shim(bundle);
    EXPECT_NE(shim.create(), ok);
    EXPECT_NE(shim.text().find("no-such-program"), std::string::npos) << shim.text();
    (void)shim.state();
    EXPECT_EQ(shim.code(), not_found);
    EXPECT_TRUE(shim.events().events().empty());
}

TEST(ShimLife, WhatIsWrongHasItsCode) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    (void)shim.state();
    EXPECT_EQ(shim.code(), not_found);
    EXPECT_EQ(shim.client().call("Nonsense", "").code, unimplemented);
    EXPECT_EQ(shim.client().call("State", "", "containerd.task.v3.Task").code, not_found);
    EXPECT_EQ(shim.client().call("State", "", "containerd.other.v1.Other").code, unimplemented);
    EXPECT_EQ(shim.client().call("State", "\xff\xff\xff").code, invalid_argument);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    EXPECT_EQ(shim.create(), already_exists);
    ASSERT_EQ(shim.start(), ok);
    EXPECT_EQ(shim.start(), failed_precondition);
    EXPECT_EQ(shim.remove(), failed_precondition);
    EXPECT_NE(shim.text().find("cannot delete a running process"), std::string::npos);
    EXPECT_EQ(shim.kill(SIGKILL, "", true), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, PauseUpdatePidsStats) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok);
    TtrpcReply reply;
    wire::PauseRequest pause;
    pause.set_id(shim.id());
    (void)shim.call<wire::Empty>("Pause", pause, reply);
    EXPECT_EQ(reply.code, ok) << reply.message;
    EXPECT_EQ(shim.state().status(), wire::PAUSED);
    wire::ResumeRequest resume;
    resume.set_id(shim.id());
    (void)shim.call<wire::Empty>("Resume", resume, reply);
    EXPECT_EQ(reply.code, ok) << reply.message;
    EXPECT_EQ(shim.state().status(), wire::RUNNING);
    wire::UpdateTaskRequest update;
    update.set_id(shim.id());
    update.mutable_resources()->set_value(R"({"pids":{"limit":77}})");
    (void)shim.call<wire::Empty>("Update", update, reply);
    EXPECT_EQ(reply.code, ok) << reply.message;
    EXPECT_EQ(bundle.cgroup_file("pids", "pids.max"), "77");
    update.mutable_resources()->set_value(R"({"pids":{"limit":"many"}})");
    (void)shim.call<wire::Empty>("Update", update, reply);
    EXPECT_EQ(reply.code, invalid_argument);
    EXPECT_NE(reply.message.find("/pids/limit"), std::string::npos) << reply.message;
    wire::PidsRequest pids;
    pids.set_id(shim.id());
    const auto processes = shim.call<wire::PidsResponse>("Pids", pids, reply);
    ASSERT_EQ(processes.processes_size(), 1);
    EXPECT_EQ(processes.processes(0).pid(), shim.state().pid());
    wire::StatsRequest stats;
    stats.set_id(shim.id());
    const auto statistics = shim.call<wire::StatsResponse>("Stats", stats, reply);
    EXPECT_EQ(reply.code, ok) << reply.message;
    EXPECT_TRUE(statistics.stats().type_url().starts_with("io.containerd.cgroups.v")) << statistics.stats().type_url();
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, AHookThatSleepsKeepsNobodyWaiting) {
    Bundle bundle;
    bundle.args({"/bin/true"}).hook("createRuntime", {"/bin/sleep", "3"});
    Shim shim(bundle);
    const std::uint32_t create = shim.send_create({});
    const auto before = std::chrono::steady_clock::now();
    (void)shim.state();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(100));
    EXPECT_EQ(shim.client().receive(create).code, ok);
    EXPECT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 0);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, AnExitThatIsFasterThanItsStartComesAfterIt) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok);
    ASSERT_EQ(shim.start(), ok);
    for (int i = 0; i < 20; ++i) {
        const std::string id = "e" + std::to_string(i);
        ASSERT_EQ(shim.exec(id, process_of({"/bin/false"})), ok);
        ASSERT_EQ(shim.start(id), ok) << shim.text();
        EXPECT_EQ(shim.wait(id), 1);
        EXPECT_EQ(shim.remove(id), ok);
    }
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    ASSERT_TRUE(shim.events().wait_for("/tasks/delete"));
    std::map<std::string, std::vector<std::string>> of;
    for (const Event& event : shim.events().events()) {
        wire::TaskExecStarted started;
        wire::TaskExit exit;
        if (event.topic == "/tasks/exec-started" && started.ParseFromString(event.message))
            of[started.exec_id()].push_back("started");
        if (event.topic == "/tasks/exit" && exit.ParseFromString(event.message)) of[exit.id()].push_back("exit");
    }
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(of["e" + std::to_string(i)], (std::vector<std::string>{"started", "exit"})) << i;
    EXPECT_EQ(of[shim.id()], std::vector<std::string>{"exit"});
}

TEST(ShimLife, ACheckpointThatIsNoneIsRefusedAtStart) {
    Bundle bundle;
    bundle.sh("true");
    Shim shim(bundle);
    wire::CreateTaskRequest request;
    request.set_checkpoint(bundle.scratch() / "no-image");
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    EXPECT_EQ(shim.state().status(), wire::CREATED);
    EXPECT_NE(shim.start(), ok);
    EXPECT_NE(shim.text().find("no-image"), std::string::npos) << shim.text();
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, HoldsNothingOfItsCallers) {
    Bundle bundle;
    Shim shim(bundle);
    (void)shim.state();  // once it answers it has let go
    const std::filesystem::path own = "/proc/" + std::to_string(shim.pid());
    EXPECT_FALSE(std::filesystem::is_symlink(own / "fd" / std::to_string(forgotten_descriptor)));
    EXPECT_EQ(std::filesystem::read_symlink(own / "cwd"), "/");
    for (const char* number : {"0", "1", "2"})
        EXPECT_EQ(std::filesystem::read_symlink(own / "fd" / number), "/dev/null") << number;
    EXPECT_NE(read_file(own / "cmdline").find(shim.id()), std::string::npos) << "ps shows whose it is";
}

TEST(ShimLife, ServicesThatAreNotThereAreRefusedByName) {
    Bundle bundle;
    Shim shim(bundle);
    for (const char* service :
         {"containerd.runtime.sandbox.v1.Sandbox", "containerd.services.streaming.v1.Streaming"}) {
        const TtrpcReply reply = shim.client().call("CreateSandbox", "", service);
        EXPECT_EQ(reply.code, unimplemented);
        EXPECT_NE(reply.message.find(service), std::string::npos) << reply.message;
    }
    EXPECT_EQ(shim.client().call("Connect", "", "containerd.task.v3.Task").code, ok);
}

TEST(ShimLife, WhatIsBeingCreatedWaits) {
    Bundle bundle;
    bundle.sh("true").hook("createRuntime", {"/bin/sh", "-c", "sleep 1"});
    Shim shim(bundle);
    const std::uint32_t stream = shim.send_create({});
    EXPECT_EQ(shim.start(), failed_precondition) << shim.text();
    EXPECT_EQ(shim.remove(), failed_precondition) << shim.text();
    EXPECT_EQ(shim.kill(SIGKILL), failed_precondition) << shim.text();
    EXPECT_EQ(shim.state().status(), wire::CREATED);
    ASSERT_EQ(shim.client().receive(stream).code, ok);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimLife, EntersTheCgroupItIsToldTo) {
    Bundle bundle;
    bundle.sh("true");
    const std::optional<CgroupMount> pids = find_controller("pids");
    ASSERT_TRUE(pids.has_value());
    const std::filesystem::path own = cgroup_prefix() + "/the-shim";
    std::filesystem::create_directories(pids->path / own);
    wire::RuncOptions options;
    options.set_shim_cgroup("/" + own.string());
    {
        Shim shim(bundle, {.options = options, .binary = {}});
        const std::string entered = read_file("/proc/" + std::to_string(shim.pid()) + "/cgroup");
        EXPECT_NE(entered.find(own), std::string::npos) << entered;
        ASSERT_EQ(shim.create(), ok) << shim.text();
        ASSERT_EQ(shim.start(), ok) << shim.text();
        EXPECT_EQ(shim.wait(), 0);
        EXPECT_EQ(shim.remove(), ok) << shim.text();
    }
    remove_cgroups(pids->path / own);
    options.set_shim_cgroup("/no/such/cgroup");
    EXPECT_THROW(Shim(bundle, {.options = options, .binary = {}}), std::runtime_error);
}

}  // namespace
}  // namespace ocirt::test
