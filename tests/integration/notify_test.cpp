// Readiness and status for the service manager (sd_notify(3)): a container's NOTIFY_SOCKET, and that of its caller.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

// The service manager. While it lives, NOTIFY_SOCKET names it.
class Manager {
   public:
    explicit Manager(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, address.data(), address.size());
        if (address.starts_with('@')) name.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), size), 0) << std::strerror(errno);
        ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

    // One datagram. Descriptors that come with it are closed, and counted at its end: "BARRIER=1 +1".
    std::string take() {
        pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        const std::chrono::milliseconds limit = deadline;
        if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return "(nothing)";
        char text[8192];
        alignas(cmsghdr) char control[256];
        iovec part{.iov_base = text, .iov_len = sizeof(text)};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
        if (size < 0) return std::strerror(errno);
        std::string datagram(text, static_cast<std::size_t>(size));
        for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(c), sizeof(int));
            const Fd closed(number);
            datagram += " +" + std::to_string((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        }
        return datagram;
    }
    Lines take(std::size_t count) {
        Lines taken;
        while (taken.size() < count) taken.push_back(take());
        return taken;
    }
    [[nodiscard]] bool has_more() const {
        pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        return ::poll(&ready, 1, 0) > 0;
    }

   private:
    Fd socket_;
};

class NotifyTest : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: what is relayed, and when, is ocirt's";
        fs::copy_file(OCIRT_NOTIFY_PROGRAM, bundle_.rootfs() / "bin/notify");
    }
    static std::string main_pid(pid_t pid) { return "MAINPID=" + std::to_string(pid) + "\n"; }
    std::string container_pid() { return main_pid(bundle_.state().value("pid", 0)); }

    Bundle bundle_;
    const std::string address_ = bundle_.scratch() / "manager.sock";
};

TEST_F(NotifyTest, InTheForegroundAllThatConcernsTheProgramIsPassedOn) {
    Manager manager(address_);
    bundle_.sh(
        "notify 'STATUS=reading' 'EXTEND_TIMEOUT_USEC=1000\nSTATUS=still' 'READY=1\nSTATUS=here' WATCHDOG=1 "
        "'RELOADING=1\nMONOTONIC_USEC=12' READY=1 STOPPING=1; exit 7");
    Process run = bundle_.run_in_background();
    const std::string pid = main_pid(run.pid());
    EXPECT_EQ(run.wait().status, 7);
    EXPECT_EQ(manager.take(7),
              (Lines{"STATUS=reading\n", "EXTEND_TIMEOUT_USEC=1000\nSTATUS=still\n", "READY=1\nSTATUS=here\n" + pid,
                     "WATCHDOG=1\n", "RELOADING=1\nMONOTONIC_USEC=12\n", "READY=1\n" + pid, "STOPPING=1\n"}));
    EXPECT_FALSE(manager.has_more());
}

TEST_F(NotifyTest, WhatWouldChangeTheHostsUnitIsNot) {
    Manager manager(address_);
    bundle_.sh(
        "notify MAINPID=1 FDSTORE=1 NOTIFYACCESS=all WATCHDOG_USEC=99999999 'READY=1\nMAINPID=1' 'WATCHDOG=trigger' "
        "'BARRIER=1\nREADY=1' 'STATUS=\033[2Jred'; notify barrier");
    Process run = bundle_.run_in_background();
    EXPECT_EQ(manager.take(), "READY=1\n" + main_pid(run.pid()));
    EXPECT_EQ(manager.take(), "READY=1\n" + main_pid(run.pid()));  // beside a BARRIER=1 that has no descriptor
    EXPECT_EQ(manager.take(), "STATUS= [2Jred\n");
    EXPECT_EQ(manager.take(), "BARRIER=1 +1");
    EXPECT_EQ(run.wait().status, 0);
    EXPECT_FALSE(manager.has_more());
}

