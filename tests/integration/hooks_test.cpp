// /hooks: the six kinds, what they are given, and what happens when one fails.
#include <gtest/gtest.h>

#include <fstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

constexpr const char* kinds[] = {"prestart",       "createRuntime", "createContainer",
                                 "startContainer", "poststart",     "poststop"};

// Writes into a file of the host. Hooks of the container's root write through the bind mount at the same path.
class Hooks : public ::testing::Test {
   protected:
    Hooks() {
        std::filesystem::create_directory(shared);
        bundle.mount({.destination = shared, .type = "bind", .source = shared, .options = {"bind"}});
    }
    Bundle& hook(const std::string& kind, const std::string& script, std::optional<int> timeout = std::nullopt) {
        return bundle.hook(kind, {"/bin/sh", "-c", script}, timeout);
    }
    [[nodiscard]] std::string written(const std::string& name) const { return read_file(shared / name); }

    Bundle bundle;
    const std::filesystem::path shared = bundle.scratch() / "shared";
};

TEST_F(Hooks, RunInTheirOrder) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 runs poststart hooks before start";
    for (const char* kind : kinds) hook(kind, "echo " + std::string(kind) + " >> " + (shared / "order").string());
    bundle.sh("echo program >> " + (shared / "order").string());
    EXPECT_EQ(bundle.create().status, 0) << bundle.log();
    EXPECT_EQ(written("order"), "prestart\ncreateRuntime\ncreateContainer\n");
    EXPECT_EQ(bundle.start().status, 0);
    bundle.output();
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
    EXPECT_EQ(bundle.remove().status, 0);
    std::vector<std::string> order = split_lines(written("order"));
    ASSERT_EQ(order.size(), 7U);
    EXPECT_EQ(order[3], "startContainer");
    // What it does at once, poststart hooks see; where ten milliseconds are few for that, in an emulated machine, they
    // may not.
    if (patience() > 1 && order[4] == "poststart") std::swap(order[4], order[5]);
    EXPECT_EQ(order[4], "program");
    EXPECT_EQ(order[5], "poststart");
    EXPECT_EQ(order[6], "poststop");
}

TEST_F(Hooks, AreGivenTheState) {
    for (const char* kind : kinds) hook(kind, "cat > " + (shared / kind).string());
    bundle.json("/annotations", {{"org.example", "yes"}}).args({"/bin/true"});
    ASSERT_EQ(bundle.run().status, 0) << bundle.log();
    for (const char* kind : kinds) {
        const Json state = Json::parse(written(kind), nullptr, false);
        ASSERT_TRUE(state.is_object()) << kind << ": " << written(kind);
        EXPECT_EQ(state["id"], bundle.id()) << kind;
        EXPECT_EQ(state["bundle"], bundle.path().string()) << kind;
        EXPECT_EQ(state["annotations"]["org.example"], "yes") << kind;
        EXPECT_TRUE(state["ociVersion"].is_string()) << kind;
    }
    // As seen from where the hook runs.
    for (const char* kind : {"prestart", "createRuntime", "poststart"})
        EXPECT_GT(Json::parse(written(kind)).value("pid", 0), 1) << kind;
    for (const char* kind : {"createContainer", "startContainer"})
        EXPECT_EQ(Json::parse(written(kind)).value("pid", 0), 1) << kind;
    const auto status = [&](const char* kind) { return Json::parse(written(kind))["status"]; };
    for (const char* kind : {"prestart", "createRuntime", "createContainer", "startContainer"})
        EXPECT_EQ(status(kind), runtime_is_ocirt() || kind == std::string("startContainer") ? "created" : "creating");
    EXPECT_EQ(status("poststart"), runtime_is_ocirt() ? "running" : "created");
    EXPECT_EQ(status("poststop"), "stopped");
}

TEST_F(Hooks, RunInTheNamespaceOfTheirKind) {
    for (const char* kind : {"createRuntime", "createContainer", "startContainer", "poststart"})
        hook(kind, "readlink /proc/self/ns/mnt > " + (shared / kind).string());
    ASSERT_EQ(bundle.run().status, 0) << bundle.log();
    EXPECT_EQ(written("createRuntime"), written("poststart"));
    EXPECT_EQ(written("createContainer"), written("startContainer"));
    EXPECT_NE(written("createRuntime"), written("createContainer"));
}

TEST_F(Hooks, ArgsAndEnvAreExact) {
    // A shell adds some of its own.
    const std::string script =
        "for w in \"$0\" \"$@\"; do echo \"<$w>\"; done > $OUT; "
        "/bin/env | /bin/grep -vE '^(PWD|OLDPWD|SHLVL|_)=' | sort >> $OUT";
    for (const char* kind : kinds) {
        const Json env = {"PATH=/usr/bin:/bin", "A=1=2", "EMPTY=", "OUT=" + (shared / kind).string()};
        bundle.json(
            std::string("/hooks/") + kind,
            Json::array({{{"path", "/bin/sh"}, {"args", {"sh", "-c", script, "name", "a b", ""}}, {"env", env}}}));
    }
    ASSERT_EQ(bundle.args({"/bin/true"}).run().status, 0) << bundle.log();
    for (const char* kind : kinds)
        EXPECT_EQ(written(kind),
                  "<name>\n<a b>\n<>\nA=1=2\nEMPTY=\nOUT=" + (shared / kind).string() + "\nPATH=/usr/bin:/bin\n")
            << kind;
}

