// ps, pause, resume, update, events, and many containers by a regular expression.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A container that runs until it is killed.
void start_sleeper(Bundle& bundle) {
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    ASSERT_EQ(created.status, 0) << created.err << bundle.log();
    ASSERT_EQ(bundle.start().status, 0) << bundle.log();
}

TEST(Pause, StopsEveryProcessUntilResumed) {
    Bundle bundle;
    start_sleeper(bundle);
    EXPECT_EQ(bundle.command({"pause"}).status, 0) << bundle.log();
    EXPECT_EQ(bundle.state()["status"], "paused");
    const Finished again = bundle.command({"pause"});
    EXPECT_NE(again.status, 0);
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(has(again.err, "container not running: it is paused")) << again.err;
    }
    EXPECT_EQ(bundle.command({"resume"}).status, 0) << bundle.log();
    EXPECT_EQ(bundle.state()["status"], "running");
    const Finished too_often = bundle.command({"resume"});
    EXPECT_NE(too_often.status, 0);
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(has(too_often.err, "container not paused: it is running")) << too_often.err;
    }
}

TEST(Pause, OneThatIsOnlyCreatedStaysSo) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/true"}).create().status, 0);
    EXPECT_EQ(bundle.command({"pause"}).status, 0) << bundle.log();
    EXPECT_EQ(bundle.state()["status"], "paused");
    EXPECT_EQ(bundle.command({"resume"}).status, 0) << bundle.log();
    EXPECT_EQ(bundle.state()["status"], "created");
}

TEST(Pause, KillEndsAPausedContainer) {
    Bundle bundle;
    start_sleeper(bundle);
    ASSERT_EQ(bundle.command({"pause"}).status, 0);
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
}

TEST(Pause, NotOfAStoppedContainer) {
    Bundle bundle;
    start_sleeper(bundle);
    ASSERT_EQ(bundle.kill("KILL").status, 0);
    ASSERT_TRUE(bundle.wait_for_status("stopped"));
    for (const char* command : {"pause", "resume", "ps", "update", "events"}) {
        std::vector<std::string> words{command};
        if (words[0] == "update") words.insert(words.end(), {"--pids-limit", "50"});
        EXPECT_NE(bundle.command(words).status, 0) << command;
    }
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(has(bundle.command({"ps"}).err, "container not running"));
    }
}

TEST(Ps, ListsTheWholeContainer) {
    Bundle bundle;
    ASSERT_EQ(bundle.sh("sleep 1000 & sleep 1001 & echo up; wait").create().status, 0);
    ASSERT_EQ(bundle.start().status, 0);
    const int init = bundle.state()["pid"].get<int>();
    Json pids;
    for (int i = 0; i < 3000 && pids.size() != 3; ++i)
        pids = Json::parse(bundle.command({"ps", "--format", "json"}).out, nullptr, false);
    ASSERT_EQ(pids.size(), 3u) << pids;
    EXPECT_EQ(std::ranges::count(pids, Json(init)), 1);
    const Finished table = bundle.command({"ps"});
    EXPECT_EQ(table.status, 0) << table.err;
    const auto lines = split_lines(table.out);
    ASSERT_GE(lines.size(), 4u) << table.out;
    EXPECT_TRUE(has(lines[0], "UID") && has(lines[0], "PID") && has(lines[0], "CMD")) << table.out;
    EXPECT_TRUE(has(table.out, "sleep 1000") && has(table.out, "sleep 1001")) << table.out;
    EXPECT_FALSE(has(table.out, "gtest")) << table.out;
}