TEST_F(NotifyTest, ABarrierEndsWhenTheManagerHasReadAllBeforeIt) {
    Manager manager(address_);
    bundle_.sh("notify STATUS=one barrier && echo passed");
    Process run = bundle_.run_in_background();
    EXPECT_FALSE(run.wait_for("passed", std::chrono::milliseconds(200)));
    EXPECT_EQ(manager.take(2), (Lines{"STATUS=one\n", "BARRIER=1 +1"}));
    EXPECT_TRUE(run.wait_for("passed"));
    EXPECT_EQ(run.wait().status, 0);
}

// The kernel's queues hold few; the rest waits in the program.
TEST_F(NotifyTest, NothingIsLostWhileTheManagerIsSlow) {
    Manager manager(address_);
    bundle_.sh("i=0; while [ $i -lt 1500 ]; do notify STATUS=$i; i=$((i+1)); done; echo said");
    Process run = bundle_.run_in_background();
    EXPECT_FALSE(run.wait_for("said", std::chrono::milliseconds(100)));
    for (int i = 0; i < 1500; ++i) ASSERT_EQ(manager.take(), "STATUS=" + std::to_string(i) + "\n");
    EXPECT_EQ(run.wait().status, 0);
}

TEST_F(NotifyTest, AManagerThatReadsNothingKeepsNobodyFromEnding) {
    Manager manager(address_);
    bundle_.sh("while :; do notify STATUS=more; done & sleep 0.3; exit 5");
    EXPECT_EQ(bundle_.run().status, 5);
    bundle_.sh("notify barrier & sleep 0.1; exit 6");
    EXPECT_EQ(bundle_.run().status, 6);
}

TEST_F(NotifyTest, InATerminalToo) {
    Manager manager(address_);
    bundle_.json("/process/terminal", true).sh("notify READY=1 barrier STOPPING=1");
    Process run = bundle_.run_in_background();
    EXPECT_EQ(manager.take(3), (Lines{"READY=1\n" + main_pid(run.pid()), "BARRIER=1 +1", "STOPPING=1\n"}));
    EXPECT_EQ(run.wait().status, 0);
}

TEST_F(NotifyTest, StartWaitsForTheProgramToBeReady) {
    Manager manager(address_);
    bundle_.sh("mkfifo /go; notify STATUS=starting; cat /go; notify 'STATUS=up\nREADY=1'; while :; do sleep 1; done");
    ASSERT_EQ(bundle_.create().status, 0);
    Process start(bundle_.make_command({"start", bundle_.id()}));
    EXPECT_EQ(manager.take(), "STATUS=starting\n");
    EXPECT_TRUE(bundle_.wait_for_status("running"));
    // Nobody has to wait for it meanwhile.
    EXPECT_EQ(bundle_.exec({"sh", "-c", "echo $NOTIFY_SOCKET; echo > /go"}).out, "\n");
    const std::string ready = manager.take();
    EXPECT_EQ(ready, "STATUS=up\nREADY=1\n" + container_pid());
    EXPECT_EQ(manager.take(), "BARRIER=1 +1");
    const Finished finished = start.wait();
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
}

TEST_F(NotifyTest, DetachedItEndsWithoutAWordIfTheContainerDoes) {
    Manager manager(address_);
    EXPECT_EQ(bundle_.sh("notify STATUS=failing; exit 3").run({"--detach"}).status, 0);
    EXPECT_EQ(manager.take(), "STATUS=failing\n");
    EXPECT_FALSE(manager.has_more());
}

TEST_F(NotifyTest, DetachedItReturnsOnceTheManagerKnows) {
    Manager manager(address_);
    bundle_.sh("notify READY=1; while :; do sleep 1; done");
    Process run = bundle_.run_in_background({"--detach"});
    const std::string ready = manager.take();
    EXPECT_EQ(ready, "READY=1\n" + container_pid());
    EXPECT_EQ(manager.take(), "BARRIER=1 +1");
    EXPECT_EQ(run.wait().status, 0);
}

