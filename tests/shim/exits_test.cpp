// Very many processes that end at once: each end is told once by Wait and once by an event, and nothing stays.
#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "events.pb.h"
#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int ok = 0;
constexpr int wave_size = 50;

// A sanitizer makes each of them ten times as long.
int wanted_waves() { return asked("OCIRT_TEST_EXITS", 5000) / wave_size; }

std::size_t count(const std::string& directory) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {}));
}

template <class Request>
std::string of_exec(const Shim& shim, const std::string& exec_id) {
    Request request;
    request.set_id(shim.id());
    request.set_exec_id(exec_id);
    return request.SerializeAsString();
}

// Many calls under way at a time; their answers in the order of `ids`.
std::vector<TtrpcReply> call_all(Shim& shim, const std::string& method, const std::vector<std::string>& ids,
                                 const std::function<std::string(const std::string&)>& message) {
    std::vector<std::uint32_t> streams;
    std::vector<TtrpcReply> replies;
    streams.reserve(ids.size());
    replies.reserve(ids.size());
    for (const std::string& id : ids) streams.push_back(shim.client().send(method, message(id)));
    for (const std::uint32_t stream : streams) replies.push_back(shim.client().receive(stream));
    return replies;
}

std::string exec_message(const Shim& shim, const std::string& exec_id) {
    wire::ExecProcessRequest request;
    request.set_id(shim.id());
    request.set_exec_id(exec_id);
    request.mutable_spec()->set_value(
        R"({"args":["/bin/false"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0}})");
    return request.SerializeAsString();
}

void run_wave(Shim& shim, int wave) {
    std::vector<std::string> ids;
    ids.reserve(wave_size);
    for (int i = 0; i < wave_size; ++i) ids.push_back("w" + std::to_string(wave) + "-" + std::to_string(i));
    for (const TtrpcReply& reply : call_all(shim, "Exec", ids, [&](const auto& id) { return exec_message(shim, id); }))
        ASSERT_EQ(reply.code, ok) << reply.message;
    std::vector<std::uint32_t> waits;
    waits.reserve(ids.size());
    for (const std::string& id : ids) waits.push_back(shim.client().send("Wait", of_exec<wire::WaitRequest>(shim, id)));
    for (const TtrpcReply& reply :
         call_all(shim, "Start", ids, [&](const auto& id) { return of_exec<wire::StartRequest>(shim, id); }))
        ASSERT_EQ(reply.code, ok) << reply.message;
    for (const std::uint32_t stream : waits) {
        const TtrpcReply reply = shim.client().receive(stream);
        wire::WaitResponse response;
        ASSERT_TRUE(response.ParseFromString(reply.payload));
        ASSERT_EQ(response.exit_status(), 1U) << reply.message;
    }
    for (const TtrpcReply& reply :
         call_all(shim, "Delete", ids, [&](const auto& id) { return of_exec<wire::DeleteRequest>(shim, id); }))
        ASSERT_EQ(reply.code, ok) << reply.message;
}

TEST(ShimExits, EachOfThousandsIsToldOnce) {
    const int waves = wanted_waves();
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    run_wave(shim, 0);
    const std::string proc = "/proc/" + std::to_string(shim.pid());
    const std::size_t descriptors = count(proc + "/fd");
    for (int wave = 1; wave < waves && !testing::Test::HasFatalFailure(); ++wave) run_wave(shim, wave);

    EXPECT_EQ(count(proc + "/fd"), descriptors);
    EXPECT_EQ(count(proc + "/task"), 1U);
    EXPECT_TRUE(eventually([&] { return test::split_lines(bundle.cgroup_file("pids", "cgroup.procs")).size() == 1; }));
    EXPECT_TRUE(eventually([&] { return shim.children("ocirt-shim").empty(); }));
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    ASSERT_TRUE(shim.events().wait_for("/tasks/delete", std::chrono::seconds(60)));
    std::map<std::string, std::string> told;  // of each process: what was told, by first letters
    for (const Event& event : shim.events().events()) {
        wire::TaskExecAdded added;
        wire::TaskExecStarted started;
        wire::TaskExit exit;
        if (event.topic == "/tasks/exec-added" && added.ParseFromString(event.message)) told[added.exec_id()] += 'a';
        if (event.topic == "/tasks/exec-started" && started.ParseFromString(event.message))
            told[started.exec_id()] += 's';
        if (event.topic == "/tasks/exit" && exit.ParseFromString(event.message) && exit.id() != shim.id())
            told[exit.id()] += exit.exit_status() == 1 ? 'e' : '?';
    }
    EXPECT_EQ(told.size(), static_cast<std::size_t>(waves * wave_size));
    for (const auto& [id, events] : told) EXPECT_EQ(events, "ase") << id;
}

}  // namespace
}  // namespace ocirt::test
