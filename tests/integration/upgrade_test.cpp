// Containers that outlive the ocirt that made them: another version, or another file, looks after them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// As the first `create` wrote it, of a container with the tests' default config. What is null is the container's own.
constexpr const char* first_record = R"json({"ociVersion":"1.0.2","id":null,"bundle":null,"ocirt":{"version":1,
"rootfs":null,"created":"2026-11-22T13:33:00.098519689Z","bootId":null,"complete":true,"pid":null,"startTime":null,
"ownPidNamespace":true,"useCgroups":true,"owner":0,"cgroups":null,"poststart":[],"poststop":[],"startSteps":[
{"index":63,"op":31,"pointer":"/process/rlimits/0","sentence":"limit nofile to 1024 (hard 1024)"},
{"index":64,"op":33,"pointer":"/process/noNewPrivileges","sentence":"forbid new privileges"},
{"index":65,"op":34,"pointer":"/process/capabilities/bounding","sentence":"drop the bounding set to 3 capabilities"},
{"index":66,"op":35,"pointer":"/process/user","sentence":"become user 0, group 0"},
{"index":67,"op":36,"pointer":"/process/capabilities",
"sentence":"set capabilities: effective 3, permitted 3, inheritable none, ambient none"},
{"index":68,"op":28,"pointer":"/process/cwd","sentence":"change to the working directory /, if only the user may"},
{"index":69,"op":32,"pointer":"/process/user/umask","sentence":"set the umask to 0022"},
{"index":null,"op":39,"pointer":"/process/args/0","sentence":"exec: \"/bin/program\""}]}})json";

constexpr const char* until_killed = "trap 'exit 7' TERM; echo up; sleep 1000 & wait";

class Upgrade : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the record is ocirt's";
    }

    // The state directory becomes the one that the first ocirt would have left for this container.
    void make_old() {
        const Json today = Json::parse(read_file(directory() / "state.json"));
        Json record = Json::parse(first_record);
        for (const char* own :
             {"/id", "/bundle", "/ocirt/rootfs", "/ocirt/bootId", "/ocirt/pid", "/ocirt/startTime", "/ocirt/cgroups"})
            record[Json::json_pointer(own)] = today[Json::json_pointer(own)];
        record["ocirt"]["startSteps"].back()["index"] = today["ocirt"]["startSteps"].back()["index"];
        std::ofstream(directory() / "state.json") << record.dump();
        ASSERT_TRUE(fs::remove(directory() / "config.json"));
        for (const fs::directory_entry& entry : fs::directory_iterator(directory()))
            ASSERT_TRUE((std::set<std::string>{"state.json", "start.sock"}).contains(entry.path().filename()))
                << entry.path() << " was not there in those days";
    }

    void expect_listed(const std::string& status) {
        const Json listed = Json::parse(bundle.command_without_id({"list", "--format", "json"}).out, nullptr, false);
        ASSERT_EQ(listed.size(), 1U) << listed;
        EXPECT_EQ(listed[0]["id"], bundle.id());
        EXPECT_EQ(listed[0]["status"], status);
        EXPECT_EQ(bundle.state()["status"], status);
        EXPECT_EQ(bundle.state()["pid"], listed[0]["pid"]);
    }

    void expect_end() {
        EXPECT_TRUE(bundle.wait_for_status("stopped"));
        const Finished removed = bundle.remove();
        EXPECT_EQ(removed.status, 0) << removed.err;
        EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    }

    [[nodiscard]] fs::path directory() const { return bundle.scratch() / "state" / bundle.id(); }

    Bundle bundle;
};

TEST_F(Upgrade, ARunningContainerOfTheFirstOcirtIsLookedAfter) {
    ASSERT_TRUE(bundle.sh(until_killed).launch());
    make_old();
    expect_listed("running");
    const Finished executed = bundle.exec({"/bin/sh", "-c", "echo $TERM; cat /proc/1/comm"});
    EXPECT_EQ(executed.out, "xterm\nsh\n") << executed.err;
    for (const char* change : {"pause", "resume"}) {
        const Finished finished = bundle.command({change});
        EXPECT_EQ(finished.status, 0) << change << ": " << finished.err;
    }
    const Finished killed = bundle.kill("KILL");
    EXPECT_EQ(killed.status, 0) << killed.err;
    expect_end();
}

