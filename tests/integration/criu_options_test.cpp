// The options of `checkpoint` and `restore`, as criu(8) carries them out; how to run them: criu_test.cpp.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "support/criu_counter.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* criu = "/usr/sbin/criu";

class CriuOptions : public CriuCounter {
   protected:
    [[nodiscard]] pid_t init() { return bundle_.state().value("pid", 0); }

    // One program in the network namespace of the container.
    Finished in_network(std::vector<std::string> words) {
        words.insert(words.begin(), {"/bin/busybox", "nsenter", "-t", std::to_string(init()), "-n", "--"});
        return run({.args = std::move(words)});
    }
};

TEST_F(CriuOptions, ShellJobTakesTheCallersTerminal) {
    const auto on = [](const Pty& pty, Command command) {
        const int slave = pty.slave.get();
        command.descriptors = {{slave, 0}, {slave, 1}, {slave, 2}};
        return Process(command);
    };
    Pty before;
    bundle_.write_config();
    Process first = on(before, bundle_.make_command({"run", "--bundle", bundle_.path(), bundle_.id()}));
    ASSERT_TRUE(before.screen.wait_for("n3\r\n"));
    const Finished refused = checkpoint("refused");
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("use --shell-job"), std::string::npos) << refused.err;
    EXPECT_EQ(status(), "running");
    ASSERT_EQ(checkpoint("image", {"--shell-job"}).status, 0) << bundle_.log();
    (void)first.wait(slow);
    const std::string before_dump = before.screen.read_all(std::chrono::milliseconds(200));
    const std::string next = "n" + std::to_string(last_number(before_dump) + 3) + "\r\n";
    EXPECT_EQ(restore("image").wait(slow).status, 1) << "without the option";
    Pty after;
    Process again = on(after, restore_command("image", {"--shell-job"}));
    EXPECT_TRUE(after.screen.wait_for(next, slow)) << after.screen.text() << bundle_.log();
    EXPECT_EQ(after.screen.text().find("n1\r\n"), std::string::npos);
    EXPECT_EQ(bundle_.kill("KILL").status, 0);
    EXPECT_EQ(again.wait(slow).status, 128 + 9);
}

TEST_F(CriuOptions, FileLocksAreHeldAgain) {
    bundle_.sh("exec 9>/tmp/lock; i=0; while :; do i=$((i+1)); echo n$i; sleep 0.1; done");
    Process first = start();
    {
        // The lock belongs to what the container opened, whoever took it.
        const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, init(), 0)));
        const Fd its(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd.get(), 9, 0)));
        ASSERT_EQ(::flock(its.get(), LOCK_EX | LOCK_NB), 0);
    }
    EXPECT_EQ(checkpoint("refused").status, 1);
    ASSERT_EQ(checkpoint("image", {"--file-locks"}).status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    const std::string file = bundle_.rootfs() / "tmp/lock";
    const Fd ours(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(ours.get(), LOCK_EX | LOCK_NB), 0);
    ASSERT_EQ(::flock(ours.get(), LOCK_UN), 0);
    Process again = restore("image", {"--file-locks"});
    ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
    EXPECT_NE(::flock(ours.get(), LOCK_EX | LOCK_NB), 0) << "it holds no lock";
    expect_counting_from(number, again);
}

