// A monitor that is killed, as nobody can keep from happening. The same cases run on conmon.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "common/socket.h"
#include "common/syscall.h"
#include "support/host.h"
#include "support/monitor.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// What is left of a monitor that was killed: nothing hangs, the runtime deletes, and the next monitor of that id finds
// nothing in its way.
void expect_a_second_monitor(Bundle& bundle) {
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_TRUE(eventually([&] {
        reap_orphans();
        return bundle.leaks().empty();
    })) << ::testing::PrintToString(bundle.leaks());
    Monitor second(bundle.json("/process/terminal", false).args({"/bin/cat"}), {.options = {"-i"}});
    AttachedClient client = second.attach();
    EXPECT_EQ(second.start(), 0) << second.answer();
    second.write_fifo("ctl", "2 0 0\n");
    client.send("word\n");
    EXPECT_TRUE(client.receives("word\n"));
    client.end_input();
    EXPECT_EQ(second.exit_status(), 0);
    EXPECT_TRUE(second.log().ends_with("T stdout F word\n"));
}

TEST(MonitorKilled, AndTheContainerGoesOn) {
    Bundle bundle;
    {
        Monitor monitor(bundle.args({"/bin/sleep", "1000"}));
        const AttachedClient client = monitor.attach();
        EXPECT_EQ(monitor.start(), 0);
        ::kill(monitor.pid(), SIGKILL);
        EXPECT_TRUE(monitor.ends());
        EXPECT_EQ(bundle.state()["status"], "running");
        EXPECT_EQ(bundle.exec({"/bin/echo", "here"}).out, "here\n");
        EXPECT_EQ(bundle.kill("KILL").status, 0);
        EXPECT_TRUE(eventually([&] {
            reap_orphans();
            return bundle.state()["status"] == "stopped";
        }));
        EXPECT_FALSE(fs::exists(monitor.path("exits") / bundle.id()));
    }
    expect_a_second_monitor(bundle);
}

// Its output has no reader any more, or its terminal has hung up: that is for its program to see, as the kernel ends no
// init of a PID namespace for it.
TEST(MonitorKilled, AndTheContainerEnds) {
    for (const bool terminal : {false, true}) {
        Bundle bundle;
        {
            bundle.json("/process/terminal", terminal);
            MonitorStart start;
            if (terminal) start.options = {"-t"};
            Monitor monitor(bundle.sh(terminal ? "read x" : "while echo line; do sleep 0.05; done"), start);
            EXPECT_EQ(monitor.start(), 0) << monitor.answer();
            ::kill(monitor.pid(), SIGKILL);
            EXPECT_TRUE(monitor.ends());
            EXPECT_TRUE(eventually([&] {
                reap_orphans();
                return bundle.state()["status"] == "stopped";
            })) << bundle.state();
        }
        expect_a_second_monitor(bundle);
    }
}

// By a hook, in the middle of the create.
TEST(MonitorKilled, WhileTheRuntimeRuns) {
    Bundle bundle;
    const std::string pid_file = bundle.path() / "conmon.pid";
    bundle.hook("createRuntime",
                {"/bin/sh", "-c",
                 "while ! [ -s " + pid_file + " ]; do sleep 0.01; done; kill -9 $(cat " + pid_file + "); sleep 0.2"});
    {
        Monitor monitor(bundle.args({"/bin/sleep", "1000"}));
        EXPECT_TRUE(monitor.answer().is_null());
        EXPECT_TRUE(monitor.ends());
        EXPECT_FALSE(fs::exists(monitor.path("exits") / bundle.id()));
    }
    bundle.erase("/hooks");
    expect_a_second_monitor(bundle);
}

TEST(MonitorKilled, AndAnExecGoesOn) {
    Bundle bundle;
    Monitor container(bundle.args({"/bin/sleep", "1000"}));
    EXPECT_EQ(container.start(), 0);
    Monitor exec(bundle, {.process = process_of({"/bin/sleep", "999"})});
    const pid_t pid = exec.answer().value("data", 0);
    ASSERT_GT(pid, 0);
    ::kill(exec.pid(), SIGKILL);
    EXPECT_TRUE(exec.ends());
    EXPECT_TRUE(exec.answer().is_null());
    EXPECT_TRUE(is_alive(pid));
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    // The kernel does not let the container end before somebody has reaped the orphan.
    EXPECT_TRUE(eventually([&] {
        reap_orphans();
        return fs::exists(container.path("exits") / bundle.id());
    }));
    EXPECT_EQ(container.exit_status(), 137);
    EXPECT_FALSE(is_alive(pid));
}

// Sockets and the link to them are still there: the next monitor's take their places.
TEST(MonitorKilled, AndItsSocketsAreReplaced) {
    Bundle bundle;
    const fs::path sockets = bundle.scratch() / "sockets";
    fs::create_directories(sockets);
    fs::create_directories(bundle.path() / "notify");
    const Fd host = bind_datagram(bundle.scratch() / "host.sock");
    ASSERT_TRUE(host);
    MonitorStart start{.options = {"-i", "--socket-dir-path", sockets, "-u", bundle.id() + "-uuid", "--sdnotify-socket",
                                   bundle.scratch() / "host.sock"}};
    start.full_attach = false;
    bundle.args({"/bin/cat"});
    {
        Monitor killed(bundle, start);
        ::kill(killed.pid(), SIGKILL);
        EXPECT_TRUE(killed.ends());
        EXPECT_TRUE(fs::is_symlink(sockets / (bundle.id() + "-uuid")));
    }
    Monitor monitor(bundle, start);
    EXPECT_EQ(monitor.start(), 0) << monitor.answer();
    AttachedClient client(sockets / (bundle.id() + "-uuid"));
    client.send("word\n");
    EXPECT_TRUE(client.receives("word\n"));
    const Result<Fd> program = connect_datagram(bundle.path() / "notify/notify.sock");
    ASSERT_TRUE(program) << render(program.error());
    EXPECT_TRUE(send_message(*program, "READY=1", 7));
    const Result<Datagram> heard = receive_datagram(host, 4096, soon);
    EXPECT_TRUE(heard && heard->data.contains("READY=1"));
    client.end_input();
    EXPECT_EQ(monitor.exit_status(), 0);
}

}  // namespace
}  // namespace ocirt::test