TEST_F(Upgrade, ACreatedContainerOfTheFirstOcirtIsStarted) {
    ASSERT_EQ(bundle.sh("echo up").create().status, 0) << bundle.log();
    make_old();
    expect_listed("created");
    const Finished started = bundle.start();
    EXPECT_EQ(started.status, 0) << started.err;
    EXPECT_EQ(bundle.output().out, "up\n");
    expect_end();
}

// Ops had other numbers then: 39 is SetCapabilities today.
TEST_F(Upgrade, WhyACreatedContainerOfTheFirstOcirtDoesNotStartIsTold) {
    bundle.file("/bin/program", "#!/bin/true\n").args({"/bin/program"});
    ASSERT_EQ(bundle.create().status, 0) << bundle.log();
    make_old();
    fs::remove(bundle.rootfs() / "bin/program");
    const Finished started = bundle.start();
    EXPECT_EQ(started.status, 127) << started.err;
    EXPECT_TRUE(started.err.contains("/process/args/0: exec: \"/bin/program\"")) << started.err;
    EXPECT_TRUE(started.err.contains("no such file or directory")) << started.err;
}

// As a package manager does it: the new file is renamed over the old one.
class Replacement : public ::testing::Test {
   protected:
    void install() const {
        const fs::path fresh = installed.string() + ".new";
        fs::copy_file(runtime_path(), fresh);
        fs::rename(fresh, installed);
    }
    [[nodiscard]] Process begin(const Bundle& bundle, const std::vector<std::string>& words) const {
        bundle.write_config();
        Command command = bundle.make_command(words);
        command.args[0] = installed;
        return Process(command);
    }
    [[nodiscard]] Finished run(const Bundle& bundle, const std::vector<std::string>& words) const {
        return begin(bundle, words).wait();
    }

    Bundle detached;
    Bundle foreground;
    const fs::path installed = detached.scratch() / fs::path(runtime_path()).filename();
};

TEST_F(Replacement, RunningContainersAreLookedAfter) {
    const fs::path ended = foreground.scratch() / "ended";
    detached.sh(until_killed);
    foreground.sh(until_killed).hook("poststop", {"/bin/sh", "-c", "echo yes > " + ended.string()});
    install();
    Process created = begin(detached, {"create", "--bundle", detached.path(), detached.id()});
    ASSERT_EQ(created.wait().status, 0);
    ASSERT_EQ(run(detached, {"start", detached.id()}).status, 0);
    Process running = begin(foreground, {"run", "--bundle", foreground.path(), foreground.id()});
    ASSERT_TRUE(running.wait_for("up\n"));

    install();
    ASSERT_TRUE(fs::read_symlink("/proc/" + std::to_string(running.pid()) + "/exe").string().ends_with(" (deleted)"));
    for (const Bundle* bundle : {&detached, &foreground})
        EXPECT_EQ(run(*bundle, {"exec", bundle->id(), "echo", "here"}).out, "here\n");
    EXPECT_EQ(run(detached, {"kill", detached.id(), "KILL"}).status, 0);
    EXPECT_EQ(run(foreground, {"kill", foreground.id(), "TERM"}).status, 0);
    EXPECT_EQ(running.wait().status, 7);
    EXPECT_EQ(read_file(ended), "yes\n");
    EXPECT_TRUE(detached.wait_for_status("stopped"));
    EXPECT_EQ(run(detached, {"delete", detached.id()}).status, 0);
    for (const Bundle* bundle : {&detached, &foreground}) EXPECT_EQ(bundle->leaks(), std::vector<std::string>{});
}

}  // namespace
}  // namespace ocirt::test
