// What commands read from and show to people: quantities, the table of ps.
#include <gtest/gtest.h>

#include "runtime/cli/process_table.h"
#include "runtime/cli/quantity.h"

namespace ocirt::cli {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, DurationsAreGos) {
    EXPECT_EQ(parse_duration("5s"), 5s);
    EXPECT_EQ(parse_duration("1m30s"), 90s);
    EXPECT_EQ(parse_duration("1.5h"), 90min);
    EXPECT_EQ(parse_duration("300ms"), 300ms);
    EXPECT_EQ(parse_duration("10us"), 10us);
    EXPECT_EQ(parse_duration("10µs"), 10us);
    EXPECT_EQ(parse_duration("7ns"), 7ns);
    EXPECT_EQ(parse_duration("0"), 0s);
    for (const char* text : {"", "5", "s", "-5s", "5 s", "5x", "1..5s", "9999999999h", "5s "})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Quantity, BytesAreDockers) {
    EXPECT_EQ(parse_bytes("1048577"), 1048577);
    EXPECT_EQ(parse_bytes("9007199254740993"), 9007199254740993);
    EXPECT_EQ(parse_bytes("512k"), 524288);
    EXPECT_EQ(parse_bytes("10m"), 10485760);
    EXPECT_EQ(parse_bytes("1.5G"), 1610612736);
    EXPECT_EQ(parse_bytes("20MiB"), 20971520);
    EXPECT_EQ(parse_bytes("3 kb"), 3072);
    EXPECT_EQ(parse_bytes("7b"), 7);
    EXPECT_EQ(parse_bytes("-1"), -1);
    for (const char* text : {"", "-2", "m", "10x", "10mm", "1e3", "99999999p", " 1"})
        EXPECT_FALSE(parse_bytes(text)) << text;
}

lifecycle::ProcessInfo shell() {
    auto info = lifecycle::parse_stat(
        "42 (a (b) c) S 1 42 42 34816 42 4194304 1 2 3 4 150 50 0 0 20 0 3 0 1000 4096 2 18446744073709551615 1", 100,
        4096);
    EXPECT_TRUE(info);
    info->pid = 42;
    return *info;
}

TEST(ProcessTable, StatIsReadBehindTheName) {
    const lifecycle::ProcessInfo info = shell();
    EXPECT_EQ(info.name, "a (b) c");
    EXPECT_EQ(info.state, 'S');
    EXPECT_EQ(info.parent, 1);
    EXPECT_EQ(info.terminal, 34816u);
    EXPECT_EQ(info.cpu_time, 2s);
    EXPECT_EQ(info.since_boot, 10s);
    EXPECT_EQ(info.threads, 3u);
    EXPECT_EQ(info.resident_size, 8192u);
    for (const char* text : {"", "42", "42 (x)", "42 (x) S", "42 (x) S 1 a"})
        EXPECT_FALSE(lifecycle::parse_stat(text, 100, 4096)) << text;
}

TEST(ProcessTable, IsAlignedAndHoldsNoControlCharacters) {
    lifecycle::ProcessInfo info = shell();
    info.command_line = "sh\033[2J x";
    info.uid = 12345678;
    const ProcessTableHost host{
        .users = UserNames::parse("root:x:0:0::/:/bin/sh\n"), .now = std::chrono::system_clock::now(), .uptime = 110s};
    const auto columns = parse_ps_options(std::vector<std::string>{"-o", "user,pid,c,tty,time,etime,args"});
    ASSERT_TRUE(columns) << render(columns.error());
    EXPECT_EQ(process_table(*columns, std::vector{info}, host),
              "USER     PID C TTY       TIME ELAPSED COMMAND\n"
              "12345678  42 2 pts/0 00:00:02   01:40 sh?[2J x\n");
    info.uid = 0;
    info.command_line.clear();
    info.state = 'Z';
    const auto full = parse_ps_options(std::vector<std::string>{"-ef"});
    const std::string table = process_table(*full, std::vector{info}, host);
    EXPECT_TRUE(table.starts_with("UID  PID PPID C STIME")) << table;
    EXPECT_NE(table.find("[a (b) c] <defunct>\n"), std::string::npos) << table;
}

TEST(ProcessTable, RefusesOtherPsOptionsByName) {
    for (const char* word : {"aux", "-x", "-p", "--forest", "-", "-o"}) {
        const auto columns = parse_ps_options(std::vector<std::string>{word});
        ASSERT_FALSE(columns) << word;
        EXPECT_EQ(columns.error().object, "\"" + std::string(word) + "\"");
    }
    EXPECT_FALSE(parse_ps_options(std::vector<std::string>{"-opid,nonsense"}));
    EXPECT_TRUE(parse_ps_options(std::vector<std::string>{"-e", "-f"}));
}

}  // namespace
}  // namespace ocirt::cli
