// Many containers, one after the other and at once, and what is left of those that went wrong: state of a former boot,
// half-written state, ids that are used again.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "common/syscall.h"
#include "runtime/lifecycle/create.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/remove.h"
#include "runtime/lifecycle/start.h"
#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

std::size_t descriptor_count() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

fs::path record_of(const Bundle& bundle) { return bundle.scratch() / "state" / bundle.id() / "state.json"; }

Json read_record(const Bundle& bundle) { return Json::parse(read_file(record_of(bundle)), nullptr, false); }

void write_record(const Bundle& bundle, const Json& record) { std::ofstream(record_of(bundle)) << record.dump(); }

bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// ---- One after the other -------------------------------------------------------------------------------------------

TEST(Cycles, AThousandLeaveNothing) {
    Bundle bundle;
    bundle.args({"/bin/true"}).write_config();
    const Command create = bundle.make_command({"create", "--bundle", bundle.path(), bundle.id()});
    const Command start = bundle.make_command({"start", bundle.id()});
    const Command remove = bundle.make_command({"delete", "--force", bundle.id()});
    const std::size_t descriptors = descriptor_count();
    for (int i = 0, cycles = asked("OCIRT_TEST_CYCLES", 1000); i < cycles; ++i) {
        for (const Command* command : {&create, &start, &remove}) {
            const Finished finished = test::run(*command);
            ASSERT_EQ(finished.status, 0) << "cycle " << i << ": " << finished.err;
            ASSERT_EQ(finished.err, "") << "cycle " << i;
        }
        reap_orphans();
    }
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    EXPECT_EQ(descriptor_count(), descriptors);
}

// The same code inside one long-lived process, as a shim will use it: descriptors and mappings stay what they were.
TEST(Cycles, InOneProcessKeepItsDescriptorsAndMappings) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the code is ocirt's";
    Bundle bundle;
    bundle.args({"/bin/true"}).write_config();
    const lifecycle::CreateRequest request{
        .root = bundle.scratch() / "state", .id = bundle.id(), .bundle = bundle.path(), .pid_file = {}};
    const auto cycle = [&] {
        Result<lifecycle::Created> created = lifecycle::create(request);
        ASSERT_TRUE(created) << render(created.error());
        const Result<> started = lifecycle::start(created->container, "", Log());
        ASSERT_TRUE(started) << render(started.error());
        ASSERT_EQ(lifecycle::reap(created->pidfd).value_or(-1), 0);
        ASSERT_TRUE(lifecycle::remove(created->container, false));
    };
    const auto mappings = [] { return split_lines(read_file("/proc/self/maps")).size(); };
    for (int i = 0; i < 5 && !HasFailure(); ++i) cycle();
    const std::size_t descriptors_before = descriptor_count();
    const std::size_t mappings_before = mappings();
    for (int i = 0; i < 200 && !HasFailure(); ++i) cycle();
    EXPECT_EQ(descriptor_count(), descriptors_before);
    EXPECT_LE(mappings(), mappings_before + 4);  // the allocator's own
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// A config that cannot be carried out fails as often without a trace.
TEST(Cycles, FailuresInOneProcessKeepItsDescriptors) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the code is ocirt's";
    Bundle bundle;
    bundle.args({"/bin/no-such-program"}).write_config();
    const lifecycle::CreateRequest request{
        .root = bundle.scratch() / "state", .id = bundle.id(), .bundle = bundle.path(), .pid_file = {}};
    EXPECT_FALSE(lifecycle::create(request));
    const std::size_t before = descriptor_count();
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(lifecycle::create(request));
    EXPECT_EQ(descriptor_count(), before);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// ---- At once -------------------------------------------------------------------------------------------------------

TEST(Parallel, TwoHundredLeaveNothing) {
    Bundle bundle;
    bundle.args({"/bin/true"}).write_config();
    Json config = Json::parse(read_file(bundle.path() / "config.json"));
    std::vector<Process> running;
    for (int i = 0; i < 200; ++i) {
        const std::string id = bundle.id() + "-" + std::to_string(i);
        const std::string name = "config-" + std::to_string(i) + ".json";
        config["linux"]["cgroupsPath"] = bundle.cgroups_path() + "-" + std::to_string(i);
        std::ofstream(bundle.path() / name) << config.dump();
        running.emplace_back(bundle.make_command({"run", "--bundle", bundle.path(), "--config", name, id}));
    }
    for (Process& process : running) {
        const Finished finished = process.wait(std::chrono::seconds(90));
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(finished.err, "");
    }
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    for (const CgroupMount& mount : cgroup_mounts())
        for (int i = 0; i < 200; ++i) {
            const fs::path left =
                mount.path / fs::path(bundle.cgroups_path() + "-" + std::to_string(i)).relative_path();
            EXPECT_FALSE(fs::exists(left)) << left;
        }
}

