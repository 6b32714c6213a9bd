#include "shim/main.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>

#include "bootstrap.pb.h"
#include "common/log.h"
#include "common/syscall.h"
#include "runtime/lifecycle/process.h"
#include "runtime/spec/features.h"
#include "shim/containerd/bootstrap.h"
#include "shim/containerd/flags.h"
#include "shim/containerd/runtime_options.h"
#include "shim/containerd/serve.h"
#include "shim/containerd/start.h"
#include "shim/daemon.h"
#include "shim/task_work.h"
#include "shim/timestamp.h"
#include "version.h"

namespace ocirt::shim {
namespace {

constexpr std::size_t input_limit = std::size_t{1} << 20;

Result<> print(std::string_view text) {
    const Fd output(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!output) return fail_errno("fcntl", "write the answer");
    return sys::write_all(output, text.data(), text.size());
}

Result<std::string> read_input() {
    const Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!input || ::isatty(STDIN_FILENO) != 0) return std::string();
    return sys::read_all(input, input_limit);
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// One step easier to kill than containerd, as its own shim.
void adjust_oom_score() {
    constexpr int highest = 1000;
    if (const std::optional<int> score = oom_score())
        (void)lifecycle::set_oom_score(::getpid(), std::min(*score + 1, highest));
}

// A process of its own, with nothing of containerd's.
void detach() {
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_NAME, "ocirt-shim");
    ::signal(SIGPIPE, SIG_IGN);
    adjust_oom_score();
    (void)!::chdir("/");
    point_stdio_to_null();
}

int become_shim(const Bootstrap& bootstrap, const Flags& flags, Listening listening) {
    const Result<Log> log = Log::open({.file = "log", .level = bootstrap.debug ? LogLevel::debug : LogLevel::warning});
    detach();
    keep_little_memory();
    const Log none;
    const Result<> served = serve(bootstrap, flags, std::move(listening.listener), log ? *log : none);
    remove_dead_socket(listening.address);
    if (!served && log) log->error(served.error());
    return served ? 0 : 1;
}

Result<int> start(const Flags& flags) {
    const Bootstrap bootstrap = TRY(parse_bootstrap(
        TRY(read_input()), flags,
        {.ttrpc_address = environment("TTRPC_ADDRESS"), .max_version = environment("MAX_SHIM_VERSION")}));
    const wire::RuncOptions options = TRY(read_runtime_options(bootstrap.options_type, bootstrap.options));
    if (!options.shim_cgroup().empty()) TRY(enter_cgroup(options.shim_cgroup()));
    const std::string named = group_of(".");
    Listening listening = TRY(listen_for_group(bootstrap, flags, named.empty() ? flags.id : named));
    TRY(sys::write_file("address", listening.address));
    if (listening.listener) {
        const pid_t pid = ::fork();
        if (pid < 0) return fail_errno("fork", "become the shim");
        if (pid == 0) ::_exit(become_shim(bootstrap, flags, std::move(listening)));
        TRY(sys::write_file("shim.pid", std::to_string(pid)));
    }
    TRY(print(bootstrap_answer(bootstrap, listening.address)));
    return 0;
}

Result<std::string> read_small_file(const std::string& path) {
    return sys::read_all(TRY(sys::open(path, O_RDONLY)), 4096);
}

Result<int> remove(const Flags& flags) {
    const std::string bundle = flags.bundle.empty() ? std::string(".") : flags.bundle;
    const std::string root =
        read_small_file(bundle + "/" + root_file).value_or("/run/containerd/ocirt/" + flags.namespace_name);
    const std::optional<Exit> exit = state::read_exit(root, flags.id);
    (void)TRY(remove_container(root, flags.id, bundle));
    if (const Result<std::string> address = read_small_file(bundle + "/address")) remove_dead_socket(*address);
    constexpr std::uint32_t killed = 128 + SIGKILL;
    wire::DeleteResponse response;
    response.set_exit_status(exit ? static_cast<std::uint32_t>(exit->status) : killed);
    response.set_pid(exit ? static_cast<std::uint32_t>(exit->pid) : 0);
    set(*response.mutable_exited_at(), exit ? exit->at : std::chrono::system_clock::now());
    TRY(print(response.SerializeAsString()));
    return 0;
}

Result<int> print_info() {
    wire::RuntimeInfo info;
    info.set_name("io.containerd.ocirt.v2");
    info.mutable_version()->set_version(version);
    info.mutable_version()->set_revision(commit);
    info.mutable_features()->set_type_url("types.containerd.io/opencontainers/runtime-spec/1/features/Features");
    info.mutable_features()->set_value(spec::features(version));
    TRY(print(info.SerializeAsString()));
    return 0;
}

Result<int> run(std::span<char* const> words) {
    const Flags flags = TRY(parse_flags(words));
    if (flags.version) {
        TRY(print(std::string(program) + ":\n  Version:  " + version + "\n  Revision: " + commit + "\n"));
        return 0;
    }
    if (flags.info) return print_info();
    if (flags.namespace_name.empty())
        return fail({.fault = Fault::invalid_argument,
                     .operation = "read the command line",
                     .detail = "the shim's namespace cannot be empty",
                     .hint = "this is a shim: containerd starts it"});
    if (flags.action == "start") return start(flags);
    if (flags.action == "delete") return remove(flags);
    return fail({.fault = Fault::invalid_argument,
                 .operation = "read the command line",
                 .object = "\"" + flags.action + "\"",
                 .detail = "start or delete is expected"});
}

}  // namespace

int main(int argc, char** argv) {
    ::close_range(STDERR_FILENO + 1, ~0U, 0);  // what the caller forgot to close: the shim would hold it for long
    // containerd reads stderr together with the answer, and our stderr may be a container's.
    google::protobuf::SetLogHandler(nullptr);
    const Result<int> status = run({argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0))});
    if (status) return *status;
    Log{}.error(status.error());
    return 1;
}

}  // namespace ocirt::shim