TEST_F(NotifyTest, AbstractNamesAreAddressesToo) {
    Manager manager("@ocirt-test-" + std::to_string(::getpid()));
    Process run = bundle_.sh("notify READY=1").run_in_background();
    EXPECT_EQ(manager.take(), "READY=1\n" + main_pid(run.pid()));
    EXPECT_EQ(run.wait().status, 0);
}

TEST_F(NotifyTest, AMappedRootAndAnyUserMaySpeak) {
    Manager manager(address_);
    const Json map = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle_.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    bundle_.directory("/run").mount({"/run", "tmpfs", "tmpfs"});
    EXPECT_EQ(bundle_.sh("notify STATUS=root").run().status, 0);
    EXPECT_EQ(manager.take(), "STATUS=root\n");
    EXPECT_EQ(bundle_.user(1000, 1000).sh("notify STATUS=user").run().status, 0);
    EXPECT_EQ(manager.take(), "STATUS=user\n");
}

TEST_F(NotifyTest, TheSocketIsAllThatTheContainerSeesOfTheHost) {
    Manager manager(address_);
    bundle_.json("/root/readonly", true)
        .sh("ls -l /run/notify | cut -c1-10; grep -c ' /run/notify/notify.sock ro' "
            "/proc/self/mountinfo; notify STATUS=read-only");
    EXPECT_EQ(bundle_.run().out, "total 0\nsrwxrwxrwx\n1\n");
    EXPECT_EQ(manager.take(), "STATUS=read-only\n");
}

TEST_F(NotifyTest, WhereItCannotBeMountedTheErrorSaysWhoAskedForIt) {
    Manager manager(address_);
    fs::remove_all(bundle_.rootfs() / "run");
    std::ofstream(bundle_.rootfs() / "run") << "a file";
    const Finished finished = bundle_.sh("true").run();
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.err,
              "ocirt: NOTIFY_SOCKET: attach a prepared mount on /run/notify/notify.sock: not a directory "
              "(ENOTDIR)\n");
}

// Threat A13.
TEST_F(NotifyTest, ALinkInTheRootfsLeadsNowhereElse) {
    Manager manager(address_);
    const fs::path out = bundle_.scratch() / "out";
    fs::create_directory(out);
    fs::remove_all(bundle_.rootfs() / "run");
    bundle_.symlink(out, "/run").sh("notify STATUS=inside");
    EXPECT_EQ(bundle_.run().status, 0);
    EXPECT_EQ(manager.take(), "STATUS=inside\n");
    EXPECT_TRUE(fs::is_empty(out));
}

TEST_F(NotifyTest, AConfigThatNamesASocketIsLeftAlone) {
    Manager manager(address_);
    bundle_.env("NOTIFY_SOCKET=/elsewhere").sh("echo $NOTIFY_SOCKET; ls /run/notify 2>/dev/null; true");
    EXPECT_EQ(bundle_.run().out, "/elsewhere\n");
}

TEST_F(NotifyTest, WithoutAManagerThereIsNothing) {
    bundle_.sh("echo \"<$NOTIFY_SOCKET>\"; ls /run/notify 2>/dev/null; true");
    EXPECT_EQ(bundle_.run().out, "<>\n");
}

TEST_F(NotifyTest, AManagerThatIsGoneIsNoReasonNotToRun) {
    ::setenv("NOTIFY_SOCKET", address_.c_str(), 1);
    const Finished finished = bundle_.sh("notify READY=1 || echo refused").run();
    ::setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
    const Finished unknown = bundle_.sh("echo \"<$NOTIFY_SOCKET>\"").run();
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
    EXPECT_NE(bundle_.log().find("pass notifications of the container on"), std::string::npos) << bundle_.log();
    EXPECT_EQ(unknown.out, "<>\n");
    EXPECT_NE(bundle_.log().find("NOTIFY_SOCKET=vsock:2:1234 is not used"), std::string::npos) << bundle_.log();
}

}  // namespace
}  // namespace ocirt::test