TEST(Ps, TakesOptionsOfPsBehindTheId) {
    Bundle bundle;
    start_sleeper(bundle);
    const std::string pid = std::to_string(bundle.state()["pid"].get<int>());
    const Finished columns = bundle.command_without_id({"ps", bundle.id(), "-o", "pid,comm"});
    EXPECT_EQ(columns.status, 0) << columns.err;
    EXPECT_TRUE(has(columns.out, pid + " sleep")) << columns.out;
    EXPECT_EQ(bundle.command_without_id({"ps", bundle.id(), "-ef"}).status, 0);
    if (!runtime_is_ocirt()) return;
    EXPECT_EQ(bundle.command_without_id({"ps", bundle.id(), "-f", "json"}).out, "[" + pid + "]\n");
    const Finished refused = bundle.command_without_id({"ps", bundle.id(), "aux"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(has(refused.err, "\"aux\"")) << refused.err;
}

// Where a limit stands, on v1 and v2.
struct Limit {
    std::vector<std::string> options;
    const char* controller;
    const char* v1_file;
    const char* v1_text;
    const char* v2_file;
    const char* v2_text;
};
void PrintTo(const Limit& limit, std::ostream* stream) { *stream << limit.options.front(); }

class Update : public ::testing::TestWithParam<Limit> {};

TEST_P(Update, ChangesTheLimit) {
    const Limit& limit = GetParam();
    const auto mount = find_controller(limit.controller);
    if (!mount) GTEST_SKIP() << "SKIP: this host has no cgroup controller " << limit.controller;
    Bundle bundle;
    start_sleeper(bundle);
    std::vector<std::string> words{"update"};
    words.insert(words.end(), limit.options.begin(), limit.options.end());
    const Finished updated = bundle.command(words);
    ASSERT_EQ(updated.status, 0) << updated.err;
    EXPECT_EQ(bundle.cgroup_file(limit.controller, mount->v2 ? limit.v2_file : limit.v1_file),
              mount->v2 ? limit.v2_text : limit.v1_text);
}

INSTANTIATE_TEST_SUITE_P(
    Options, Update,
    ::testing::Values(
        Limit{{"--memory", "32m"}, "memory", "memory.limit_in_bytes", "33554432", "memory.max", "33554432"},
        Limit{{"--memory-reservation", "16m"},
              "memory",
              "memory.soft_limit_in_bytes",
              "16777216",
              "memory.low",
              "16777216"},
        Limit{{"--memory", "32m", "--memory-swap", "64m"},
              "memory",
              "memory.memsw.limit_in_bytes",
              "67108864",
              "memory.swap.max",
              "33554432"},
        Limit{{"--cpu-quota", "50000"}, "cpu", "cpu.cfs_quota_us", "50000", "cpu.max", "50000 100000"},
        Limit{{"--cpu-period", "50000"}, "cpu", "cpu.cfs_period_us", "50000", "cpu.max", "max 50000"},
        Limit{{"--cpu-share", "512"}, "cpu", "cpu.shares", "512", "cpu.weight", "59"},
        Limit{{"--cpuset-cpus", "0"}, "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"},
        Limit{{"--cpuset-mems", "0"}, "cpuset", "cpuset.mems", "0", "cpuset.mems", "0"},
        Limit{{"--pids-limit", "55"}, "pids", "pids.max", "55", "pids.max", "55"},
        Limit{{"--pids-limit", "-1"}, "pids", "pids.max", "max", "pids.max", "max"}));

// Up and down again: memory.limit <= memory.memsw.limit holds at any time on v1.
TEST(UpdateMemory, AndSwapInAnyOrder) {
    if (!find_controller("memory")) GTEST_SKIP() << "SKIP: this host has no cgroup controller memory";
    Bundle bundle;
    bundle.json("/linux/resources/memory", {{"limit", 33554432}, {"swap", 33554432}});
    start_sleeper(bundle);
    for (const auto& [memory, swap] : {std::pair{"64m", "80m"}, {"16m", "16m"}, {"-1", "-1"}, {"32m", "32m"}}) {
        const Finished updated = bundle.command({"update", "--memory", memory, "--memory-swap", swap});
        EXPECT_EQ(updated.status, 0) << memory << " " << swap << ": " << updated.err;
    }
}

TEST(UpdateMemory, SaysWhichOtherLimitIsInTheWay) {
    const auto memory = find_controller("memory");
    if (!runtime_is_ocirt() || !memory || memory->v2) GTEST_SKIP() << "SKIP: a v1 host's test, of ocirt's messages";
    Bundle bundle;
    bundle.json("/linux/resources/memory", {{"limit", 33554432}, {"swap", 33554432}});
    start_sleeper(bundle);
    EXPECT_TRUE(has(bundle.command({"update", "--memory-swap", "1m"}).err, "below the memory limit of 33554432 bytes"));
    EXPECT_TRUE(has(bundle.command({"update", "--memory", "64m"}).err, "memory and swap together, 33554432 bytes"));
}

TEST(UpdateResources, FromAFileOrStandardInput) {
    if (!find_controller("pids")) GTEST_SKIP() << "SKIP: this host has no cgroup controller pids";
    Bundle bundle;
    start_sleeper(bundle);
    Command command = bundle.make_command({"update", "-r", "-", bundle.id()});
    command.input = R"({"pids": {"limit": 66}, "memory": {"limit": 0}})";
    const Finished updated = run(command);
    EXPECT_EQ(updated.status, 0) << updated.err;
    EXPECT_EQ(bundle.cgroup_file("pids", "pids.max"), "66");
    bundle.file("/resources.json", R"({"pids": {"limit": 67}})");
    EXPECT_EQ(bundle.command({"update", "--resources", bundle.rootfs() / "resources.json"}).status, 0);
    EXPECT_EQ(bundle.cgroup_file("pids", "pids.max"), "67");
}

TEST(UpdateResources, TellsAllThatIsWrongAndChangesNothing) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: messages are ocirt's";
    Bundle bundle;
    start_sleeper(bundle);
    const std::string before = bundle.cgroup_file("pids", "pids.max");
    const Finished refused = bundle.command_without_id(
        {"update", "-r", "-", bundle.id()},
        "{\"pids\": {\"limit\": 66},\n \"memory\": {\"limit\": \"x\"},\n \"cpu\": {\"cpus\": \"a-b\"}}");
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(has(refused.err, "-:2:22: /memory/limit: ")) << refused.err;
    EXPECT_TRUE(has(refused.err, "-:3:18: /cpu/cpus: ")) << refused.err;
    EXPECT_EQ(bundle.cgroup_file("pids", "pids.max"), before);
}

TEST(UpdateResources, IsTakenBackWhereOneFailsOnV2) {
    const auto memory = find_controller("memory");
    if (!runtime_is_ocirt() || !memory || !memory->v2)
        GTEST_SKIP() << "SKIP: a v2 host's test, of what only ocirt does";
    Bundle bundle;
    bundle.json("/linux/resources/pids", {{"limit", 77}});
    start_sleeper(bundle);
    const Json resources = {
        {"pids", {{"limit", 5}}}, {"cpu", {{"quota", 50000}}}, {"unified", {{"memory.high", "nonsense"}}}};
    const Finished refused = bundle.command_without_id({"update", "-r", "-", bundle.id()}, resources.dump());
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(has(refused.err, "/unified/memory.high: ") && has(refused.err, "nothing was changed")) << refused.err;
    EXPECT_EQ(bundle.cgroup_file("pids", "pids.max"), "77");
    EXPECT_EQ(bundle.cgroup_file("cpu", "cpu.max"), "max 100000");
}

// The last of three is refused by the kernel.
TEST(UpdateResources, IsTakenBackWhereOneFails) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers leave what they have written";
    const auto cpuset = find_controller("cpuset");
    if (!cpuset || cpuset->v2) GTEST_SKIP() << "SKIP: a v1 host's test";
    Bundle bundle;
    bundle.json("/linux/resources/pids", {{"limit", 77}});
    start_sleeper(bundle);
    const Finished refused = bundle.command({"update", "--memory", "64m", "--cpuset-cpus", "0", "--cpu-quota", "50000",
                                             "--cpu-rt-runtime", "999999999", "--pids-limit", "5"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(has(refused.err, "nothing was changed")) << refused.err;
    EXPECT_EQ(bundle.cgroup_file("pids", "pids.max"), "77");
    EXPECT_EQ(bundle.cgroup_file("cpu", "cpu.cfs_quota_us"), "-1");
    EXPECT_EQ(bundle.cgroup_file("cpuset", "cpuset.cpus"), read_trimmed(cpuset->path / "cpuset.cpus"));
}

TEST(UpdateDevices, OnlyRulesThatAreNew) {
    const auto devices = find_controller("devices");
    if (!runtime_is_ocirt() || !devices) GTEST_SKIP() << "SKIP: a v1 host's test, of what only ocirt and crun do";
    Bundle bundle;
    const Json deny_all = {{"allow", false}, {"access", "rwm"}};
    bundle.json("/linux/resources/devices", Json::array({deny_all}));
    start_sleeper(bundle);
    const auto update = [&bundle](const Json& rules) {
        return bundle.command_without_id({"update", "-r", "-", bundle.id()}, Json{{"devices", rules}}.dump());
    };
    // As a hook would.
    const auto allow = *bundle.cgroup("devices") / "devices.allow";
    ASSERT_EQ(run({.args = {"/bin/sh", "-c", "echo 'c 10:229 rw' > " + allow.string()}}).status, 0);
    EXPECT_EQ(update(Json::array({deny_all})).status, 0);
    EXPECT_TRUE(has(bundle.cgroup_file("devices", "devices.list"), "c 10:229 rw"));
    const Json fuse = {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 234}, {"access", "rw"}};
    const Finished updated = update(Json::array({deny_all, fuse}));
    EXPECT_EQ(updated.status, 0) << updated.err;
    const std::string list = bundle.cgroup_file("devices", "devices.list");
    EXPECT_TRUE(has(list, "c 10:234 rw")) << list;
    EXPECT_FALSE(has(list, "c 10:229 rw")) << list;
    EXPECT_TRUE(has(list, "c 1:3 rwm")) << list;
}

// Tries to open /dev/probe whenever a file /goN appears, and tells in /answerN; and /dev/null all the time.
constexpr const char* probe_script =
    "echo yes >/null; for i in 1 2 3; do "
    "while [ ! -e /go$i ]; do : >/dev/null || echo no >/null; sleep 0.01; done; "
    "if (: </dev/probe) 2>/dev/null; then echo yes >/t; else echo no >/t; fi; mv /t /answer$i; done";

std::string ask(Bundle& bundle, const std::string& number) {
    bundle.file("/go" + number, "");
    const auto answer = bundle.rootfs() / ("answer" + number);
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (!std::filesystem::exists(answer) && std::chrono::steady_clock::now() < until) ::usleep(10'000);
    return read_trimmed(answer);
}

// v1's lists and v2's program, as a process in the container sees them.
TEST(UpdateDevices, AreInForceAtOnce) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc leaves devices alone";
    Bundle bundle;
    const Json deny_all = {{"allow", false}, {"access", "rwm"}};
    const Json fuse = {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "r"}};
    bundle.json("/linux/resources/devices", Json::array({deny_all}));
    bundle.json("/linux/devices",
                Json::array({{{"path", "/dev/probe"}, {"type", "c"}, {"major", 10}, {"minor", 229}}}));
    const Finished created = bundle.sh(probe_script).create();
    ASSERT_EQ(created.status, 0) << created.err << bundle.log();
    ASSERT_EQ(bundle.start().status, 0) << bundle.log();
    const auto update = [&bundle](const Json& rules) {
        const Finished updated =
            bundle.command_without_id({"update", "-r", "-", bundle.id()}, Json{{"devices", rules}}.dump());
        EXPECT_EQ(updated.status, 0) << updated.err;
    };
    EXPECT_EQ(ask(bundle, "1"), "no");
    update(Json::array({deny_all, fuse}));
    EXPECT_EQ(ask(bundle, "2"), "yes");
    update(Json::array({deny_all}));
    EXPECT_EQ(ask(bundle, "3"), "no");
    // What every container may do stays so.
    EXPECT_EQ(read_trimmed(bundle.rootfs() / "null"), "yes");
}

