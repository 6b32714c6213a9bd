// What is named as a standard stream and is no FIFO that somebody reads. Told as containerd 1.6's own shim tells it,
// which adds to a file and makes none.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int ok = 0;

// Runs `script` to its end with these streams.
void run(Bundle& bundle, const std::string& script, const wire::CreateTaskRequest& request) {
    bundle.sh(script);
    Shim shim(bundle);
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 0);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimStdio, AFileIsAddedTo) {
    Bundle bundle;
    const fs::path file = bundle.scratch() / "file";
    std::ofstream(file) << "before\n";
    wire::CreateTaskRequest request;
    request.set_stdout(file);
    request.set_stderr(file);
    run(bundle, "echo out; echo err >&2; echo end", request);
    EXPECT_EQ(read_file(file), "before\nout\nerr\nend\n");
}

TEST(ShimStdio, AFileAsInputNeedNotBeWritable) {
    Bundle bundle;
    const fs::path directory = bundle.scratch() / "read-only";
    fs::create_directory(directory);
    const std::string words = "mount -t tmpfs none " + directory.string() + " && echo given >" +
                              (directory / "in").string() + " && mount -o remount,ro " + directory.string();
    ASSERT_EQ(test::run({.args = {"/bin/sh", "-c", words}}).status, 0);
    std::ofstream(bundle.scratch() / "out").flush();
    wire::CreateTaskRequest request;
    request.set_stdin(directory / "in");
    request.set_stdout(bundle.scratch() / "out");
    run(bundle, "cat", request);
    EXPECT_EQ(read_file(bundle.scratch() / "out"), "given\n");
    EXPECT_EQ(test::run({.args = {"/bin/umount", directory}}).status, 0);
}

TEST(ShimStdio, ADeviceIsADevice) {
    Bundle bundle;
    wire::CreateTaskRequest request;
    request.set_stdin("/dev/null");
    request.set_stdout("/dev/null");
    request.set_stderr("/dev/null");
    run(bundle, "cat; echo out; echo err >&2", request);
}

TEST(ShimStdio, AFifoThatNobodyEverOpensKeepsNobodyWaiting) {
    Bundle bundle;
    const fs::path out = bundle.scratch() / "out";
    const fs::path in = bundle.scratch() / "in";
    ASSERT_EQ(::mkfifo(out.c_str(), 0600), 0);
    ASSERT_EQ(::mkfifo(in.c_str(), 0600), 0);
    wire::CreateTaskRequest request;
    request.set_stdout(out);
    request.set_stdin(in);
    const auto begin = std::chrono::steady_clock::now();
    run(bundle, "echo lost", request);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

// Said by name, with nothing left of the container, which can be created once that has been put right.
void expect_refused(const std::function<std::string(const fs::path&)>& name, const std::string& why) {
    Bundle bundle;
    bundle.args({"/bin/true"});
    Shim shim(bundle);
    for (const auto set : {&wire::CreateTaskRequest::set_stdout<const std::string&>,
                           &wire::CreateTaskRequest::set_stderr<const std::string&>,
                           &wire::CreateTaskRequest::set_stdin<const std::string&>}) {
        wire::CreateTaskRequest request;
        (request.*set)(name(bundle.scratch()));
        EXPECT_NE(shim.create(request), ok);
        EXPECT_TRUE(shim.text().contains(why)) << shim.text();
        EXPECT_TRUE(shim.text().contains(name(bundle.scratch()))) << shim.text();
    }
    EXPECT_EQ(bundle.cgroup_file("pids", "cgroup.procs"), "");
    EXPECT_EQ(shim.create(), ok) << shim.text();
    EXPECT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 0);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimStdio, AMissingPathIsRefused) {
    expect_refused([](const fs::path& scratch) { return scratch / "no-such"; }, "no such file or directory");
}

TEST(ShimStdio, ADirectoryIsRefused) {
    expect_refused(
        [](const fs::path& scratch) {
            fs::create_directory(scratch / "directory");
            return scratch / "directory";
        },
        "is a directory");
}

TEST(ShimStdio, AnExecsStreamsAreRefusedAtItsStart) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    const Json process = {{"args", {"/bin/true"}}, {"cwd", "/"}, {"user", {{"uid", 0}, {"gid", 0}}}};
    wire::ExecProcessRequest request;
    request.set_stdout(bundle.scratch() / "no-such");
    ASSERT_EQ(shim.exec("e", process, request), ok) << shim.text();
    EXPECT_NE(shim.start("e"), ok);
    EXPECT_TRUE(shim.text().contains("no such file or directory")) << shim.text();
    EXPECT_EQ(shim.remove("e"), ok) << shim.text();
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

}  // namespace
}  // namespace ocirt::test
