// SCMP_ACT_NOTIFY: system calls of a container that an agent on the host answers for.
#include <asm/unistd.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

#include "support/bundle.h"
#include "support/host.h"
#include "support/seccomp_agent.h"

namespace ocirt::test {
namespace {

#ifdef __NR_mkdir
constexpr int nr_mkdir = __NR_mkdir;
#else
constexpr int nr_mkdir = __NR_mkdirat;
#endif

class Notify : public testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt() && !runtime_path().contains("runc"))
            GTEST_SKIP() << "SKIP: crun 1.8.1 wants an agent that speaks first";
        bundle.json("/linux/seccomp", profile("SCMP_ACT_ALLOW", {"mkdir", "mkdirat"}));
    }
    [[nodiscard]] std::filesystem::path socket() const { return bundle.scratch() / "agent.sock"; }
    [[nodiscard]] Json profile(const std::string& default_action, const std::vector<std::string>& notified) const {
        Json json = {{"defaultAction", default_action},
                     {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
                     {"listenerPath", socket()},
                     {"listenerMetadata", "what the agent is told"}};
        if (!notified.empty()) json["syscalls"] = {{{"names", notified}, {"action", "SCMP_ACT_NOTIFY"}}};
        return json;
    }

    Bundle bundle;
};

TEST_F(Notify, TheAgentAnswersForTheProgram) {
    SeccompAgent agent(socket(), {.system_call = nr_mkdir, .errnum = ENOTTY});
    bundle.sh("mkdir /tmp/x; echo end").json("/annotations", {{"org.example.key", "value"}});
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, "end\n");
    EXPECT_TRUE(finished.err.contains("Inappropriate ioctl for device")) << finished.err;

    const Json state = agent.state();
    EXPECT_EQ(state["fds"], Json({"seccompFd"}));
    EXPECT_EQ(state["descriptors"], 1);
    EXPECT_EQ(state["metadata"], "what the agent is told");
    EXPECT_FALSE(state["ociVersion"].get<std::string>().empty());
    EXPECT_GT(state["pid"], 1);
    EXPECT_EQ(state["state"]["pid"], state["pid"]);
    EXPECT_EQ(state["state"]["id"], bundle.id());
    EXPECT_EQ(state["state"]["bundle"], bundle.path().string());
    EXPECT_EQ(state["state"]["annotations"]["org.example.key"], "value");
    if (runtime_is_ocirt()) {
        EXPECT_EQ(state["state"]["status"], "created");
    }
}

// The directory is not made: the agent says that it was.
TEST_F(Notify, ACallCanBeFaked) {
    const SeccompAgent agent(socket(), {.system_call = nr_mkdir});
    EXPECT_EQ(bundle.sh("mkdir /tmp/x && echo made; test -e /tmp/x || echo not there").run().out, "made\nnot there\n");
}

TEST_F(Notify, WhatTheAgentLetsPassIsCarriedOut) {
    const SeccompAgent agent(socket(), {});
    EXPECT_EQ(bundle.sh("mkdir /tmp/x && test -d /tmp/x && echo made").run().out, "made\n");
}

TEST_F(Notify, CreateNeedsNoAgentAndStartDoes) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc installs its filter at create";
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(bundle.create().status, 0);
    const Finished refused = bundle.start();
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(refused.err.contains("/linux/seccomp/listenerPath: connect to the seccomp agent at " +
                                     socket().string() + ": no such file or directory (ENOENT)"))
        << refused.err;
    EXPECT_EQ(bundle.state()["status"], "created") << "nothing was changed";

    SeccompAgent agent(socket(), {});
    EXPECT_EQ(bundle.start().status, 0);
    EXPECT_EQ(bundle.state()["status"], "running");
    EXPECT_EQ(agent.state()["pid"], bundle.state()["pid"]);
    EXPECT_EQ(bundle.command({"delete", "--force"}).status, 0);
}

TEST_F(Notify, RunWithoutAnAgentLeavesNothing) {
    const Finished finished = bundle.sh("echo never").run();
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_TRUE(finished.err.contains("no such file or directory")) << finished.err;
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// The program must not run where nobody answers for it.
TEST_F(Notify, AnAgentThatHangsUpEndsTheContainer) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a promise of ocirt's";
    const SeccompAgent agent(socket(), {.deaf = true});
    bundle.sh("echo never");
    for (int turn = 0; turn < 5; ++turn) {
        const Finished finished = bundle.run();
        if (finished.status == 0) continue;  // the agent hung up only after it had been told
        EXPECT_EQ(finished.status, 1);
        EXPECT_EQ(finished.out, "");
        EXPECT_TRUE(finished.err.contains("hand the seccomp listener to")) << finished.err;
    }
}

// More than a socket holds: the agent would have to read.
TEST_F(Notify, AnAgentThatSleepsIsNotWaitedForForEver) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a promise of ocirt's";
    const SeccompAgent agent(socket(), {.asleep = true});
    Json seccomp = profile("SCMP_ACT_ALLOW", {"mkdir"});
    seccomp["listenerMetadata"] = std::string(1 << 20, 'x');
    const Finished finished = bundle.json("/linux/seccomp", seccomp).sh("echo never").run();
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_TRUE(finished.err.contains("hand the seccomp listener to")) << finished.err;
}

