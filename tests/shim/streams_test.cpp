// Where a process's output goes: loggers, files, and the administrator's list of loggers.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "support/host.h"
#include "support/own_etc.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int ok = 0;
constexpr int invalid_argument = 3;
constexpr int unimplemented = 12;

class ShimLogger : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!etc_.is_there()) GTEST_SKIP() << "SKIP: no overlay on /etc";
        logger_ = bundle_.scratch() / "logger";
        std::ofstream(logger_) << "#!/bin/sh\n"
                               << "env > " << path("env") << "; echo \"$@\" > " << path("args") << "\n"
                               << "exec 5>&-\n"
                               << "cat <&4 > " << path("err") << " &\n"
                               << "cat <&3 > " << path("out") << "; wait; : > " << path("end") << "\n";
        fs::permissions(logger_, Bundle::executable);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return bundle_.scratch() / name; }
    void allow(const std::string& text) { etc_.write("loggers.conf", text); }
    int create(Shim& shim, bool terminal = false, const std::string& query = "?--name=a%20b&-v") {
        wire::CreateTaskRequest request;
        request.set_terminal(terminal);
        request.set_stdout("binary://" + logger_.string() + query);
        if (!terminal) request.set_stderr(request.stdout());
        return shim.create(request);
    }
    bool has_ended() {
        return eventually([this] { return fs::exists(path("end")); });
    }

    Bundle bundle_;
    OwnEtc etc_{bundle_.scratch()};
    fs::path logger_;
};

TEST_F(ShimLogger, RunsOnlyWhereTheAdministratorAllowsIt) {
    bundle_.sh("true");
    Shim shim(bundle_);
    EXPECT_EQ(create(shim), unimplemented);
    EXPECT_NE(shim.text().find("/etc/ocirt/loggers.conf"), std::string::npos) << shim.text();
    allow("/another/logger\n" + logger_.string() + "-not\n");
    EXPECT_EQ(create(shim), unimplemented);
    etc_.write("loggers.conf", logger_.string() + "\n", 0666);
    EXPECT_EQ(create(shim), unimplemented);
    EXPECT_NE(shim.text().find("not root's alone"), std::string::npos) << shim.text();
    EXPECT_FALSE(fs::exists(path("args")));
}

TEST_F(ShimLogger, TakesAllThatIsWritten) {
    allow(logger_.string() + "\n");
    bundle_.sh("head -c 3000000 /dev/zero | tr '\\0' x; echo wrong >&2; exit 3");
    Shim shim(bundle_);
    ASSERT_EQ(create(shim), ok) << shim.text();
    EXPECT_EQ(shim.state().stdout(), "binary://" + logger_.string() + "?--name=a%20b&-v");
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 3);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    ASSERT_TRUE(has_ended());
    EXPECT_EQ(read_file(path("out")), std::string(3'000'000, 'x'));
    EXPECT_EQ(read_file(path("err")), "wrong\n");
    EXPECT_EQ(read_file(path("args")), "--name a b -v\n");
    EXPECT_NE(read_file(path("env")).find("CONTAINER_ID=" + shim.id() + "\n"), std::string::npos);
    EXPECT_NE(read_file(path("env")).find("CONTAINER_NAMESPACE=test\n"), std::string::npos);
    EXPECT_EQ(read_file(path("env")).find("PATH=/usr"), std::string::npos);
}

TEST_F(ShimLogger, TakesATerminalsOutput) {
    allow(logger_.string() + "\n");
    bundle_.json("/process/terminal", true).sh("tty; exit 4");
    Shim shim(bundle_);
    ASSERT_EQ(create(shim, true), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 4);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    ASSERT_TRUE(has_ended());
    EXPECT_EQ(read_file(path("out")), "/dev/pts/0\n");
}

TEST_F(ShimLogger, ThatIsNotThereIsToldByName) {
    allow("/no/such/logger\n");
    bundle_.sh("true");
    logger_ = "/no/such/logger";
    Shim shim(bundle_);
    EXPECT_NE(create(shim), ok);
    EXPECT_NE(shim.text().find("/no/such/logger"), std::string::npos) << shim.text();
    EXPECT_NE(shim.text().find("ENOENT"), std::string::npos) << shim.text();
    EXPECT_EQ(create(shim, false, "?a=%zz"), invalid_argument) << shim.text();
}

TEST_F(ShimLogger, ThatEndsDoesNotEndTheProgram) {
    allow(logger_.string() + "\n");
    std::ofstream(logger_) << "#!/bin/sh\nexit 1\n";
    bundle_.sh("trap '' PIPE; echo lost; exit 5");
    Shim shim(bundle_);
    ASSERT_EQ(create(shim), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 5);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimStreams, AFileIsAppendedTo) {
    Bundle bundle;
    bundle.sh("echo out; echo err >&2");
    const fs::path log = bundle.scratch() / "log";
    std::ofstream(log) << "before\n";
    Shim shim(bundle);
    wire::CreateTaskRequest request;
    request.set_stdout("file://" + log.string());
    request.set_stderr("file://" + log.string());
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 0);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    EXPECT_EQ(read_file(log), "before\nout\nerr\n");
}

TEST(ShimStreams, AnUnknownSchemeIsRefusedByName) {
    Bundle bundle;
    bundle.sh("true");
    Shim shim(bundle);
    wire::CreateTaskRequest request;
    request.set_stdout("npipe:////./pipe/x");
    EXPECT_EQ(shim.create(request), unimplemented);
    EXPECT_NE(shim.text().find("npipe:////./pipe/x"), std::string::npos) << shim.text();
}

}  // namespace
}  // namespace ocirt::test
