#include "support/shim.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>

#include "bootstrap.pb.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* namespace_name = "test";

}  // namespace

FifoReader::FifoReader(const fs::path& path) {
    ::mkfifo(path.c_str(), 0600);
    fd_ = Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

bool FifoReader::read_some(std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 65536> bytes{};
    const ssize_t got = ::read(fd_.get(), bytes.data(), bytes.size());
    if (got > 0) text_.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
}

std::string FifoReader::read_all(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (read_some(until)) {}
    return std::move(text_);
}

bool FifoReader::wait_for(const std::string& text, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (text_.find(text) == std::string::npos)
        if (!read_some(until)) return false;
    return true;
}

Json process_of(const std::vector<std::string>& words) {
    return {{"args", words}, {"cwd", "/"}, {"env", {"PATH=/bin"}}, {"user", {{"uid", 0}, {"gid", 0}}}};
}

Shim::Shim(Bundle& bundle, const wire::RuncOptions& options)
    : bundle_(bundle), options_(options), program_(bundle.scratch() / "containerd-shim-ocirt-v2") {
    bundle.write_config();
    fs::create_symlink(runtime_path(), program_);
    fs::create_directories(state_root());
    events_ = std::make_unique<EventReceiver>(state_root() / "e");
    const Finished started = test::run(command("start"));
    wire::BootstrapResult result;
    if (started.status != 0 || !result.ParseFromString(started.out))
        throw std::runtime_error("the shim did not start: " + started.err);
    socket_ = result.address().substr(std::string("unix://").size());
    std::ifstream(bundle.path() / "shim.pid") >> pid_;
    client_ = std::make_unique<TtrpcClient>(socket_);
}

Shim::~Shim() {
    if (!is_alive(pid_)) return;
    wire::ShutdownRequest request;
    request.set_id(id());
    (void)client_->call("Shutdown", request.SerializeAsString());
    if (!eventually([this] { return !is_alive(pid_); }, std::chrono::seconds(15))) {
        ADD_FAILURE() << "the shim stays after Shutdown";
        ::kill(pid_, SIGKILL);
        (void)run_delete();
    }
    EXPECT_FALSE(fs::exists(socket_)) << "the shim's socket stays";
}

Command Shim::command(const std::string& action) const {
    wire::BootstrapParams params;
    params.set_instance_id(id());
    params.set_namespace_(namespace_name);
    params.set_containerd_ttrpc_address((state_root() / "e").string());
    params.set_socket_dir((state_root() / "s").string());
    wire::Any& extension = *params.add_extensions()->mutable_value();
    extension.set_type_url("containerd.runc.v1.Options");
    extension.set_value(options_.SerializeAsString());
    Command command{
        .args = {program_, "-namespace", namespace_name, "-address", (state_root() / "grpc").string(), "-id", id()},
        .cwd = bundle_.path(),
        .input = action == "start" ? params.SerializeAsString() : ""};
    if (action == "delete") command.args.insert(command.args.end(), {"-bundle", bundle_.path()});
    command.args.push_back(action);
    return command;
}

Finished Shim::run_delete() { return test::run(command("delete")); }

int Shim::create(const wire::CreateTaskRequest& given) {
    wire::CreateTaskRequest request = given;
    request.set_id(id());
    request.set_bundle(bundle_.path());
    wire::RuncOptions options;
    options.set_root(state_root() / "root");
    request.mutable_options()->set_type_url("containerd.runc.v1.Options");
    request.mutable_options()->set_value(options.SerializeAsString());
    (void)call<wire::CreateTaskResponse>("Create", request, reply_);
    return reply_.code;
}

int Shim::create() { return create({}); }

int Shim::start(const std::string& exec_id) {
    wire::StartRequest request;
    request.set_id(id());
    request.set_exec_id(exec_id);
    (void)call<wire::StartResponse>("Start", request, reply_);
    return reply_.code;
}

int Shim::exec(const std::string& exec_id, const Json& process, const wire::ExecProcessRequest& given) {
    wire::ExecProcessRequest request = given;
    request.set_id(id());
    request.set_exec_id(exec_id);
    request.mutable_spec()->set_type_url("types.containerd.io/opencontainers/runtime-spec/1/Process");
    request.mutable_spec()->set_value(process.dump());
    (void)call<wire::Empty>("Exec", request, reply_);
    return reply_.code;
}

int Shim::kill(int signal, const std::string& exec_id, bool all) {
    wire::KillRequest request;
    request.set_id(id());
    request.set_exec_id(exec_id);
    request.set_signal(static_cast<std::uint32_t>(signal));
    request.set_all(all);
    (void)call<wire::Empty>("Kill", request, reply_);
    return reply_.code;
}

int Shim::remove(const std::string& exec_id) {
    wire::DeleteRequest request;
    request.set_id(id());
    request.set_exec_id(exec_id);
    (void)call<wire::DeleteResponse>("Delete", request, reply_);
    return reply_.code;
}

wire::StateResponse Shim::state(const std::string& exec_id) {
    wire::StateRequest request;
    request.set_id(id());
    request.set_exec_id(exec_id);
    return call<wire::StateResponse>("State", request, reply_);
}

std::optional<int> Shim::wait(const std::string& exec_id) {
    wire::WaitRequest request;
    request.set_id(id());
    request.set_exec_id(exec_id);
    const auto response = call<wire::WaitResponse>("Wait", request, reply_);
    if (reply_.code != 0) return std::nullopt;
    return static_cast<int>(response.exit_status());
}

}  // namespace ocirt::test
