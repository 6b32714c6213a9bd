// What goes wrong around a shim: clients that misbehave, readers that are slow, and its own death.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "support/host.h"
#include "support/shim.h"
#include "ttrpc.pb.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int ok = 0;
constexpr int deadline_exceeded = 4;
constexpr int resource_exhausted = 8;

void start_sleeper(Shim& shim) {
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    ASSERT_EQ(shim.state().status(), wire::RUNNING);  // by now the worker's socket is closed
}

void end(Shim& shim) {
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

bool is_gone(pid_t pid) {
    return eventually([pid] { return !is_alive(pid); });
}

std::size_t open_files(pid_t pid) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"), {}));
}

TEST(ShimFaults, AWrongFrameClosesItsConnectionAlone) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    for (const std::string& bytes : {shim::ttrpc::encode(2, shim::ttrpc::FrameType::request, "even"),
                                     shim::ttrpc::encode(1, shim::ttrpc::FrameType::response, "no request"),
                                     shim::ttrpc::encode(1, static_cast<shim::ttrpc::FrameType>(77), "")}) {
        TtrpcClient other(shim.socket());
        ASSERT_TRUE(other.send_bytes(bytes));
        EXPECT_TRUE(other.is_closed());
    }
    TtrpcClient noise(shim.socket());
    ASSERT_TRUE(noise.send_bytes(std::string(100'000, '\xff')));
    TtrpcClient half(shim.socket());
    ASSERT_TRUE(half.send_bytes("\0\0"));
    EXPECT_EQ(shim.state().status(), wire::RUNNING);
    end(shim);
}

// The same bytes in every run: noise, and requests that are right but for a few bytes.
TEST(ShimFaults, RandomBytesHarmNobodyElse) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    const std::size_t before = open_files(shim.pid());
    std::mt19937 random(4);
    const auto below = [&random](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
    for (const char* method : {"State", "Exec", "Start", "Wait", "Stats", "Pids", "CloseIO", "ResizePty", "Connect"}) {
        wire::StateRequest state;
        state.set_id(shim.id());
        wire::Request request;
        request.set_service("containerd.task.v2.Task");
        request.set_method(method);
        request.set_payload(state.SerializeAsString());
        const std::string good = shim::ttrpc::encode(1, shim::ttrpc::FrameType::request, request.SerializeAsString());
        for (int i = 0; i < 100; ++i) {
            std::string bytes = i % 4 == 0 ? std::string(below(300), '\0') : good;
            for (std::size_t change = i % 4 == 0 ? bytes.size() : 1 + below(4); change > 0 && !bytes.empty(); --change)
                bytes[below(bytes.size())] = static_cast<char>(random());
            TtrpcClient client(shim.socket());
            (void)client.send_bytes(bytes);
        }
    }
    EXPECT_EQ(shim.state().status(), wire::RUNNING);
    EXPECT_TRUE(eventually([&] { return open_files(shim.pid()) <= before; }));
    end(shim);
}

TEST(ShimFaults, AMessageAboveTheLimitIsRefusedAndPassedOver) {
    Bundle bundle;
    Shim shim(bundle);
    TtrpcClient client(shim.socket());
    const std::uint32_t stream =
        client.send("State", std::string(shim::ttrpc::message_limit + 1, 'x'), "containerd.task.v2.Task");
    EXPECT_EQ(client.receive(stream).code, resource_exhausted);
    EXPECT_EQ(client.call("State", "").code, 5);
}

TEST(ShimFaults, AThousandIdleConnections) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    const std::size_t before = open_files(shim.pid());
    {
        std::vector<std::unique_ptr<TtrpcClient>> idle;
        for (int i = 0; i < 1000; ++i) idle.push_back(std::make_unique<TtrpcClient>(shim.socket()));
        EXPECT_EQ(shim.state().status(), wire::RUNNING);
    }
    for (int i = 0; i < 5000 && open_files(shim.pid()) != before; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(open_files(shim.pid()), before);
    end(shim);
}

TEST(ShimFaults, ACallEndsAtItsDeadline) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    wire::WaitRequest request;
    request.set_id(shim.id());
    const TtrpcReply reply = shim.client().call("Wait", request.SerializeAsString(), "containerd.task.v2.Task", 50ms);
    EXPECT_EQ(reply.code, deadline_exceeded) << reply.message;
    end(shim);
}

TEST(ShimFaults, AWaitThatNobodyHearsIsForgotten) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    {
        TtrpcClient gone(shim.socket());
        wire::WaitRequest request;
        request.set_id(shim.id());
        (void)gone.send("Wait", request.SerializeAsString());
    }
    end(shim);
}