TEST(Events, StatisticsOnce) {
    Bundle bundle;
    start_sleeper(bundle);
    const Finished finished = bundle.command({"events", "--stats"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const Json event = Json::parse(finished.out, nullptr, false);
    EXPECT_EQ(event["type"], "stats");
    EXPECT_EQ(event["id"], bundle.id());
    EXPECT_EQ(event["/data/pids/current"_json_pointer], 1);
    EXPECT_GT(event["/data/memory/usage/usage"_json_pointer].get<std::uint64_t>(), 0u);
    EXPECT_GT(event["/data/cpu/usage/total"_json_pointer].get<std::uint64_t>(), 0u);
}

TEST(Events, AgainAndAgainUntilTheEnd) {
    Bundle bundle;
    start_sleeper(bundle);
    Process events(bundle.make_command({"events", "--interval", "20ms", bundle.id()}));
    ASSERT_TRUE(events.wait_for("\n"));
    ASSERT_EQ(bundle.kill("KILL").status, 0);
    const Finished finished = events.wait();
    EXPECT_EQ(finished.status, 0) << finished.err;
    for (const std::string& line : split_lines(finished.out)) EXPECT_TRUE(Json::accept(line)) << line;
}

TEST(Events, TellThatMemoryRanOut) {
    if (!find_controller("memory")) GTEST_SKIP() << "SKIP: this host has no cgroup controller memory";
    Bundle bundle;
    bundle.json("/linux/resources/memory", {{"limit", 16777216}, {"swap", 16777216}});
    bundle.mount({.destination = "/big", .type = "tmpfs", .source = "tmpfs", .options = {"size=100m"}});
    ASSERT_EQ(bundle.sh("dd if=/dev/zero of=/big/file bs=1M count=64").create().status, 0);
    Process events(bundle.make_command({"events", "--interval", "20ms", bundle.id()}));
    ASSERT_TRUE(events.wait_for("\"stats\""));
    ASSERT_EQ(bundle.start().status, 0);
    const Finished finished = events.wait();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(has(finished.out, R"({"type":"oom","id":")" + bundle.id() + "\"}\n")) << finished.out;
}

TEST(Events, AnIntervalIsADurationAboveZero) {
    Bundle bundle;
    start_sleeper(bundle);
    for (const char* interval : {"0", "0s", "-1s", "5", "x"}) {
        const Finished refused = bundle.command({"events", "--interval", interval});
        EXPECT_NE(refused.status, 0) << interval;
        if (runtime_is_ocirt()) {
            EXPECT_TRUE(has(refused.err, "--interval")) << refused.err;
        }
    }
}

// crun's: runc has no regular expressions.
TEST(Regex, KillsAndDeletesThoseThatMatch) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc has no regular expressions";
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"}).erase("/linux/cgroupsPath").id(cgroup_prefix() + "-one").write_config();
    for (const char* name : {"-one", "-two", "-else"}) {
        const Finished made =
            bundle.command_without_id({"run", "-d", "--bundle", bundle.path(), cgroup_prefix() + name});
        ASSERT_EQ(made.status, 0) << made.err;
    }
    const auto status_of = [&bundle](const char* name) {
        reap_orphans();
        const Finished state = bundle.command_without_id({"state", cgroup_prefix() + name});
        return Json::parse(state.out, nullptr, false).value("status", state.err);
    };
    EXPECT_EQ(bundle.command_without_id({"kill", "--regex", "(one|two)$", "KILL"}).status, 0);
    for (int i = 0; i < 3000 && (status_of("-one") != "stopped" || status_of("-two") != "stopped"); ++i) continue;
    EXPECT_EQ(status_of("-two"), "stopped");
    EXPECT_EQ(status_of("-else"), "running");
    const Finished some = bundle.command_without_id({"delete", "--regex", "."});
    EXPECT_EQ(some.status, 1);
    EXPECT_TRUE(has(some.err, cgroup_prefix() + "-else")) << some.err;
    EXPECT_EQ(bundle.command_without_id({"list", "-q"}).out, cgroup_prefix() + "-else\n");
    EXPECT_EQ(bundle.command_without_id({"delete", "--force", "--regex", "else$"}).status, 0);
    EXPECT_EQ(bundle.command_without_id({"delete", "--regex", "nobody"}).status, 0);
    const Finished wrong = bundle.command_without_id({"delete", "--regex", "("});
    EXPECT_EQ(wrong.status, 1);
    EXPECT_TRUE(has(wrong.err, "\"(\"")) << wrong.err;
    reap_orphans();
}

