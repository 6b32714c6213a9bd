// A shim of a test, started as containerd 2.3 starts it, on a Bundle's container.
//
//     Bundle bundle;
//     Shim shim(bundle.sh("exit 3"));
//     shim.create();
//     shim.start();
//     EXPECT_EQ(shim.wait(), 3);
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "support/bundle.h"
#include "support/fifo.h"
#include "support/ttrpc.h"
#include "task.pb.h"

namespace ocirt::test {

// Whether the shim is ocirt's: $OCIRT_SHIM_BINARY may name containerd's own, which speaks 1.6's dialect. It makes its
// sockets in /run/containerd.
bool shim_is_ocirt();

// An exec's process as JSON.
Json process_of(const std::vector<std::string>& words);

struct ShimStart {
    wire::RuncOptions options{};     // told at the start
    std::filesystem::path binary{};  // in place of the runtime under test
};

class Shim {
   public:
    explicit Shim(Bundle& bundle, const ShimStart& start = {});
    // Shuts it down; the test fails if the process or its socket stays.
    ~Shim();
    Shim(const Shim&) = delete;
    Shim& operator=(const Shim&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const std::string& socket() const { return socket_; }
    [[nodiscard]] std::string id() const { return bundle_.id(); }
    [[nodiscard]] FifoReader& log() { return *log_; }
    [[nodiscard]] EventReceiver& events() { return *events_; }
    [[nodiscard]] TtrpcClient& client() { return *client_; }

    // A call of the Task service; the reply's message is parsed into `Response`.
    template <class Response, class Request>
    Response call(const std::string& method, const Request& request, TtrpcReply& reply) {
        reply = client_->call(method, request.SerializeAsString());
        Response response;
        (void)response.ParseFromString(reply.payload);
        return response;
    }

    // The commonest, for the container's own process where `exec_id` is "". 0 or the gRPC code; text() has the message.
    int create(const wire::CreateTaskRequest& request);
    int create();
    int start(const std::string& exec_id = {});
    int exec(const std::string& exec_id, const Json& process, const wire::ExecProcessRequest& request = {});
    int kill(int signal, const std::string& exec_id = {}, bool all = false);
    int remove(const std::string& exec_id = {});
    wire::StateResponse state(const std::string& exec_id = {});
    std::optional<int> wait(const std::string& exec_id = {});  // the exit status
    [[nodiscard]] const std::string& text() const { return reply_.message; }
    [[nodiscard]] int code() const { return reply_.code; }

    // Sends a Create as create() does; receive() has its answer.
    std::uint32_t send_create(const wire::CreateTaskRequest& request = {});
    std::uint32_t send_start(const std::string& exec_id = {});
    // Its children of that name, the oldest first; workers have its own, "ocirt-shim".
    [[nodiscard]] std::vector<pid_t> children(const std::string& name) const;
    // SIGKILL, and waits for the end.
    void die() const;
    // Of its containers' state directories.
    [[nodiscard]] std::filesystem::path root() const { return state_root() / "root"; }

    // `containerd-shim-ocirt-v2 … delete`, as containerd does after the shim's death.
    Finished run_delete();
    [[nodiscard]] Command command(const std::string& action) const;

   private:
    [[nodiscard]] std::filesystem::path state_root() const { return bundle_.scratch() / "shim"; }

    Bundle& bundle_;
    wire::RuncOptions options_;
    std::filesystem::path program_;
    std::unique_ptr<FifoReader> log_;
    std::unique_ptr<EventReceiver> events_;
    std::unique_ptr<TtrpcClient> client_;
    std::string socket_;
    pid_t pid_ = 0;
    TtrpcReply reply_;
};

}  // namespace ocirt::test
