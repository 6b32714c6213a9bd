// A shim that only answers: what is left of `ctr task exec` with it is containerd's own part. Its one task is a process
// that sleeps, its execs have ended with 0 as soon as they are asked for; no container, no event, no stream.
//
//   containerd-shim-stub-v2 -id ID … start | delete
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common.pb.h"
#include "shim/ttrpc/frame.h"
#include "task.pb.h"
#include "ttrpc.pb.h"

namespace {

namespace ttrpc = ocirt::shim::ttrpc;
namespace wire = ocirt::wire;

pid_t task = 0;
std::map<std::string, bool> execs;  // whether it has been started

template <class Request>
Request parse(const std::string& payload) {
    Request request;
    (void)request.ParseFromString(payload);
    return request;
}

template <class Response>
std::string ended(Response response) {
    response.mutable_exited_at()->set_seconds(std::time(nullptr));
    return response.SerializeAsString();
}

std::string start(const wire::StartRequest& request) {
    if (!request.exec_id().empty()) execs[request.exec_id()] = true;
    wire::StartResponse response;
    response.set_pid(static_cast<unsigned>(task));
    return response.SerializeAsString();
}

std::string state(const wire::StateRequest& request) {
    wire::StateResponse response;
    response.set_id(request.id());
    response.set_exec_id(request.exec_id());
    response.set_pid(static_cast<unsigned>(task));
    if (request.exec_id().empty())
        response.set_status(wire::RUNNING);
    else
        response.set_status(execs[request.exec_id()] ? wire::STOPPED : wire::CREATED);
    return response.SerializeAsString();
}

std::string remove(const wire::DeleteRequest& request) {
    execs.erase(request.exec_id());
    return ended(wire::DeleteResponse{});
}

std::string create() {
    task = ::fork();
    if (task == 0)
        for (;;) ::pause();
    wire::CreateTaskResponse response;
    response.set_pid(static_cast<unsigned>(task));
    return response.SerializeAsString();
}

std::string connect() {
    wire::ConnectResponse response;
    response.set_shim_pid(static_cast<unsigned>(::getpid()));
    response.set_task_pid(static_cast<unsigned>(task));
    return response.SerializeAsString();
}

// Nothing: not answered. The task has no end to wait for.
std::optional<std::string> answer(const wire::Request& request) {
    const std::string& method = request.method();
    const std::string& payload = request.payload();
    if (method == "Create") return create();
    if (method == "Connect") return connect();
    if (method == "State") return state(parse<wire::StateRequest>(payload));
    if (method == "Start") return start(parse<wire::StartRequest>(payload));
    if (method == "Delete") return remove(parse<wire::DeleteRequest>(payload));
    if (method == "Exec") execs[parse<wire::ExecProcessRequest>(payload).exec_id()] = false;
    if (method == "Wait") {
        if (parse<wire::WaitRequest>(payload).exec_id().empty()) return std::nullopt;
        return ended(wire::WaitResponse{});
    }
    return "";
}

struct Connection {
    int socket;
    ttrpc::FrameReader reader{};
};

bool serve(Connection& connection) {
    char bytes[16384];
    const ssize_t got = ::recv(connection.socket, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    connection.reader.feed({bytes, static_cast<std::size_t>(got)});
    while (const auto frame = connection.reader.next()) {
        const std::optional<std::string> payload = answer(parse<wire::Request>(frame->message));
        if (!payload) continue;
        wire::Response response;
        response.mutable_status();
        response.set_payload(*payload);
        const std::string out = ttrpc::encode(frame->stream, ttrpc::FrameType::response, response.SerializeAsString());
        (void)::send(connection.socket, out.data(), out.size(), MSG_NOSIGNAL);
    }
    return true;
}

[[noreturn]] void serve_all(int listener) {
    std::vector<Connection> connections;
    for (;;) {
        std::vector<pollfd> ready{{.fd = listener, .events = POLLIN, .revents = 0}};
        for (const Connection& one : connections) ready.push_back({.fd = one.socket, .events = POLLIN, .revents = 0});
        ::poll(ready.data(), ready.size(), -1);
        for (std::size_t i = ready.size(); --i > 0;)
            if (ready[i].revents != 0 && !serve(connections[i - 1]))
                connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(i) - 1);
        if (ready[0].revents != 0) connections.push_back({.socket = ::accept(listener, nullptr, nullptr)});
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || std::strcmp(argv[argc - 1], "start") != 0) return 0;
    const std::string path = "/run/stub-shim." + std::to_string(::getpid());
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    std::strcpy(name.sun_path, path.c_str());
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) return 1;
    ::listen(listener, 8);
    if (::fork() == 0) {
        ::setsid();
        for (const int number : {0, 1, 2}) ::close(number);
        serve_all(listener);
    }
    std::printf("unix://%s", path.c_str());
}