// Not one call of init's lies between the filter and the program: execve itself waits for the agent.
TEST_F(Notify, EveryCallCanBeHandedOver) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc refuses it, its init writes under the filter";
    const SeccompAgent agent(socket(), {.system_call = nr_mkdir, .errnum = EXDEV});
    for (const Json& every : {profile("SCMP_ACT_NOTIFY", {}), profile("SCMP_ACT_ALLOW", {"execve", "write", "read"})}) {
        const Finished finished = bundle.json("/linux/seccomp", every).sh("echo all").run();
        EXPECT_EQ(finished.out, "all\n") << finished.err;
        EXPECT_EQ(finished.status, 0);
    }
}

TEST_F(Notify, AFailedExecveIsToldAsEver) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of ocirt's messages";
    const SeccompAgent agent(socket(), {.system_call = __NR_execve, .errnum = EACCES});
    bundle.json("/linux/seccomp", profile("SCMP_ACT_NOTIFY", {})).sh("echo never");
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.status, 126) << finished.err;
    EXPECT_TRUE(finished.err.contains("permission denied")) << finished.err;
}

TEST_F(Notify, AProcessPutIntoTheContainer) {
    SeccompAgent agent(socket(), {.system_call = nr_mkdir, .errnum = ENOTTY});
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    const Json first = agent.state();
    const std::filesystem::path pid_file = bundle.scratch() / "pid";
    const Finished finished = bundle.exec({"/bin/sh", "-c", "mkdir /tmp/x; echo end"}, {"--pid-file", pid_file});
    EXPECT_EQ(finished.out, "end\n");
    EXPECT_TRUE(finished.err.contains("Inappropriate ioctl for device")) << finished.err;
    const Json second = agent.state();
    EXPECT_NE(second["pid"], first["pid"]);
    EXPECT_EQ(std::to_string(second["pid"].get<int>()), read_trimmed(pid_file));
    EXPECT_EQ(second["state"]["pid"], first["pid"]) << "the container's";
    EXPECT_EQ(second["state"]["status"], "running");
    EXPECT_EQ(bundle.command({"delete", "--force"}).status, 0);
}

TEST_F(Notify, AnExecWithoutAnAgentLeavesNoProcess) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of ocirt's messages";
    std::optional<SeccompAgent> agent(std::in_place, socket(), AgentAnswer{});
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    agent.reset();
    const Finished finished = bundle.exec({"/bin/true"});
    EXPECT_EQ(finished.status, 255);
    EXPECT_TRUE(finished.err.contains("connection refused (ECONNREFUSED)")) << finished.err;
    EXPECT_TRUE(finished.err.contains("the seccomp agent does not run")) << finished.err;
    EXPECT_EQ(bundle.command({"delete", "--force"}).status, 0);
}

TEST_F(Notify, InAUserNamespace) {
    const SeccompAgent agent(socket(), {.system_call = nr_mkdir, .errnum = ENOTTY});
    const Json map = Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}});
    bundle.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    bundle.user(1000, 1000).sh("mkdir /tmp/x; echo end");
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, "end\n") << finished.err;
    EXPECT_TRUE(finished.err.contains("Inappropriate ioctl for device")) << finished.err;
}

TEST_F(Notify, WithoutNoNewPrivilegesAndWithEveryFlag) {
    const SeccompAgent agent(socket(), {.system_call = nr_mkdir, .errnum = ENOTTY});
    Json seccomp = profile("SCMP_ACT_ALLOW", {"mkdir", "mkdirat"});
    seccomp["flags"] = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"};
    if (runtime_is_ocirt())
        seccomp["flags"] =
            Json::parse(bundle.command_without_id({"features"}).out)["linux"]["seccomp"]["supportedFlags"];
    EXPECT_GE(seccomp["flags"].size(), 2U);
    bundle.json("/linux/seccomp", seccomp).json("/process/noNewPrivileges", false);
    const Finished finished = bundle.sh("mkdir /tmp/x; echo end").run();
    EXPECT_EQ(finished.out, "end\n") << finished.err;
}

TEST_F(Notify, APathThatIsLongerThanASocketsAddress) {
    const std::filesystem::path deep = bundle.scratch() / std::string(100, 'd') / "s";
    std::filesystem::create_directories(deep.parent_path());
    const SeccompAgent agent(socket(), {});
    std::filesystem::rename(socket(), deep);
    Json seccomp = profile("SCMP_ACT_ALLOW", {"mkdir", "mkdirat"});
    seccomp["listenerPath"] = deep;
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers are bound to 108 bytes";
    EXPECT_EQ(bundle.json("/linux/seccomp", seccomp).sh("mkdir /tmp/x && echo made").run().out, "made\n");
}

// "If the SCMP_ACT_NOTIFY action is not used this value is ignored."
TEST_F(Notify, NobodyIsAskedWhereNothingNotifies) {
    Json seccomp = profile("SCMP_ACT_ALLOW", {"mkdir", "mkdirat"});
    seccomp["syscalls"][0]["action"] = "SCMP_ACT_ERRNO";
    EXPECT_EQ(bundle.json("/linux/seccomp", seccomp).sh("echo runs").run().out, "runs\n");
}

}  // namespace
}  // namespace ocirt::test
