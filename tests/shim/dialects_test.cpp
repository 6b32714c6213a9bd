// The three ways in which containerd starts a shim, and asks what it is.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/bundle.h"
#include "support/own_run.h"
#include "support/ttrpc.h"
#include "task.pb.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

class ShimDialects : public ::testing::Test {
   protected:
    void SetUp() override {
        bundle_.write_config();
        fs::create_symlink(runtime_path(), program_);
        ::setenv("TTRPC_ADDRESS", (bundle_.scratch() / "no-events").c_str(), 1);
    }
    void TearDown() override {
        ::unsetenv("TTRPC_ADDRESS");
        ::unsetenv("MAX_SHIM_VERSION");
    }
    Finished shim(const std::vector<std::string>& words) {
        Command command{.args = {program_}, .cwd = bundle_.path()};
        command.args.insert(command.args.end(), words.begin(), words.end());
        return run(command);
    }
    Finished start(const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"-namespace", "test",       "-address",        "/run/c.sock",
                                       "-id",        bundle_.id(), "-publish-binary", "/usr/bin/containerd"};
        words.insert(words.end(), more.begin(), more.end());
        words.emplace_back("start");
        return shim(words);
    }
    // The Task service of that version answers at the address, and ends.
    void expect_served(const std::string& address, const std::string& service) {
        ASSERT_TRUE(address.starts_with("unix:///run/containerd/s/")) << address;
        pid_t pid = 0;
        std::ifstream(bundle_.path() / "shim.pid") >> pid;
        ASSERT_GT(pid, 1);
        TtrpcClient client(address.substr(7));
        const TtrpcReply reply = client.call("Connect", "", service);
        EXPECT_EQ(reply.code, 0) << reply.message;
        wire::ConnectResponse response;
        ASSERT_TRUE(response.ParseFromString(reply.payload));
        EXPECT_EQ(response.shim_pid(), static_cast<std::uint32_t>(pid));
        (void)client.call("Shutdown", "", service);
        EXPECT_TRUE(eventually([pid] { return !is_alive(pid); }));
        EXPECT_FALSE(fs::exists(address.substr(7)));
    }

    OwnRun run_;  // where 1.6 to 2.2 have sockets
    Bundle bundle_;
    fs::path program_ = bundle_.scratch() / "containerd-shim-ocirt-v2";
};

TEST_F(ShimDialects, TheAddressAloneFor16) {
    const Finished started = start({"-debug"});
    ASSERT_EQ(started.status, 0) << started.err;
    expect_served(started.out, "containerd.task.v2.Task");
}

TEST_F(ShimDialects, JsonFor17AndLater) {
    for (const int version : {2, 3}) {
        ::setenv("MAX_SHIM_VERSION", std::to_string(version).c_str(), 1);
        const Finished started = start();
        ASSERT_EQ(started.status, 0) << started.err;
        const Json answer = Json::parse(started.out, nullptr, false);
        ASSERT_TRUE(answer.is_object()) << started.out;
        EXPECT_EQ(answer["version"], version);
        EXPECT_EQ(answer["protocol"], "ttrpc");
        expect_served(answer["address"], version == 2 ? "containerd.task.v2.Task" : "containerd.task.v3.Task");
    }
}

TEST_F(ShimDialects, ASecondOfTheGroupGetsTheFirstsAddress) {
    bundle_.json("/annotations/io.kubernetes.cri.sandbox-id", "pod").write_config();
    const Finished first = start();
    ASSERT_EQ(first.status, 0) << first.err;
    bundle_.id("another");
    const Finished second = start();
    ASSERT_EQ(second.status, 0) << second.err;
    EXPECT_EQ(second.out, first.out);
    expect_served(first.out, "containerd.task.v2.Task");
}

TEST_F(ShimDialects, WhatItIs) {
    const Finished version = shim({"-v"});
    EXPECT_EQ(version.status, 0);
    EXPECT_TRUE(version.out.starts_with("containerd-shim-ocirt-v2:\n  Version:  ")) << version.out;
    const Finished info = shim({"-info"});
    EXPECT_EQ(info.status, 0);
    EXPECT_NE(info.out.find("io.containerd.ocirt.v2"), std::string::npos);
}

TEST_F(ShimDialects, WrongCallsAreToldAndLeaveNothing) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{}, {"start"}, {"-namespace", "test", "frobnicate"}, {"-no-such-flag", "start"}}) {
        const Finished finished = shim(words);
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(finished.err.starts_with("ocirt: ")) << finished.err;
        EXPECT_EQ(finished.out, "");
    }
    EXPECT_FALSE(fs::exists("/run/containerd/s"));
}

}  // namespace
}  // namespace ocirt::test
