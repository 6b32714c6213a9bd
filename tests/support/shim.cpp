#include "support/shim.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bootstrap.pb.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* namespace_name = "test";

}  // namespace

bool shim_is_ocirt() { return std::getenv("OCIRT_SHIM_BINARY") == nullptr; }

Json process_of(const std::vector<std::string>& words) {
    return {{"args", words}, {"cwd", "/"}, {"env", {"PATH=/bin"}}, {"user", {{"uid", 0}, {"gid", 0}}}};
}

Shim::Shim(Bundle& bundle, const ShimStart& start)
    : bundle_(bundle), options_(start.options), program_(bundle.scratch() / "containerd-shim-ocirt-v2") {
    bundle.write_config();
    const fs::path common = shim_is_ocirt() ? runtime_path() : std::getenv("OCIRT_SHIM_BINARY");
    fs::create_symlink(start.binary.empty() ? common : start.binary, program_);
    fs::create_directories(state_root());
    log_ = std::make_unique<FifoReader>(bundle.path() / "log");
    events_ = std::make_unique<EventReceiver>(state_root() / "e");
    if (!shim_is_ocirt()) ::setenv("TTRPC_ADDRESS", (state_root() / "e").c_str(), 1);
    const Finished started = test::run(command("start"));
    if (started.status != 0) throw std::runtime_error("the shim did not start: " + started.err);
    wire::BootstrapResult result;
    if (started.out.starts_with("unix://"))
        result.set_address(started.out);
    else if (!result.ParseFromString(started.out))
        throw std::runtime_error("the shim's answer cannot be read: " + started.out);
    socket_ = result.address().substr(std::string("unix://").size());
    std::ifstream(bundle.path() / "shim.pid") >> pid_;
    if (pid_ <= 1) throw std::runtime_error("the shim's pid cannot be read");  // 0 and -1 would be others' when killed
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
        .input = action == "start" && shim_is_ocirt() ? params.SerializeAsString() : ""};
    if (action == "delete") command.args.insert(command.args.end(), {"-bundle", bundle_.path()});
    command.args.push_back(action);
    return command;
}

// What the shim leaves comes to this process, which stands for the host's init: a container's first process does not
// end before the others of its pid namespace have been reaped.
Finished Shim::run_delete() {
    Process program(command("delete"));
    const auto has_ended = [&program] {
        reap_orphans();
        (void)program.wait_for("\n until its end", std::chrono::milliseconds(5));
        return !is_alive(program.pid());
    };
    (void)eventually(has_ended, deadline);
    return program.wait();
}

std::uint32_t Shim::send_create(const wire::CreateTaskRequest& given) {
    wire::CreateTaskRequest request = given;
    request.set_id(id());
    request.set_bundle(bundle_.path());
    wire::RuncOptions options;
    options.set_root(root());
    request.mutable_options()->set_type_url("containerd.runc.v1.Options");
    request.mutable_options()->set_value(options.SerializeAsString());
    return client_->send("Create", request.SerializeAsString());
}

std::uint32_t Shim::send_start(const std::string& exec_id) {
    wire::StartRequest request;
    request.set_id(id());
    request.set_exec_id(exec_id);
    return client_->send("Start", request.SerializeAsString());
}

std::vector<pid_t> Shim::children(const std::string& name) const {
    const std::string pid = std::to_string(pid_);
    std::ifstream list("/proc/" + pid + "/task/" + pid + "/children");
    std::vector<pid_t> found;
    for (pid_t child = 0; list >> child;)
        if (read_trimmed("/proc/" + std::to_string(child) + "/comm") == name) found.push_back(child);
    return found;
}

void Shim::die() const {
    ::kill(pid_, SIGKILL);
    EXPECT_TRUE(eventually([this] { return !is_alive(pid_); }));
}

int Shim::create(const wire::CreateTaskRequest& request) {
    reply_ = client_->receive(send_create(request));
    return reply_.code;
}

int Shim::create() { return create({}); }

int Shim::start(const std::string& exec_id) {
    reply_ = client_->receive(send_start(exec_id));
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
