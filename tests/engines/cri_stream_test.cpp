// The CRI: programs executed in containers, attached clients, logs.
#include <gtest/gtest.h>

#include <filesystem>

#include "engines/cri.h"
#include "support/host.h"

namespace ocirt::engines {
namespace {

TEST_F(Cri, ExecSync) {
    const std::string container = run_container(run_pod(), {"sleep", "1000"});
    const Json answer = exec(container, {"sh", "-c", "echo right; echo wrong >&2; exit 5"});
    EXPECT_EQ(answer["stdout"], "right\n");
    EXPECT_EQ(answer["stderr"], "wrong\n");
    EXPECT_EQ(answer["exit_code"], 5);
    const Json much = exec(container, {"sh", "-c", "dd if=/dev/zero bs=1024 count=1024 2>/dev/null | tr '\\0' x"});
    EXPECT_EQ(much["stdout"].get<std::string>().size(), std::size_t{1} << 20);
    const Finished missing = try_call("ExecSync", {{"container_id", container}, {"cmd", {"no-such-program"}}});
    EXPECT_EQ(missing.status, 1);
    EXPECT_TRUE(missing.err.contains("executable file not found in $PATH")) << missing.err;
}

TEST_F(Cri, ExecSyncKillsWhenItsTimeIsOver) {
    const std::string container = run_container(run_pod(), {"sleep", "1000"});
    const Finished late =
        try_call("ExecSync", {{"container_id", container}, {"cmd", {"sleep", "4321"}}, {"timeout", 1}});
    EXPECT_EQ(late.status, 1);
    EXPECT_TRUE(late.err.starts_with("DEADLINE_EXCEEDED")) << late.err;
    EXPECT_FALSE(exec(container, {"ps"})["stdout"].get<std::string>().contains("4321"));
    EXPECT_EQ(status_of(container)["state"], "CONTAINER_RUNNING");
}

TEST_F(Cri, ExecAsAStream) {
    const std::string container = run_container(run_pod(), {"sleep", "1000"});
    const Json url = call("Exec", {{"container_id", container},
                                   {"cmd", {"sh", "-c", "read line; echo got $line; echo wrong >&2; exit 5"}},
                                   {"stdin", true},
                                   {"stdout", true},
                                   {"stderr", true}})["url"];
    const Json shown = stream(url, "given\n");
    EXPECT_EQ(shown["stdout"], "got given\n");
    EXPECT_EQ(shown["stderr"], "wrong\n");
    const Json error = Json::parse(shown["error"].get<std::string>());
    EXPECT_EQ(error["reason"], "NonZeroExitCode");
    EXPECT_EQ(error["details"]["causes"][0]["message"], "5");
}

TEST_F(Cri, ExecAtATerminal) {
    const std::string container = run_container(run_pod(), {"sleep", "1000"});
    const Json request = {
        {"container_id", container}, {"cmd", {"sh"}}, {"stdin", true}, {"stdout", true}, {"tty", true}};
    const Json shown = stream(call("Exec", request)["url"], "tty\nexit 3\n", "/dev/pts/0|exit 3");
    EXPECT_TRUE(shown["stdout"].get<std::string>().contains("/dev/pts/0")) << shown;
}

TEST_F(Cri, Attach) {
    const std::string container =
        run_container(run_pod(), {"sh", "-c", "while read line; do echo got $line; done"}, {{"stdin", true}});
    const Json request = {{"container_id", container}, {"stdin", true}, {"stdout", true}, {"stderr", true}};
    for (const char* word : {"one", "two"}) {
        const Json shown = stream(call("Attach", request)["url"], std::string(word) + "\n", "got .*\n");
        EXPECT_EQ(shown["stdout"], "got " + std::string(word) + "\n") << "a client may come again";
    }
    EXPECT_TRUE(eventually(
        [&] { return log_of(container) == std::vector<std::string>{"stdout F got one", "stdout F got two"}; }));
    EXPECT_EQ(status_of(container)["state"], "CONTAINER_RUNNING");
}

TEST_F(Cri, AttachToATerminal) {
    const std::string container = run_container(run_pod(), {"sh"}, {{"stdin", true}, {"tty", true}});
    const Json request = {{"container_id", container}, {"stdin", true}, {"stdout", true}, {"tty", true}};
    const Json shown = stream(call("Attach", request)["url"], "tty\n", "/dev/pts/0");
    EXPECT_TRUE(shown["stdout"].get<std::string>().contains("/dev/pts/0")) << shown;
}

// containerd 1.6 closes the log when it hears of the end, whether it has read everything or not; ocirt's shim tells it
// of the end once it has.
TEST_F(Cri, LogsOfBothStreams) {
    const std::string pause = is_shim() ? "" : "; sleep 1";
    const std::string container =
        run_container(run_pod(), {"sh", "-c", "echo right; echo wrong >&2; printf part" + pause});
    wait_for_end(container);
    std::vector<std::string> log = log_of(container);
    std::ranges::sort(log);
    EXPECT_EQ(log, (std::vector<std::string>{"stderr F wrong", "stdout F right", "stdout P part"}));
}

TEST_F(Cri, AllLinesAreLogged) {
    if (!is_shim()) GTEST_SKIP() << "SKIP: containerd 1.6 loses output of its own shim's containers";
    const std::string container = run_container(run_pod(), {"seq", "1", "100000"});
    wait_for_end(container);
    EXPECT_TRUE(eventually([&] { return log_of(container).size() == 100000; })) << log_of(container).size();
    EXPECT_EQ(log_of(container).back(), "stdout F 100000");
}

TEST_F(Cri, ALogThatIsRotated) {
    const std::string container =
        run_container(run_pod(), {"sh", "-c", "echo old; read line; echo new"}, {{"stdin", true}});
    ASSERT_TRUE(eventually([&] { return !log_of(container).empty(); }));
    const std::filesystem::path log = status_of(container)["log_path"].get<std::string>();
    std::filesystem::rename(log, log.string() + ".1");
    call("ReopenContainerLog", {{"container_id", container}});
    const Json request = {{"container_id", container}, {"stdin", true}, {"stdout", true}};
    stream(call("Attach", request)["url"], "go\n", "new");
    wait_for_end(container);
    EXPECT_EQ(log_of(container), std::vector<std::string>{"stdout F new"});
}

}  // namespace
}  // namespace ocirt::engines
