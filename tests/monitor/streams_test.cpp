// What a container writes and reads: logs, attached clients, terminals.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <csignal>
#include <fstream>

#include "support/host.h"
#include "support/monitor.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// The content of a k8s log, parts joined.
std::string content_of(const std::string& log) {
    std::string content;
    for (std::string_view left = log; !left.empty();) {
        const std::string_view record = left.substr(0, left.find('\n') + 1);
        left.remove_prefix(record.size());
        const std::size_t tag = record.find(" P ") < record.find(" F ") ? record.find(" P ") : record.find(" F ");
        content += record.substr(tag + 3);
        if (record[tag + 1] == 'P') content.pop_back();
    }
    return content;
}

TEST(MonitorStreams, AClientsInputAndItsEnd) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/cat"}), {.options = {"-i"}});
    AttachedClient client = monitor.attach();
    EXPECT_EQ(monitor.start(), 0);
    client.send("one\n");
    EXPECT_TRUE(client.receives("one\n"));
    client.send("two\n");
    client.end_input();
    EXPECT_EQ(client.rest(), "one\ntwo\n");
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_EQ(monitor.log(), "T stdout F one\nT stdout F two\n");
}

TEST(MonitorStreams, InputStaysOpenForTheNextClient) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/cat"}), {.options = {"-i", "--leave-stdin-open"}});
    EXPECT_EQ(monitor.start(), 0);
    for (const char* text : {"one\n", "two\n"}) {
        AttachedClient client = monitor.attach();
        client.send(text);
        EXPECT_TRUE(client.receives(text));
        client.end_input();
    }
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_EQ(monitor.exit_status(), 137);
}

TEST(MonitorStreams, LargeInputAndManyClients) {
    Bundle bundle;
    Monitor monitor(bundle.sh("wc -c; echo wrong >&2"), {.options = {"-i"}});
    AttachedClient first = monitor.attach();
    AttachedClient second = monitor.attach();
    EXPECT_EQ(monitor.start(), 0);
    for (int i = 0; i < 200; ++i) first.send(std::string(30000, 'x'));
    first.end_input();
    EXPECT_EQ(second.rest(), "6000000\n");
    EXPECT_EQ(second.rest(3), "wrong\n");
    EXPECT_EQ(first.rest(), "6000000\n");
}

TEST(MonitorStreams, InputOfAClientThatIsGone) {
    Bundle bundle;
    Monitor monitor(bundle.sh("sleep 0.5; wc -c"), {.options = {"-i"}});
    std::size_t sent = 0;
    {
        const AttachedClient client = monitor.attach();
        for (; sent < 150000; sent += 30000) client.send(std::string(30000, 'x'));
    }
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_EQ(monitor.log(), "T stdout F 150000\n");
}

// Podman's and CRI-O's buffers are no larger.
TEST(MonitorStreams, PacketsAreAsClientsReadThem) {
    Bundle bundle;
    Monitor monitor(bundle.sh("dd if=/dev/zero bs=1M count=3 2>/dev/null"));
    AttachedClient client = monitor.attach();
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(client.rest().size(), 3U << 20);
    EXPECT_EQ(client.largest_packet(), 8193U);
    EXPECT_EQ(monitor.exit_status(), 0);
}

TEST(MonitorStreams, AClientThatDoesNotReadIsKilled) {
    Bundle bundle;
    Monitor monitor(bundle.sh("dd if=/dev/zero bs=1M count=4 2>/dev/null; echo end"));
    AttachedClient client = monitor.attach();
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_TRUE(eventually([&] { return fs::file_size(monitor.path("ctr.log")) > 100000; }));
    client.leave();
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_EQ(content_of(monitor.log()).size(), (4U << 20) + 4);
}

TEST(MonitorStreams, Terminal) {
    Bundle bundle;
    bundle.json("/process/terminal", true);
    Monitor monitor(bundle.sh("stty size; read x; echo got $x; stty size; exit 2"), {.options = {"-t"}});
    EXPECT_GT(monitor.answer().value("data", 0), 0);
    AttachedClient client = monitor.attach();
    monitor.write_fifo("ctl", "1 33 77\n");
    ::usleep(200000);  // nobody tells that it has been read
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_TRUE(client.receives("\r\n"));
    monitor.write_fifo("winsz", "44 55\n");
    ::usleep(200000);
    client.send("word\n");
    EXPECT_EQ(client.rest(), "33 77\r\nword\r\ngot word\r\n44 55\r\n");
    EXPECT_EQ(monitor.exit_status(), 2);
}

TEST(MonitorStreams, AnExecWaitsForItsClient) {
    Bundle bundle;
    Monitor container(bundle.args({"/bin/sleep", "1000"}));
    EXPECT_EQ(container.start(), 0);
    Json process = process_of({"/bin/sh", "-c", "tty; read x; echo $x; exit 8"});
    process["terminal"] = true;
    Monitor exec(bundle, {.options = {"-t"}, .process = process, .exec_attach = true});
    EXPECT_EQ(exec.await_attachable().value("data", -1), 0);
    AttachedClient client = exec.attach();
    exec.let_start();
    EXPECT_GT(exec.answer().value("data", 0), 0);
    EXPECT_TRUE(client.receives("/dev/pts/0\r\n"));
    client.send("word\n");
    EXPECT_TRUE(client.rest().ends_with("word\r\nword\r\n"));
    EXPECT_EQ(exec.answer().value("data", 0), 8);
    EXPECT_TRUE(exec.ends());
}