TEST(List, HasAnOwnerAndNoColoursInAPipe) {
    Bundle bundle;
    start_sleeper(bundle);
    const Finished table = bundle.command_without_id({"list"});
    const auto lines = split_lines(table.out);
    ASSERT_EQ(lines.size(), 2u) << table.out;
    EXPECT_TRUE(has(lines[0], "OWNER"));
    EXPECT_TRUE(lines[1].ends_with("root") || has(lines[1], "root ")) << table.out;
    EXPECT_FALSE(has(table.out, "\033"));
    const Json json = Json::parse(bundle.command_without_id({"list", "--format", "json"}).out, nullptr, false);
    EXPECT_EQ(json[0]["owner"], "root");
    EXPECT_EQ(json[0]["id"], bundle.id());
}

// Rootless engines run the runtime as root of a user namespace that their user has made.
TEST(List, OfAUsersOwnStateDirectory) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the state directory is ocirt's";
    Bundle bundle;
    std::filesystem::permissions(bundle.scratch(), std::filesystem::perms(0755));
    const std::filesystem::path state = bundle.scratch() / "ocirt";
    std::filesystem::create_directories(state / "ghost");
    for (const std::filesystem::path& path : {state, state / "ghost"}) ASSERT_EQ(::chown(path.c_str(), 1000, 1000), 0);
    const auto listed = [&](const std::vector<std::string>& before) {
        std::vector<std::string> args = {"/usr/bin/env", "XDG_RUNTIME_DIR=" + bundle.scratch().string()};
        args.insert(args.end(), before.begin(), before.end());
        args.insert(args.end(), {runtime_path(), "list", "--quiet"});
        return test::run({.args = args}).out;
    };
    const std::vector<std::string> user = {"/usr/bin/setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"};
    std::vector<std::string> root_of_his = user;
    root_of_his.insert(root_of_his.end(), {"/usr/bin/unshare", "--user", "--map-root-user"});
    EXPECT_EQ(listed(user), "ghost\n");
    EXPECT_EQ(listed(root_of_his), "ghost\n");
    EXPECT_FALSE(has(listed({}), "ghost")) << "root's is not his session's";
}