TEST(Parallel, OneOfManyGetsAnId) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"}).write_config();
    std::vector<Process> creating;
    for (int i = 0; i < 20; ++i)
        creating.emplace_back(bundle.make_command({"create", "--bundle", bundle.path(), bundle.id()}));
    int created = 0;
    for (Process& process : creating) created += process.wait().status == 0 ? 1 : 0;
    EXPECT_EQ(created, 1);
    EXPECT_EQ(bundle.state()["status"], "created");
}

TEST(Parallel, DeletesOfOneContainer) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    for (int round = 0; round < 5; ++round) {
        ASSERT_EQ(bundle.create().status, 0) << bundle.log();
        ASSERT_EQ(bundle.start().status, 0);
        std::vector<Process> deleting;
        for (int i = 0; i < 8; ++i) deleting.emplace_back(bundle.make_command({"delete", "--force", bundle.id()}));
        for (Process& process : deleting) {
            const Finished finished = process.wait();
            EXPECT_EQ(finished.status, 0) << finished.err;
        }
        EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    }
}

// Whoever waited for the lock must look again: the container may be another one by then.
TEST(Parallel, DeleteWaitsForCreateAndKnowsWhatItMade) {
    for (const bool use_cgroups : {true, false}) {
        Bundle bundle;
        if (!use_cgroups) bundle.global_option("--cgroup-manager").global_option("disabled");
        bundle.args({"/bin/sleep", "1000"}).hook("prestart", {"/bin/sleep", "1"}).write_config();
        Process create(bundle.make_command({"create", "--bundle", bundle.path(), bundle.id()}));
        const auto until = std::chrono::steady_clock::now() + deadline;
        while (!fs::exists(record_of(bundle)) && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(bundle.command({"state"}).out.contains("creating"), true);
        const Finished removed = bundle.remove(true);
        EXPECT_EQ(removed.status, 0) << removed.err;
        EXPECT_EQ(create.wait().status, 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_EQ(bundle.leaks(), std::vector<std::string>{}) << "cgroups: " << use_cgroups;
    }
}

TEST(Parallel, DeleteOfAContainerThatRunWaitsFor) {
    Bundle bundle;
    bundle.sh("echo ready; sleep 1000");
    Process run = bundle.run_in_background();
    ASSERT_TRUE(run.wait_for("ready\n"));
    const auto begin = std::chrono::steady_clock::now();
    const Finished removed = bundle.remove(true);
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    const Finished finished = run.wait();
    EXPECT_EQ(finished.status, 128 + SIGKILL);
    EXPECT_EQ(finished.err, "");
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// ---- State that is not what it seems -------------------------------------------------------------------------------

// The record of a former boot: its pid and its cgroup, if they are there, are someone else's.
TEST(StaleState, OfAFormerBootHarmsNobody) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the record is ocirt's";
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(bundle.create().status, 0);
    ASSERT_EQ(bundle.start().status, 0);
    const pid_t pid = bundle.state()["pid"].get<pid_t>();
    const Json record = read_record(bundle);
    Json stale = record;
    stale["ocirt"]["bootId"] = "00000000-0000-0000-0000-000000000000";
    write_record(bundle, stale);

    EXPECT_EQ(bundle.state()["status"], "stopped");
    EXPECT_NE(bundle.start().status, 0);
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, std::vector<std::string>{"--all"}}) {
        const Finished killed = bundle.kill("KILL", more);
        EXPECT_NE(killed.status, 0);
        EXPECT_TRUE(killed.err.contains("container not running")) << killed.err;
    }
    EXPECT_EQ(bundle.remove().status, 0);
    EXPECT_FALSE(fs::exists(record_of(bundle).parent_path()));
    EXPECT_TRUE(is_alive(pid)) << "the process of someone else was killed";

    // Its real owner can be deleted as ever.
    fs::create_directory(record_of(bundle).parent_path());
    write_record(bundle, record);
    EXPECT_EQ(bundle.state()["status"], "running");
}