TEST_F(Hooks, ABeforeStartFailureLeavesNothing) {
    for (const char* kind : {"prestart", "createRuntime", "createContainer"}) {
        Bundle other;
        other.hook(kind, {"/bin/sh", "-c", "echo broken >&2; exit 7"});
        const Finished finished = other.create();
        EXPECT_NE(finished.status, 0) << kind;
        EXPECT_EQ(other.leaks(), std::vector<std::string>{}) << kind;
    }
}

TEST_F(Hooks, AStartContainerFailureEndsTheContainer) {
    hook("startContainer", "exit 7").sh("echo never");
    ASSERT_EQ(bundle.create().status, 0);
    if (runtime_is_ocirt()) {
        EXPECT_NE(bundle.start().status, 0);
    } else {
        bundle.start();
    }
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
    EXPECT_EQ(bundle.output().out, "");
}

TEST_F(Hooks, PoststopFailureIsAWarning) {
    hook("poststop", "exit 1").args({"/bin/true"});
    EXPECT_EQ(bundle.run().status, 0);
}

// runtime.md "Lifecycle", step 13: the remaining hooks run. (runc 1.1.5 stops at the first that fails.)
TEST_F(Hooks, APoststopFailureKeepsNoneFromRunning) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 ends the list";
    hook("poststop", "exit 1");
    hook("poststop", "echo second > " + (shared / "ran").string()).args({"/bin/true"});
    EXPECT_EQ(bundle.run().status, 0);
    EXPECT_EQ(written("ran"), "second\n");
}

TEST_F(Hooks, TimeoutEndsTheHook) {
    for (const char* kind : {"prestart", "createRuntime", "createContainer"}) {
        Bundle other;
        other.hook(kind, {"/bin/sh", "-c", "exec sleep 1000"}, 1);
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_NE(other.create().status, 0) << kind;
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << kind;
    }
}

TEST_F(Hooks, AMissingProgramIsRefused) {
    bundle.hook("createRuntime", {"/no/such/hook"});
    EXPECT_NE(bundle.create().status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// What GPU stacks do to a container that is being created (libnvidia-container, from a prestart or createRuntime hook):
// by the pid of the state they enter its mount namespace, where the rootfs is what the host's path leads to, and bind
// libraries and device nodes into it; the rules of v1's devices cgroup are extended from outside.
class InjectingHooks : public Hooks {
   protected:
    InjectingHooks() {
        std::filesystem::create_directory(source);
        std::ofstream(source / "library") << "of the host\n";
        bundle.directory("/usr/injected")
            .sh("cat /usr/injected/library; test -c /dev/gpu && true 3>/dev/gpu && echo opened");
    }

    // `enter` is what comes before a command that shall see the container's mounts.
    [[nodiscard]] std::string inject_library(const std::string& enter = by_pid) const {
        return read_pid + enter + "mount --bind " + source.string() + " " + bundle.rootfs().string() +
               "/usr/injected\n";
    }
    [[nodiscard]] std::string inject_device() const {
        const std::string node = bundle.rootfs() / "dev/gpu";
        return by_pid + ("touch " + node + "\n") + by_pid + "mount --bind /dev/kmsg " + node + "\n";
    }
    [[nodiscard]] std::string allow_device() const {
        return "echo 'c 1:11 rw' > " + (*bundle.cgroup("devices") / "devices.allow").string();
    }
    void expect_output(const std::string& text, const std::vector<std::string>& options = {}) {
        const Finished finished = bundle.run(options);
        EXPECT_EQ(finished.out, text) << finished.err << bundle.log();
    }

    static constexpr const char* read_pid = "set -e; pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/')\n";
    static constexpr const char* by_pid = "nsenter --target $pid --mount ";
    const std::filesystem::path source = bundle.scratch() / "source";
};

TEST_F(InjectingHooks, MountsAreThereWhenTheProgramRuns) {
    for (const char* kind : {"prestart", "createRuntime"}) {
        SCOPED_TRACE(kind);
        hook(kind, inject_library() + inject_device());
        expect_output("of the host\n");
        bundle.erase("/hooks");
    }
}

// It runs in the container's mount namespace already.
TEST_F(InjectingHooks, MountsOfCreateContainerAreThere) {
    hook("createContainer", inject_library(""));
    expect_output("of the host\n");
}

TEST_F(InjectingHooks, MountsIntoAUserNamespaceAreThere) {
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    hook("createRuntime", inject_library());
    expect_output("of the host\n");
}

TEST_F(InjectingHooks, MountsAreThereWithoutPivotRoot) {
    hook("createRuntime", inject_library());
    expect_output("of the host\n", {"--no-pivot"});
}

// On v2 the rules are a program, and such hooks put one of their own in its place.
TEST_F(InjectingHooks, DeviceRulesStayAsTheyLeftThem) {
    if (!bundle.cgroup("devices")) GTEST_SKIP() << "SKIP: this host has no v1 devices cgroup to write rules to";
    for (const char* kind : {"prestart", "createRuntime"}) {
        SCOPED_TRACE(kind);
        hook(kind, inject_library() + inject_device() + allow_device());
        expect_output("of the host\nopened\n");
        bundle.erase("/hooks");
    }
}

}  // namespace
}  // namespace ocirt::test