TEST(MonitorStreams, EveryByteAndALineOfAMebibyte) {
    Bundle bundle;
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    all += std::string(1 << 20, 'x') + "\n2020-01-01T00:00:00.000000000Z stdout F forged\n";
    bundle.file("/data", all);
    Monitor monitor(bundle.args({"/bin/cat", "/data"}));
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_EQ(content_of(read_file(monitor.path("ctr.log"))), all);
}

TEST(MonitorStreams, SizeLimit) {
    Bundle bundle;
    Monitor monitor(bundle.sh("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done"),
                    {.options = {"--log-size-max", "4096"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_LE(fs::file_size(monitor.path("ctr.log")), 4096U);
    EXPECT_TRUE(monitor.log().ends_with("T stdout F line 1999\n"));
}

TEST(MonitorStreams, RotationLosesNothing) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: conmon 2.1.6 throws full logs away";
    Bundle bundle;
    std::string all;
    for (int i = 0; i < 20000; ++i) all += "line " + std::to_string(i) + "\n";
    bundle.file("/data", all);
    Monitor monitor(bundle.args({"/bin/cat", "/data"}),
                    {.options = {"--log-size-max", "65536", "--log-rotate", "--log-max-files", "100"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 0);
    std::string content;
    for (int i = 100; i > 0; --i) content += content_of(monitor.log("ctr.log." + std::to_string(i)));
    EXPECT_EQ(content + content_of(monitor.log()), all);
}

TEST(MonitorStreams, AnEngineMovesTheLogAway) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/cat"}), {.options = {"-i"}});
    AttachedClient client = monitor.attach();
    EXPECT_EQ(monitor.start(), 0);
    client.send("one\n");
    EXPECT_TRUE(client.receives("one\n"));
    fs::rename(monitor.path("ctr.log"), monitor.path("old.log"));
    monitor.write_fifo("ctl", "2 0 0\n");
    EXPECT_TRUE(eventually([&] { return fs::exists(monitor.path("ctr.log")); }));
    client.send("two\n");
    client.end_input();
    EXPECT_EQ(client.rest(), "one\ntwo\n");
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_EQ(monitor.log("old.log"), "T stdout F one\n");
    EXPECT_EQ(monitor.log(), "T stdout F two\n");
}

TEST(MonitorStreams, SeveralLogs) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: conmon knows no json-file";
    Bundle bundle;
    Monitor monitor(bundle.sh("echo hello"), {.logs = {"k8s-file:ctr.log", "none", "json-file:ctr.json"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_EQ(monitor.log(), "T stdout F hello\n");
    EXPECT_EQ(monitor.log("ctr.json"), "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n");
}

TEST(MonitorStreams, Passthrough) {
    Bundle bundle;
    Monitor monitor(bundle.sh("echo hello"), {.logs = {"passthrough"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 0);
    EXPECT_FALSE(fs::exists(bundle.path() / "attach"));
}

// The disk is full, and then it is not: with the policy block the container waits, and nothing is lost.
TEST(MonitorStreams, AFullDiskIsWaitedFor) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: conmon loses what the disk does not take";
    Bundle bundle;
    const fs::path disk = bundle.scratch() / "disk";
    fs::create_directories(disk);
    ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k"), 0);
    std::string all;
    for (int i = 0; i < 40000; ++i) all += "line " + std::to_string(i) + "\n";
    bundle.file("/data", all);
    {
        Monitor monitor(bundle.args({"/bin/cat", "/data"}),
                        {.options = {"--log-rate", "block"}, .logs = {"k8s-file:disk/ctr.log"}});
        EXPECT_EQ(monitor.start(), 0);
        EXPECT_TRUE(eventually([&] { return fs::file_size(disk / "ctr.log") > 250000; }));
        ::usleep(300000);
        EXPECT_FALSE(fs::exists(monitor.path("exits") / bundle.id()));
        ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
        EXPECT_EQ(monitor.exit_status(), 0);
        EXPECT_TRUE(monitor.ends());
        EXPECT_EQ(content_of(monitor.log("disk/ctr.log")), all);
    }
    ::umount2(disk.c_str(), MNT_DETACH);
}

TEST(MonitorStreams, RatesOfAStream) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: an option of ocirt's own";
    Bundle bundle;
    bundle.file("/data", std::string(1 << 20, 'x'));
    {
        Monitor monitor(bundle.sh("cat /data; cat /data >&2; sleep 0.3; echo end >&2"),
                        {.options = {"--log-rate", "block:4M", "--log-rate", "stderr=drop:64K"}});
        const auto before = std::chrono::steady_clock::now();
        EXPECT_EQ(monitor.start(), 0);
        EXPECT_EQ(monitor.exit_status(), 0);
        EXPECT_LT(std::chrono::steady_clock::now() - before, soon);
        std::size_t output = 0;
        std::string errors;
        for (const std::string& record : split_lines(read_file(monitor.path("ctr.log")))) {
            if (record.contains(" stdout ")) output += record.size() - 45;
            if (record.contains(" stderr ")) errors += record.substr(45) + "\n";
        }
        EXPECT_EQ(output, 1U << 20);
        EXPECT_LT(errors.size(), 1U << 20);
        EXPECT_TRUE(errors.contains("bytes of stderr are dropped here (--log-rate)\n"));
    }
}

}  // namespace
}  // namespace ocirt::test
