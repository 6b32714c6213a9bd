// Calls in a state that is not theirs. Each was made to containerd 1.6's own shim as well ($OCIRT_SHIM_BINARY). Where
// that one answers Unknown for a wrong state, ocirt answers FailedPrecondition, as later ones do.
#include <gtest/gtest.h>

#include <csignal>

#include "events.pb.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

using namespace std::chrono_literals;

constexpr int ok = 0;
constexpr int waits = 4;  // its deadline ends it
constexpr int not_found = 5;
constexpr int failed_precondition = 9;

struct Expected {
    const char* method;
    int code;
    const char* words = "";
};

template <class Request>
std::string request_to(const Shim& shim, const std::string& exec_id) {
    Request request;
    request.set_id(shim.id());
    if constexpr (requires { request.set_exec_id(exec_id); }) request.set_exec_id(exec_id);
    if constexpr (requires { request.set_stdin(true); }) request.set_stdin(true);
    if constexpr (requires { request.mutable_resources(); }) request.mutable_resources()->set_value("{}");
    return request.SerializeAsString();
}

std::string message_of(const std::string& method, const Shim& shim, const std::string& exec_id) {
    if (method == "State") return request_to<wire::StateRequest>(shim, exec_id);
    if (method == "Start") return request_to<wire::StartRequest>(shim, exec_id);
    if (method == "Delete") return request_to<wire::DeleteRequest>(shim, exec_id);
    if (method == "Kill") return request_to<wire::KillRequest>(shim, exec_id);  // signal 0
    if (method == "CloseIO") return request_to<wire::CloseIORequest>(shim, exec_id);
    if (method == "ResizePty") return request_to<wire::ResizePtyRequest>(shim, exec_id);
    if (method == "Wait") return request_to<wire::WaitRequest>(shim, exec_id);
    if (method == "Update") return request_to<wire::UpdateTaskRequest>(shim, exec_id);
    return request_to<wire::PidsRequest>(shim, exec_id);  // the same as Pause's, Resume's, Stats'
}

void expect_calls(Shim& shim, const std::string& exec_id, const std::vector<Expected>& calls) {
    for (const Expected& expected : calls) {
        const TtrpcReply reply = shim.client().call(expected.method, message_of(expected.method, shim, exec_id),
                                                    "containerd.task.v2.Task", 200ms);
        EXPECT_EQ(reply.code, expected.code) << expected.method << ": " << reply.message;
        EXPECT_TRUE(reply.message.contains(expected.words)) << expected.method << ": " << reply.message;
    }
}

void end(Shim& shim) {
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

std::vector<std::string> topics(Shim& shim) {
    EXPECT_TRUE(shim.events().wait_for("/tasks/delete"));
    std::vector<std::string> all;
    for (const Event& event : shim.events().events()) all.push_back(event.topic);
    return all;
}

TEST(ShimStates, NoContainer) {
    Bundle bundle;
    Shim shim(bundle);
    for (const char* method : {"State", "Start", "Delete", "Kill", "CloseIO", "ResizePty", "Wait", "Pause", "Resume",
                               "Pids", "Stats", "Update"})
        expect_calls(shim, "", {{.method = method, .code = not_found, .words = "not found"}});
}

TEST(ShimStates, Created) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    expect_calls(shim, "",
                 {{"State", ok},
                  {"Kill", ok},
                  {"CloseIO", ok},
                  {"ResizePty", ok},
                  {"Wait", waits},
                  {"Pids", ok},
                  {"Stats", ok},
                  {"Update", ok},
                  {"Pause", failed_precondition, "container not running"},
                  {"Resume", failed_precondition, "container not paused"}});
    expect_calls(shim, "no-such",
                 {{"State", not_found}, {"Kill", not_found}, {"CloseIO", not_found}, {"Start", not_found}});
    end(shim);
    EXPECT_EQ(topics(shim), (std::vector<std::string>{"/tasks/create", "/tasks/exit", "/tasks/delete"}));
}

TEST(ShimStates, CreatedAndDeleted) {
    for (int i = 0; i < 10; ++i) {  // the end is written down where the directory is being removed
        Bundle bundle;
        bundle.args({"/bin/sleep", "100"});
        Shim shim(bundle);
        ASSERT_EQ(shim.create(), ok) << shim.text();
        ASSERT_EQ(shim.remove(), ok) << shim.text();
        EXPECT_EQ(topics(shim), (std::vector<std::string>{"/tasks/create", "/tasks/exit", "/tasks/delete"}));
        wire::TaskDelete deleted;
        ASSERT_TRUE(deleted.ParseFromString(shim.events().events().back().message));
        EXPECT_EQ(deleted.exit_status(), 137U);
    }
}

TEST(ShimStates, RunningAndPaused) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    expect_calls(shim, "",
                 {{"Start", failed_precondition},
                  {"Delete", failed_precondition, "cannot delete a running process"},
                  {"Resume", failed_precondition, "container not paused"},
                  {"Wait", waits},
                  {"CloseIO", ok},
                  {"Pause", ok},
                  {"Pause", failed_precondition, "container not running"},
                  {"Start", failed_precondition},
                  {"Delete", failed_precondition, "cannot delete a running process"},
                  {"Kill", ok},
                  {"Pids", ok},
                  {"Stats", ok}});
    end(shim);  // a paused one is killed, too
}

TEST(ShimStates, Stopped) {
    Bundle bundle;
    bundle.args({"/bin/true"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 0);
    expect_calls(shim, "",
                 {{"State", ok},
                  {"Wait", ok},
                  {"CloseIO", ok},
                  {"ResizePty", ok},
                  {"Pids", ok},
                  {"Stats", ok},
                  {"Kill", not_found, "process already finished"},
                  {"Start", failed_precondition},
                  {"Pause", failed_precondition, "container not running"},
                  {"Resume", failed_precondition},
                  {"Update", failed_precondition, "container not running"}});
    EXPECT_EQ(shim.exec("e", process_of({"/bin/true"})), failed_precondition);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimStates, Execs) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    ASSERT_EQ(shim.exec("e", process_of({"/bin/sleep", "100"})), ok) << shim.text();
    expect_calls(shim, "e",
                 {{"State", ok},
                  {"Kill", failed_precondition, "not running"},
                  {"CloseIO", ok},
                  {"ResizePty", ok},
                  {"Wait", waits}});
    ASSERT_EQ(shim.start("e"), ok) << shim.text();
    expect_calls(shim, "e",
                 {{"Start", failed_precondition},
                  {"Delete", failed_precondition, "cannot delete a running process"},
                  {"Kill", ok},
                  {"Wait", waits}});
    EXPECT_EQ(shim.kill(SIGKILL, "e"), ok);
    EXPECT_EQ(shim.wait("e"), 137);
    expect_calls(shim, "e",
                 {{"State", ok},
                  {"Wait", ok},
                  {"CloseIO", ok},
                  {"ResizePty", ok},
                  {"Kill", not_found, "process already finished"},
                  {"Start", failed_precondition},
                  {"Delete", ok},
                  {"Delete", not_found}});
    ASSERT_EQ(shim.exec("never", process_of({"/bin/true"})), ok) << shim.text();
    EXPECT_EQ(shim.remove("never"), ok) << shim.text();
    end(shim);
}

}  // namespace
}  // namespace ocirt::test