// Threat C8: the pid has come to mean another process.
TEST(StaleState, OfARecycledPidHarmsNobody) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the record is ocirt's";
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "1000"}).create().status, 0);
    ASSERT_EQ(bundle.start().status, 0);
    ASSERT_EQ(bundle.kill("KILL").status, 0);
    ASSERT_TRUE(bundle.wait_for_status("stopped"));
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // processes' start times count in 10 ms
    Process bystander({.args = {"/bin/sleep", "1000"}});
    Json record = read_record(bundle);
    record["ocirt"]["pid"] = bystander.pid();
    write_record(bundle, record);
    EXPECT_EQ(bundle.state()["status"], "stopped");
    EXPECT_NE(bundle.kill("KILL").status, 0);
    EXPECT_NE(bundle.start().status, 0);
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_TRUE(is_alive(bystander.pid()));
    EXPECT_EQ(bystander.wait(std::chrono::milliseconds(50)).status, -1) << "it was not the test that ended it";
}

struct Wreck {
    const char* name;
    std::string text;  // of state.json
};
void PrintTo(const Wreck& wreck, std::ostream* stream) { *stream << wreck.name; }

class Wrecked : public ::testing::TestWithParam<Wreck> {};

// A half-written or damaged record: told in one line, no obstacle for others, removed by force.
TEST_P(Wrecked, IsListedAndRemovedByForce) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the record is ocirt's";
    Bundle bundle;
    fs::create_directory(record_of(bundle).parent_path());
    std::ofstream(record_of(bundle)) << GetParam().text;
    const Finished listed = bundle.command_without_id({"list"});
    EXPECT_EQ(listed.status, 0) << listed.err;
    EXPECT_TRUE(listed.out.contains(bundle.id())) << listed.out;
    for (const char* command : {"state", "start", "kill"}) {
        const Finished finished = bundle.command({command});
        EXPECT_EQ(finished.status, 1) << command << finished.err;
        EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << command << finished.err;
    }
    EXPECT_NE(bundle.create().status, 0) << "the id is in use";
    const Finished removed = bundle.remove(true);
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    EXPECT_EQ(bundle.args({"/bin/true"}).run().status, 0) << "the id can be used again";
}

INSTANTIATE_TEST_SUITE_P(
    Records, Wrecked,
    ::testing::Values(Wreck{"empty", ""}, Wreck{"blank", "\n"}, Wreck{"truncated", R"({"ociVersion":"1.0.2","id":"t)"},
                      Wreck{"array", "[]"}, Wreck{"object", "{}"}, Wreck{"deep", std::string(1000000, '[')},
                      Wreck{"types", R"({"id":1,"bundle":2,"ociVersion":3,"ocirt":{"version":1}})"},
                      Wreck{"binary", std::string("\0\xff\xfe{", 4)}));

TEST(StaleState, OnlyADirectoryIsAContainerThatNeverWas) {
    Bundle bundle;
    fs::create_directory(record_of(bundle).parent_path());
    if (runtime_is_ocirt()) {
        std::ofstream(record_of(bundle).string() + ".new") << R"({"ociVersion":"1.)";
        EXPECT_EQ(bundle.state()["status"], "stopped");
    }
    EXPECT_EQ(bundle.command_without_id({"list"}).status, 0);
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// What was written by a later ocirt may be a container that runs: it is not ours to throw away.
TEST(StaleState, OfALaterVersionIsLeftAlone) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the record is ocirt's";
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "1000"}).create().status, 0);
    const Json record = read_record(bundle);
    Json later = record;
    later["ocirt"]["version"] = 1000;
    write_record(bundle, later);
    const Finished removed = bundle.remove(true);
    EXPECT_EQ(removed.status, 1);
    EXPECT_TRUE(removed.err.contains("version 1000")) << removed.err;
    EXPECT_TRUE(fs::exists(record_of(bundle)));
    write_record(bundle, record);
}

TEST(StaleState, LinksInTheStateDirectoryLeadNowhere) {
    Bundle bundle;
    const fs::path victim = bundle.scratch() / "victim";
    fs::create_directory(victim);
    std::ofstream(victim / "state.json") << "{}";
    fs::create_directory_symlink(victim, record_of(bundle).parent_path());
    EXPECT_NE(bundle.command({"state"}).status, 0);
    EXPECT_NE(bundle.create().status, 0);
    bundle.remove(true);
    EXPECT_TRUE(fs::exists(victim / "state.json"));
    fs::remove(record_of(bundle).parent_path());
}

}  // namespace
}  // namespace ocirt::test
