// `events` without an id: all containers below a root, whatever becomes of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "integration/several_containers.h"
#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

class EventsOfAll : public SeveralContainers {
   protected:
    static std::string line(const std::string& type, const std::string& word) {
        return R"({"type":")" + type + R"(","id":")" + name(word) + "\"";
    }
    Process watch(const std::vector<std::string>& more = {"--interval", "1h"}) {
        std::vector<std::string> words{"events"};
        words.insert(words.end(), more.begin(), more.end());
        return Process(bundle_.make_command(words));
    }
    // That it watches can be seen by what it tells: a container of the test's own comes and goes.
    void wait_until_watching(Process& events) {
        for (int round = 0; round < 100; ++round) {
            const std::string word = "first" + std::to_string(round);
            ASSERT_EQ(command({"create", "--bundle", bundle_.path(), name(word)}).status, 0);
            const bool seen = events.wait_for(line("create", word), std::chrono::milliseconds(500));
            ASSERT_EQ(command({"delete", "--force", name(word)}).status, 0);
            if (seen) return;
        }
        FAIL() << "it tells nothing";
    }
    static Finished end(Process& events, int signal = SIGTERM) {
        events.signal(signal);
        return events.wait();
    }
    // The types of the lines about a container, in their order.
    static std::string types(const std::string& out, const std::string& word) {
        std::istringstream lines(out);
        std::string all;
        for (std::string text; std::getline(lines, text);) {
            const Json event = Json::parse(text, nullptr, false);
            EXPECT_TRUE(event.is_object()) << text;
            if (event.value("id", "") == name(word)) all += (all.empty() ? "" : " ") + event.value("type", "");
        }
        return all;
    }
    static Json event(const std::string& out, const std::string& type, const std::string& word) {
        const std::size_t at = out.find(line(type, word));
        return at == out.npos ? Json() : Json::parse(out.substr(at, out.find('\n', at) - at), nullptr, false);
    }
};