TEST(Suggestions, NameWhatWasProbablyMeant) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: messages are ocirt's";
    Bundle bundle;
    start_sleeper(bundle);
    const auto error_of = [&bundle](const std::vector<std::string>& words) {
        const Finished finished = bundle.command_without_id(words);
        EXPECT_EQ(finished.status, 1);
        return finished.err;
    };
    EXPECT_EQ(error_of({"strat", "x"}), "ocirt: unknown command \"strat\" (did you mean \"start\"?)\n");
    EXPECT_EQ(error_of({"list", "--fromat", "json"}),
              "ocirt: unknown option \"--fromat\" of \"list\" (did you mean \"--format\"?)\n");
    EXPECT_TRUE(has(error_of({"state", bundle.id() + "x"}), "did you mean \"" + bundle.id() + "\"?"));
    EXPECT_TRUE(has(error_of({"kill"}), "id is required"));
    EXPECT_TRUE(has(error_of({}), "a command is required"));
}

TEST(Help, OfEveryCommandHasExamplesAndGroups) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the help is ocirt's";
    Bundle bundle;
    const Finished all = bundle.command_without_id({"--help"});
    EXPECT_EQ(all.status, 0);
    EXPECT_TRUE(has(all.out, "Running containers:")) << all.out;
    EXPECT_EQ(bundle.command_without_id({"help"}).out, all.out);
    for (const char* name : {"create", "start", "run", "state", "kill", "delete", "list", "spec", "features", "plan",
                             "validate", "ps", "pause", "resume", "update", "events", "stats"}) {
        EXPECT_TRUE(has(all.out, std::string("\n  ") + name)) << name;
        const Finished help = bundle.command_without_id({"help", name});
        EXPECT_EQ(help.status, 0);
        EXPECT_TRUE(has(help.out, "Examples:\n  ocirt ")) << name << ": " << help.out;
        EXPECT_TRUE(has(bundle.command_without_id({name, "--help"}).out, "Examples:\n")) << name;
        EXPECT_TRUE(has(bundle.command_without_id({name, "--usage"}).out, std::string("ocirt ") + name)) << name;
    }
    EXPECT_EQ(bundle.command_without_id({"help", "strat"}).status, 1);
}

}  // namespace
}  // namespace ocirt::test