// A datagram socket of the host with a name, as the one of syslog.
struct Log {
    explicit Log(std::string name) : address{.sun_family = AF_UNIX, .sun_path = {}} {
        std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
        socket = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    }
    [[nodiscard]] Fd connect() const {
        Fd end(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        return end;
    }
    // The next line; "": none came.
    [[nodiscard]] std::string line(std::chrono::milliseconds limit) const {
        pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
        std::array<char, 256> text{};
        if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return "";
        const ssize_t size = ::recv(socket.get(), text.data(), text.size(), 0);
        return size <= 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
    }
    void empty() const {
        while (!line(std::chrono::milliseconds(0)).empty()) {}
    }

    sockaddr_un address;
    Fd socket;
};

TEST_F(CriuOptions, ExtUnixSkConnectsAgain) {
    fs::create_directory(path("host"));
    const Log log(path("host/log"));
    bundle_.without_namespace("network");
    bundle_.mount({.destination = path("host"), .type = "bind", .source = path("host"), .options = {"bind"}});
    bundle_.sh("i=0; while :; do i=$((i+1)); echo n$i; echo n$i >&3; sleep 0.1; done");
    bundle_.write_config();
    Command command = bundle_.make_command({"run", "--preserve-fds", "1", "--bundle", bundle_.path(), bundle_.id()});
    const Fd end = log.connect();
    command.descriptors = {{end.get(), 3}};
    Process first(command);
    ASSERT_TRUE(first.wait_for("n3\n")) << bundle_.log();
    EXPECT_EQ(checkpoint("refused").status, 1);
    ASSERT_EQ(checkpoint("image", {"--ext-unix-sk"}).status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    log.empty();
    Process again = restore("image", {"--ext-unix-sk"});
    const std::string line = log.line(slow);
    EXPECT_GE(last_number(line), number) << line << bundle_.log();
    expect_counting_from(number, again);
}

std::uint64_t allocated(const std::string& directory) {
    std::uint64_t blocks = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        struct stat status{};
        if (entry.path().filename().string().starts_with("pages-") && ::stat(entry.path().c_str(), &status) == 0)
            blocks += static_cast<std::uint64_t>(status.st_blocks);
    }
    return blocks;
}

TEST_F(CriuOptions, AutoDedupFreesWhatANewerImageHas) {
    Process first = start();
    ASSERT_EQ(checkpoint("one", {"--pre-dump"}).status, 0) << bundle_.log();
    const std::uint64_t one = allocated(path("one"));
    ASSERT_EQ(checkpoint("two", {"--pre-dump", "--parent-path", "../one", "--auto-dedup"}).status, 0) << bundle_.log();
    EXPECT_LT(allocated(path("one")), one);
    const std::uint64_t two = allocated(path("two"));
    ASSERT_EQ(checkpoint("image", {"--parent-path", "../two", "--auto-dedup"}).status, 0) << bundle_.log();
    EXPECT_LT(allocated(path("two")), two);
    const int number = last_number(first.wait(slow).out);
    const std::uint64_t image = allocated(path("image"));
    Process again = restore("image", {"--auto-dedup"});
    expect_counting_from(number, again);
    EXPECT_LT(allocated(path("image")), image);
}

TEST_F(CriuOptions, EmptyNsLeavesTheNetworkEmpty) {
    const auto loopback = [&] { return in_network({"/bin/busybox", "ip", "link", "show", "lo"}).out; };
    Process first = start();
    ASSERT_EQ(in_network({"/bin/busybox", "ip", "link", "set", "lo", "up"}).status, 0);
    ASSERT_NE(loopback().find(",UP"), std::string::npos) << loopback();
    ASSERT_EQ(checkpoint("whole", {"--leave-running"}).status, 0) << bundle_.log();
    ASSERT_EQ(checkpoint("image", {"--empty-ns", "network"}).status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    Process again = restore("image", {"--empty-ns", "network"});
    ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
    EXPECT_EQ(loopback().find(",UP"), std::string::npos) << loopback();
    EXPECT_NE(loopback().find("lo"), std::string::npos) << loopback();
    expect_counting_from(number, again);
    Process whole = restore("whole");
    ASSERT_TRUE(whole.wait_for("n", slow)) << bundle_.log();
    EXPECT_NE(loopback().find(",UP"), std::string::npos) << loopback();
    EXPECT_EQ(bundle_.kill("KILL").status, 0);
    (void)whole.wait(slow);
}

struct StatusPipe {
    StatusPipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reading = Fd(ends[0]);
        writing = Fd(ends[1]);
    }
    // Whether criu has said that it is ready.
    [[nodiscard]] bool wait() {
        writing.reset();
        pollfd ready{.fd = reading.get(), .events = POLLIN, .revents = 0};
        char byte = 1;
        return ::poll(&ready, 1, 120'000) > 0 && ::read(reading.get(), &byte, 1) == 1 && byte == '\0';
    }
    Fd reading;
    Fd writing;
};

TEST_F(CriuOptions, PageServerGetsTheMemory) {
    Process first = start();
    fs::create_directory(path("image"));
    StatusPipe ready;
    Process server({.args = {criu, "page-server", "--images-dir", path("image"), "--address", "127.0.0.1", "--port",
                             "9876", "--status-fd", "5", "-v4", "-o", path("server.log")},
                    .descriptors = {{ready.writing.get(), 5}}});
    ASSERT_TRUE(ready.wait()) << read_file(path("server.log"));
    ASSERT_EQ(checkpoint("image", {"--page-server", "127.0.0.1:9876"}).status, 0) << bundle_.log();
    EXPECT_EQ(server.wait(slow).status, 0) << read_file(path("server.log"));
    const int number = last_number(first.wait(slow).out);
    EXPECT_GT(allocated(path("image")), 0u);
    Process again = restore("image");
    expect_counting_from(number, again);
}

TEST_F(CriuOptions, LazyPagesComeWhenTheyAreTouched) {
    Process first = start();
    StatusPipe ready;
    Command dump = checkpoint_command(
        "image", {"--lazy-pages", "--page-server", "127.0.0.1:9876", "--status-fd", "5", "--work-path", path("dump")});
    dump.descriptors = {{ready.writing.get(), 5}};
    Process dumping(dump);
    ASSERT_TRUE(ready.wait()) << bundle_.log();
    EXPECT_EQ(status(), "running");
    StatusPipe listening;
    // Without a directory for its work it puts its socket among the images, as runc's users have it.
    Process pages({.args = {criu, "lazy-pages", "--images-dir", path("image"), "--page-server", "--address",
                            "127.0.0.1", "--port", "9876", "--status-fd", "5", "-v4", "-o", "pages.log"},
                   .cwd = path("image"),
                   .descriptors = {{listening.writing.get(), 5}}});
    ASSERT_TRUE(listening.wait()) << read_file(path("image/pages.log"));
    bundle_.id("another").json("/linux/cgroupsPath", bundle_.cgroups_path() + "-another");
    Process again = restore("image", {"--lazy-pages"});
    EXPECT_TRUE(again.wait_for("n", slow)) << bundle_.log();
    EXPECT_EQ(dumping.wait(slow).status, 0) << bundle_.log();
    EXPECT_EQ(pages.wait(slow).status, 0) << read_file(path("image/pages.log"));
    const int number = last_number(first.wait(slow).out);
    expect_counting_from(number, again);
}

}  // namespace
}  // namespace ocirt::test