TEST_F(EventsOfAll, ALifeFromItsCreationToItsEnd) {
    run("before");
    Process events = watch();
    wait_until_watching(events);
    ASSERT_EQ(command({"create", "--bundle", bundle_.path(), name("web")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("create", "web")));
    ASSERT_EQ(command({"start", name("web")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("start", "web")));
    const Json state = Json::parse(command({"state", name("web")}).out, nullptr, false);
    ASSERT_EQ(command({"kill", name("web"), "KILL"}).status, 0);
    ASSERT_TRUE(events.wait_for(line("exit", "web")));
    ASSERT_EQ(command({"delete", name("web")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("delete", "web")));
    ASSERT_EQ(command({"delete", "--force", name("before")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("delete", "before")));
    const Finished finished = end(events);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(types(finished.out, "web"), "create start exit delete") << finished.out;
    EXPECT_EQ(types(finished.out, "before"), "exit delete") << "what has been is not told";
    EXPECT_EQ(event(finished.out, "create", "web")["pid"], state["pid"]);
    EXPECT_EQ(event(finished.out, "start", "web")["pid"], state["pid"]);
    const Json exit = event(finished.out, "exit", "web");
    EXPECT_TRUE(exit["time"].get<std::string>().ends_with("Z")) << exit;
    EXPECT_FALSE(exit.contains("exit_status")) << "nobody looked: " << exit;
    EXPECT_FALSE(exit.contains("pid")) << exit;
}

// The start socket goes with all else: that is no start.
TEST_F(EventsOfAll, OneThatNeverRan) {
    Process events = watch();
    wait_until_watching(events);
    ASSERT_EQ(command({"create", "--bundle", bundle_.path(), name("idle")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("create", "idle")));
    ASSERT_EQ(command({"delete", "--force", name("idle")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("delete", "idle")));
    EXPECT_EQ(types(end(events, SIGINT).out, "idle"), "create exit delete");
}

TEST_F(EventsOfAll, ProgramsThatEndAtOnceComeInOrder) {
    Process events = watch({"--interval", "1ms"});
    wait_until_watching(events);
    bundle_.args({"/bin/true"}).write_config();
    for (int i = 0; i < 20; ++i) {
        const std::string word = "short" + std::to_string(i);
        ASSERT_EQ(command({"run", "-d", "--bundle", bundle_.path(), name(word)}).status, 0);
        EXPECT_TRUE(events.wait_for(line("exit", word)));
        ASSERT_EQ(command({"delete", "--force", name(word)}).status, 0);
        EXPECT_TRUE(events.wait_for(line("delete", word)));
    }
    const Finished finished = end(events);
    EXPECT_EQ(finished.status, 0) << finished.err;
    for (int i = 0; i < 20; ++i) {
        std::string seen = types(finished.out, "short" + std::to_string(i));
        for (std::size_t at = 0; (at = seen.find("stats ")) != seen.npos;) seen.erase(at, 6);
        EXPECT_EQ(seen, "create start exit delete");
    }
}

// As a monitor writes it, after the end: here the test.
TEST_F(EventsOfAll, TheStatusThatAMonitorWrites) {
    run("watched");
    run("other");
    const std::filesystem::path directory = bundle_.scratch() / "state" / name("watched");
    std::ofstream(directory / "monitor.json") << "{}";
    const pid_t pid = Json::parse(command({"state", name("watched")}).out, nullptr, false)["pid"];
    Process events = watch();
    wait_until_watching(events);
    ASSERT_EQ(command({"kill", name("watched"), "KILL"}).status, 0);
    ASSERT_EQ(command({"kill", name("other"), "KILL"}).status, 0);
    ASSERT_TRUE(events.wait_for(line("exit", "other"))) << "nobody waits for another's";
    const std::string text = R"({"pid":)" + std::to_string(pid) + R"(,"status":137,"nanoseconds":1})";
    std::ofstream(directory / "exit.json.new") << text;
    std::filesystem::rename(directory / "exit.json.new", directory / "exit.json");
    ASSERT_TRUE(events.wait_for(line("exit", "watched")));
    const std::string out = end(events).out;
    EXPECT_EQ(event(out, "exit", "watched")["exit_status"], 137) << out;
    EXPECT_LT(out.find(line("exit", "other")), out.find(line("exit", "watched")));
}

TEST_F(EventsOfAll, AMonitorThatWritesNothingIsWaitedForShortly) {
    run("watched");
    std::ofstream(bundle_.scratch() / "state" / name("watched") / "monitor.json") << "{}";
    Process events = watch();
    wait_until_watching(events);
    ASSERT_EQ(command({"kill", name("watched"), "KILL"}).status, 0);
    ASSERT_TRUE(events.wait_for(line("exit", "watched")));
    EXPECT_FALSE(event(end(events).out, "exit", "watched").contains("exit_status"));
}

TEST_F(EventsOfAll, TellThatMemoryRanOut) {
    if (!find_controller("memory")) GTEST_SKIP() << "SKIP: this host has no cgroup controller memory";
    run("calm");
    Process events = watch({"--interval", "20ms"});
    wait_until_watching(events);
    bundle_.json("/linux/resources/memory", {{"limit", 16777216}, {"swap", 16777216}});
    bundle_.mount({.destination = "/big", .type = "tmpfs", .source = "tmpfs", .options = {"size=100m"}});
    bundle_.sh("dd if=/dev/zero of=/big/file bs=1M count=64").write_config();
    ASSERT_EQ(command({"create", "--bundle", bundle_.path(), name("big")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("stats", "big")));
    ASSERT_EQ(command({"start", name("big")}).status, 0);
    ASSERT_TRUE(events.wait_for(line("exit", "big")));
    const std::string out = end(events).out;
    EXPECT_LT(out.find(line("oom", "big") + "}\n"), out.find(line("exit", "big"))) << out;
    EXPECT_EQ(out.find(line("oom", "calm")), out.npos);
    EXPECT_NE(out.find(line("stats", "calm")), out.npos);
}

TEST_F(EventsOfAll, StatisticsOfEachOnce) {
    run("a");
    run("b");
    ASSERT_EQ(command({"create", "--bundle", bundle_.path(), name("idle")}).status, 0);
    std::filesystem::create_directory(bundle_.scratch() / "state" / "torn");
    std::ofstream(bundle_.scratch() / "state" / "torn" / "state.json") << "{";
    const Finished finished = command({"events", "--stats"});
    std::filesystem::remove_all(bundle_.scratch() / "state" / "torn");
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(std::ranges::count(finished.out, '\n'), 2) << finished.out;
    EXPECT_EQ(event(finished.out, "stats", "a")["/data/pids/current"_json_pointer], 1);
    EXPECT_TRUE(event(finished.out, "stats", "b").is_object());
}

// What cannot be read is no container's end, and no end of the watching.
TEST_F(EventsOfAll, ARecordThatCannotBeRead) {
    const std::filesystem::path torn = bundle_.scratch() / "state" / "torn";
    std::filesystem::create_directory(torn);
    std::ofstream(torn / "state.json") << "{";
    Process events = watch({"--interval", "10ms"});
    wait_until_watching(events);
    std::filesystem::remove_all(torn);
    const Finished finished = end(events);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out.find("torn"), finished.out.npos);
}

TEST_F(EventsOfAll, ARootThatComesGoesAndComesAgain) {
    const std::filesystem::path root = bundle_.scratch() / "state" / ".later/and/deeper";
    const auto under = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"--root", root});
        return command(words);
    };
    Process events(bundle_.make_command({"--root", root, "events", "--interval", "1h"}));
    for (const std::string word : {"one", "two"}) {
        // Whether it watches by then or finds it there later: its end is told.
        ASSERT_EQ(under({"run", "-d", "--bundle", bundle_.path(), name(word)}).status, 0);
        (void)events.wait_for(line("start", word), std::chrono::seconds(2));
        ASSERT_EQ(under({"delete", "--force", name(word)}).status, 0);
        ASSERT_TRUE(events.wait_for(line("delete", word)));
        std::filesystem::remove_all(bundle_.scratch() / "state" / ".later");
    }
    const Finished finished = end(events);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(types(finished.out, "two"), "create start exit delete") << finished.out;
}

TEST_F(EventsOfAll, EndWhenNobodyReads) {
    const Command events = bundle_.make_command({"events", "--interval", "1h"});
    std::string line = "exec 3>&1; { ";
    for (const std::string& word : events.args) line += "'" + word + "' ";
    // The reader ends at once, and nothing is ever written.
    const Finished finished = test::run({.args = {"/bin/sh", "-c", line + "; echo $? >&3; } | true"}});
    EXPECT_EQ(finished.out, "0\n") << finished.err;
}

TEST_F(EventsOfAll, AnEmptyIdIsNotAll) { EXPECT_EQ(command({"events", "--stats", ""}).status, 1); }

}  // namespace
}  // namespace ocirt::test