TEST(ShimFaults, OutputIsThereForAReaderThatComesAfterTheEnd) {
    Bundle bundle;
    bundle.sh("echo late");
    Shim shim(bundle);
    const fs::path path = bundle.scratch() / "out";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    wire::CreateTaskRequest request;
    request.set_stdout(path);
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok);
    EXPECT_EQ(shim.wait(), 0);
    FifoReader output(path);
    EXPECT_EQ(output.read_all(), "late\n");
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimFaults, AReaderThatGoesAwayDoesNotEndTheProgram) {
    Bundle bundle;
    bundle.sh("echo first; read line; echo second; exit 5");
    Shim shim(bundle);
    const fs::path out = bundle.scratch() / "out";
    const fs::path in = bundle.scratch() / "in";
    ASSERT_EQ(::mkfifo(in.c_str(), 0600), 0);
    auto reader = std::make_unique<FifoReader>(out);
    wire::CreateTaskRequest request;
    request.set_stdout(out);
    request.set_stdin(in);
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok);
    EXPECT_TRUE(reader->wait_for("first\n"));
    reader.reset();
    std::ofstream(in) << "go on\n" << std::flush;
    EXPECT_EQ(shim.wait(), 5);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimFaults, InputEndsWithCloseIo) {
    Bundle bundle;
    bundle.sh("cat; echo end");
    Shim shim(bundle);
    const fs::path in = bundle.scratch() / "in";
    ASSERT_EQ(::mkfifo(in.c_str(), 0600), 0);
    FifoReader output(bundle.scratch() / "out");
    wire::CreateTaskRequest request;
    request.set_stdout(bundle.scratch() / "out");
    request.set_stdin(in);
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok);
    std::ofstream(in) << "one\n" << std::flush;
    EXPECT_TRUE(output.wait_for("one\n"));
    std::ofstream(in) << "two\n" << std::flush;  // a client that went away was no end
    EXPECT_TRUE(output.wait_for("two\n"));
    wire::CloseIORequest close;
    close.set_id(shim.id());
    close.set_stdin(true);
    EXPECT_EQ(shim.client().call("CloseIO", close.SerializeAsString()).code, ok);
    EXPECT_EQ(shim.wait(), 0);
    EXPECT_EQ(output.read_all(), "one\ntwo\nend\n");
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

// `echo words | ctr task exec`: the client has said all and is gone before the process has its streams.
TEST(ShimFaults, InputOfAClientThatIsFasterThanTheProcess) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    wire::CloseIORequest close;
    close.set_id(shim.id());
    close.set_stdin(true);
    for (int i = 0; i < 30; ++i) {
        const std::string id = "e" + std::to_string(i);
        const fs::path in = bundle.scratch() / (id + "-in");
        const fs::path out = bundle.scratch() / (id + "-out");
        ASSERT_EQ(::mkfifo(in.c_str(), 0600), 0);
        FifoReader output(out);
        wire::ExecProcessRequest request;
        request.set_stdin(in);
        request.set_stdout(out);
        const Json process = {{"args", {"/bin/cat"}}, {"cwd", "/"}, {"user", {{"uid", 0}, {"gid", 0}}}};
        ASSERT_EQ(shim.exec(id, process, request), ok) << shim.text();
        close.set_exec_id(id);
        const auto close_input = [&] { EXPECT_EQ(shim.client().call("CloseIO", close.SerializeAsString()).code, ok); };
        const bool before_start = i % 2 == 1;
        if (before_start) close_input();
        Fd client(::open(in.c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_EQ(::write(client.get(), "words\n", 6), 6);
        const std::uint32_t start = shim.send_start(id);
        (void)shim.state(id);  // by now the shim has it open
        client.reset();
        if (!before_start) close_input();
        ASSERT_EQ(shim.client().receive(start).code, ok);
        EXPECT_EQ(shim.wait(id), 0);
        EXPECT_EQ(output.read_all(), "words\n");
        EXPECT_EQ(shim.remove(id), ok) << shim.text();
    }
    end(shim);
}

TEST(ShimFaults, DeathIsCleanedUpByDelete) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    pid_t init = 0;
    {
        Shim shim(bundle);
        start_sleeper(shim);
        init = static_cast<pid_t>(shim.state().pid());
        ASSERT_EQ(::kill(shim.pid(), SIGKILL), 0);
        ASSERT_TRUE(is_gone(shim.pid()));
        const Finished deleted = shim.run_delete();
        EXPECT_EQ(deleted.status, 0) << deleted.err;
        wire::DeleteResponse response;
        ASSERT_TRUE(response.ParseFromString(deleted.out));
        EXPECT_EQ(response.exit_status(), 137U);
        EXPECT_FALSE(fs::exists(shim.socket()));
        EXPECT_EQ(shim.run_delete().status, 0);  // again: nothing is there, and that is fine
    }
    EXPECT_TRUE(is_gone(init));
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

TEST(ShimFaults, TheStatusOfAnEndBeforeTheShimsDeathIsKept) {
    Bundle bundle;
    bundle.sh("exit 9");
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok);
    ASSERT_EQ(shim.start(), ok);
    EXPECT_EQ(shim.wait(), 9);
    ASSERT_EQ(::kill(shim.pid(), SIGKILL), 0);
    ASSERT_TRUE(is_gone(shim.pid()));
    wire::DeleteResponse response;
    ASSERT_TRUE(response.ParseFromString(shim.run_delete().out));
    EXPECT_EQ(response.exit_status(), 9U);
}

TEST(ShimFaults, SigtermEndsOnlyAnIdleShim) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    start_sleeper(shim);
    ASSERT_EQ(::kill(shim.pid(), SIGTERM), 0);
    EXPECT_EQ(shim.state().status(), wire::RUNNING);
    end(shim);
    ASSERT_EQ(::kill(shim.pid(), SIGTERM), 0);
    EXPECT_TRUE(is_gone(shim.pid()));
}

}  // namespace
}  // namespace ocirt::test
