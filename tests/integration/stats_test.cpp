// `stats`: the table of what containers use.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "integration/several_containers.h"
#include "support/bundle.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

class Stats : public SeveralContainers {
   protected:
    Json once(const std::vector<std::string>& ids = {}) {
        std::vector<std::string> words{"stats", "--no-stream", "--interval", "200ms", "--format", "json"};
        words.insert(words.end(), ids.begin(), ids.end());
        const Finished finished = command(words);
        EXPECT_EQ(finished.status, 0) << finished.err;
        return Json::parse(finished.out, nullptr, false);
    }
};

TEST_F(Stats, NothingRunsAndThereIsTheHeading) {
    const Finished table = command({"stats", "--no-stream"});
    EXPECT_EQ(table.status, 0) << table.err;
    EXPECT_EQ(table.out, "ID   CPU %   MEM USAGE / LIMIT   MEM %   BLOCK IO   PIDS\n");
    EXPECT_EQ(once(), Json::array());
    const Finished nowhere = command({"--root", bundle_.scratch() / "nowhere", "stats", "--no-stream"});
    EXPECT_EQ(nowhere.out, table.out) << nowhere.err;
}

TEST_F(Stats, WhatEachUses) {
    const bool memory = find_controller("memory").has_value();
    const bool pids = find_controller("pids").has_value();
    if (memory) bundle_.json("/linux/resources/memory", {{"limit", 67108864}});
    run("calm");
    if (pids) bundle_.json("/linux/resources/pids", {{"limit", 50}});
    bundle_.sh("while :; do :; done");
    run("busy");
    ASSERT_EQ(command({"create", "--bundle", bundle_.path(), name("idle")}).status, 0);
    const Json rows = once();
    ASSERT_EQ(rows.size(), 2u) << rows;
    EXPECT_EQ(rows[0]["id"], name("busy"));
    EXPECT_EQ(rows[1]["id"], name("calm"));
    EXPECT_GT(rows[0]["cpu_percent"].get<double>(), 5.0) << rows;
    EXPECT_LT(rows[0]["cpu_percent"].get<double>(), 120.0) << rows;
    EXPECT_LT(rows[1]["cpu_percent"].get<double>(), 5.0) << rows;
    if (memory) {
        EXPECT_EQ(rows[1]["memory_limit"], 67108864);
        EXPECT_GT(rows[1]["memory_usage"].get<std::uint64_t>(), 0u);
        EXPECT_LT(rows[1]["memory_usage"].get<std::uint64_t>(), 67108864u);
    }
    if (pids) {
        EXPECT_EQ(rows[0]["pids"], 1);
        EXPECT_EQ(rows[0]["pids_limit"], 50);
        EXPECT_TRUE(rows[1]["pids_limit"].is_null()) << rows;
    }
    const std::string table = command({"stats", "--no-stream"}).out;
    EXPECT_TRUE(table.starts_with("ID ")) << table;
    EXPECT_FALSE(table.contains('\033')) << table;
    if (memory) {
        EXPECT_TRUE(table.contains(" / 64MiB")) << table;
    }
}

TEST_F(Stats, IdsThatAreNamed) {
    run("a");
    run("b");
    run("c");
    Json rows = once({name("c"), name("a"), name("c")});
    ASSERT_EQ(rows.size(), 2u) << rows;
    EXPECT_EQ(rows[0]["id"], name("a"));
    EXPECT_EQ(rows[1]["id"], name("c"));
    ASSERT_EQ(command({"kill", name("a"), "KILL"}).status, 0);
    ASSERT_TRUE(eventually([this] { return once({name("a")})[0]["running"] == false; }));
    const std::string table = command({"stats", "--no-stream", name("a")}).out;
    EXPECT_TRUE(table.contains(name("a") + "   --      -- / --")) << table;
    const Finished nobody = command({"stats", name("a"), name("d")});
    EXPECT_EQ(nobody.status, 1);
    EXPECT_TRUE(nobody.err.contains("\"" + name("d") + "\": it does not exist")) << nobody.err;
    EXPECT_EQ(nobody.out, "");
}

TEST_F(Stats, ContainersComeAndGo) {
    Process stats(bundle_.make_command({"stats", "--interval", "20ms"}));
    ASSERT_TRUE(stats.wait_for("ID "));
    run("web");
    ASSERT_TRUE(stats.wait_for(name("web")));
    Process named(bundle_.make_command({"stats", "--interval", "20ms", name("web")}));
    ASSERT_TRUE(named.wait_for(name("web")));
    ASSERT_EQ(command({"delete", "--force", name("web")}).status, 0);
    ASSERT_TRUE(named.wait_for(name("web") + "   --"));
    stats.signal(SIGINT);
    named.signal(SIGTERM);
    EXPECT_EQ(stats.wait().status, 0);
    EXPECT_EQ(named.wait().status, 0);
    Process after(bundle_.make_command({"stats", "--no-stream"}));
    EXPECT_FALSE(after.wait().out.contains(name("web")));
}

TEST_F(Stats, OnATerminalOneTableIsDrawnOverTheOther) {
    run("a");
    run("b");
    Pty pty;
    pty.screen.resize(3, 40);
    Command command = bundle_.make_command({"stats", "--interval", "20ms"});
    command.descriptors = {{pty.slave.get(), 1}};
    Process stats(command);
    ASSERT_TRUE(pty.screen.wait_for("\033[?25l")) << "the cursor is hidden";
    ASSERT_TRUE(pty.screen.wait_for("\033[J\033[H")) << "and back at the top for the next";
    stats.signal(SIGINT);
    EXPECT_EQ(stats.wait().status, 0);
    ASSERT_TRUE(pty.screen.wait_for("\033[?25h")) << "and is there again";
    EXPECT_TRUE(pty.screen.text().contains(name("a")));
    EXPECT_FALSE(pty.screen.text().contains(name("b"))) << "three rows have no place for it";
}

TEST_F(Stats, AnIntervalIsADurationAboveZero) {
    for (const char* interval : {"0s", "-1s", "5", "x"}) {
        const Finished refused = command({"stats", "--interval", interval});
        EXPECT_EQ(refused.status, 1) << interval;
        EXPECT_TRUE(refused.err.contains("--interval")) << refused.err;
    }
}

}  // namespace
}  // namespace ocirt::test
