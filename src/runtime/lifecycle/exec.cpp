#include "runtime/lifecycle/exec.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/sub_cgroup.h"
#include "runtime/lifecycle/annotations.h"
#include "runtime/lifecycle/console.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/exec_process.h"
#include "runtime/lifecycle/exec_user.h"
#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/init_process.h"
#include "runtime/lifecycle/passed_fds.h"
#include "runtime/lifecycle/pid_file.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/seccomp.h"
#include "runtime/lifecycle/seccomp_agent.h"
#include "runtime/lifecycle/security_modules.h"
#include "runtime/lifecycle/terminal.h"
#include "runtime/lifecycle/trace.h"
#include "runtime/plan/make_exec_plan.h"

namespace ocirt::lifecycle {
namespace {

using plan::Stage;

constexpr std::chrono::milliseconds join_deadline = std::chrono::minutes(2);
constexpr std::chrono::milliseconds paused_deadline = std::chrono::hours(24);  // until somebody resumes it

bool forbidden(const Error& error) { return error.errnum == EACCES || error.errnum == EPERM || error.errnum == ENOENT; }

// One process being put into a container. If it does not come to run, the destructors leave nothing.
class Execution {
   public:
    Execution(const ExecRequest& request, Container container)
        : request_(request), container_(std::move(container)), rootless_(::geteuid() != 0) {}
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;
    ~Execution() {
        if (pid_file_written_) ::unlink(request_.pid_file.c_str());
    }

    Result<> make() {
        TRY(check_container());
        places_ = TRY(cgroup::sub_cgroups(container_.record.cgroups, request_.cgroups));
        process_ = TRY(find_exec_process(request_, container_, container_init_));
        const auto located = [this](Result<>&& result) -> Result<> {
            if (result) return {};
            return fail(locate(std::move(result).error(), request_, *process_));
        };
        TRY(located(decide()));
        TRY(located(join()));
        return located(execute());
    }

    // It belongs to itself.
    Executed release() {
        pid_file_written_ = false;
        const pid_t pid = joined_->pid();
        return {.pid = pid, .pidfd = joined_->release(), .console = console_->take(), .signals = std::move(signals_)};
    }

    [[nodiscard]] const plan::Plan& plan() const { return plan_; }
    [[nodiscard]] const plan::Report& report() const { return joined_->report().report(); }

   private:
    // A created container is one to work in as well: its namespaces and mounts are ready.
    Result<> check_container() {
        container_init_ = TRY(container_.init());
        if (!container_.record.complete || !container_init_) return not_running();
        if (request_.ignore_paused || !container_.is_paused()) return {};
        return fail({.fault = Fault::wrong_state,
                     .operation = "execute in the container",
                     .object = "\"" + container_.record.id + "\"",
                     .detail = "it is paused",
                     .hint = "resume it, or --ignore-paused: the process then waits with the others"});
    }

    [[nodiscard]] std::unexpected<Error> not_running() const {
        return wrong_state(container_, "execute in the container", "running");
    }

    // It has let go of its namespaces and waits for the processes in its pid namespace to be gone.
    [[nodiscard]] std::unexpected<Error> ending() const {
        return fail({.fault = Fault::wrong_state,
                     .operation = "execute in the container",
                     .object = "\"" + container_.record.id + "\"",
                     .detail = "container not running: it is ending"});
    }

    Result<> decide() {
        const auto is_v1 = [](const cgroup::Place& place) { return place.version == cgroup::Version::v1; };
        const auto v1_count = container_.record.use_cgroups ? std::ranges::count_if(places_, is_v1) : 0;
        plan_ = TRY(
            plan::make_exec_plan(process_->config, {.id = container_.record.id,
                                                    .process_pointer = process_->pointer,
                                                    .rootless = rootless_,
                                                    .no_new_keyring = container_.record.no_new_keyring,
                                                    .task_files = rootless_ ? 0 : static_cast<std::uint32_t>(v1_count),
                                                    .passed = request_.passed,
                                                    .annotations = allowed_annotations(process_->config.annotations),
                                                    .modules = probe_security_modules(process_->config)}));
        return compile_seccomp(plan_, process_->config, request_.root);
    }

    // The process inside the container, with everything that can be known to be wrong already known.
    Result<> join() {
        if (container_.record.use_cgroups) cgroup_.emplace(cgroup::Cgroup::open(places_));
        const Fd* birthplace = cgroup_ ? TRY(at_cgroup(cgroup_->unified_directory())) : nullptr;
        console_.emplace(TRY(Console::prepare(
            plan_, {.socket = request_.console_socket, .keep = request_.keep_console || !request_.detach})));
        if (!request_.pidfd_socket.empty())
            pidfd_receiver_ = TRY(Receiver::connect(request_.pidfd_socket, "--pidfd-socket"));
        if (plan_.seccomp_listener) agent_.emplace(TRY(SeccompAgent::connect(*plan_.seccomp_listener)));
        if (plan_.initial_affinity) TRY(run_on(*plan_.initial_affinity));
        joined_.emplace(TRY(InitProcess::launch(plan_, birthplace, request_.passed.count(), request_.parent)));
        TRY(resctrl::enter(container_.record.resctrl, joined_->pid()));
        if (plan_.oom_score_adj) TRY(set_oom_score(joined_->pid(), *plan_.oom_score_adj));
        TRY(send_ways());
        const Result<> ready = joined_->expect(Stage::ready, request_.ignore_paused ? paused_deadline : join_deadline);
        // In its cgroups by now: whoever ends the container from here on ends it too. But if that had happened before,
        // nobody would look for it any more. (A pid namespace without its init refuses newcomers: the same case.)
        if (TRY(wait_for_end(container_init_, std::chrono::milliseconds(0)))) return not_running();
        if (!ready && ready.error().errnum == ESRCH) return ending();
        if (!ready) return ready;
        return console_->place(joined_->take_console());
    }

    Result<> send_ways() {
        std::vector<SlotFd> descriptors;
        descriptors.push_back({plan::slot_container, Fd(::fcntl(container_init_.get(), F_DUPFD_CLOEXEC, 0))});
        if (process_->config.linux.find(spec::NamespaceKind::mount) == nullptr)
            descriptors.push_back({plan::slot_root, TRY(open_root_of(container_.record.init.pid, container_init_))});
        if (cgroup_) TRY(enter_cgroups(descriptors));
        return joined_->send(Stage::trees, descriptors);
    }

    // Only what neither the birth nor init's own step does is done from here.
    Result<> enter_cgroups(std::vector<SlotFd>& descriptors) {
        if (rootless_) return attach_where_allowed();
        if (plan_.task_files != plan::slot_none) {
            plan::Slot slot = plan_.task_files;
            for (Fd& file : TRY(at_cgroup(cgroup_->task_files()))) descriptors.push_back({slot++, std::move(file)});
        }
        return joined_->born_in_cgroup() ? Result<>{} : attach_unified();
    }

    // A container whose cgroup passes controllers on has its processes further down (systemd does it): there it is
    // "busy", and the new process joins the first one.
    Result<> attach_unified() {
        Result<> attached = at_cgroup(cgroup_->attach(joined_->pid(), cgroup::Cgroup::Trees::v2));
        if (attached || attached.error().errnum != EBUSY || !request_.cgroups.empty()) return attached;
        const cgroup::Layout layout = TRY(cgroup::read_layout(std::to_string(container_.record.init.pid)));
        const cgroup::Hierarchy* unified = layout.unified();
        if (unified == nullptr) return attached;
        cgroup::Place place{
            .version = cgroup::Version::v2, .path = unified->mount_point + unified->own, .controllers = {}};
        const auto is_around = [&place](const cgroup::Place& own) { return place.path.starts_with(own.path + "/"); };
        if (std::ranges::none_of(places_, is_around)) return attached;
        return cgroup::Cgroup::open({std::move(place)}).attach(joined_->pid());
    }

    // As `create` did: a hierarchy that is not the user's has no cgroup of the container.
    Result<> attach_where_allowed() {
        for (const cgroup::Place& place : places_) {
            if (place.version == cgroup::Version::v2 && joined_->born_in_cgroup()) continue;
            const Result<> attached = cgroup::Cgroup::open({place}).attach(joined_->pid());
            if (!attached && (!forbidden(attached.error()) || !request_.cgroups.empty())) return attached;
        }
        return {};
    }

    template <class T>
    Result<T> at_cgroup(Result<T> result) const {
        if (!result && !request_.cgroups.empty()) result.error().pointer = "--cgroup";
        return result;
    }

    // From here on the process belongs to itself. A signal before that ends this process as any other, and the new one
    // with it; afterwards the new one gets it.
    Result<> execute() {
        if (!request_.pid_file.empty()) {
            TRY(write_pid_file(request_.pid_file, joined_->pid()));
            pid_file_written_ = true;
        }
        if (pidfd_receiver_) TRY(pidfd_receiver_->send("pidfd", joined_->pidfd()));
        if (!request_.detach) signals_ = TRY(block_signals());
        TRY(joined_->send(Stage::execute));
        return joined_->expect_program(join_deadline, agent_ ? &*agent_ : nullptr, container_);
    }

    const ExecRequest& request_;
    Container container_;
    const bool rootless_;
    Fd container_init_;
    std::vector<cgroup::Place> places_;
    std::optional<ExecProcess> process_;
    plan::Plan plan_;
    std::optional<cgroup::Cgroup> cgroup_;
    std::optional<Console> console_;
    std::optional<Receiver> pidfd_receiver_;
    std::optional<SeccompAgent> agent_;
    std::optional<InitProcess> joined_;
    Fd signals_;
    bool pid_file_written_ = false;
};

}  // namespace

Result<Executed> execute(const ExecRequest& request, const Log& log) {
    TRY(check_passed_fds(request.passed));
    Execution execution(request, TRY(Container::open(request.root, request.id)));
    TRY(execution.make());
    for (const plan::Warning& warning : execution.plan().warnings)
        log.warning({.fault = Fault::invalid_config, .pointer = warning.pointer, .detail = warning.message});
    if (log.shows(LogLevel::debug))
        for (const std::string& line : trace(execution.plan(), execution.report())) log.debug(line);
    return execution.release();
}

Result<int> exec(const ExecRequest& request, const Log& log) {
    const Executed process = TRY(execute(request, log));
    if (request.detach) return 0;
    return process.console ? wait_with_terminal(process.signals, process.pidfd, process.console)
                           : wait_and_forward(process.signals, process.pidfd);
}

}  // namespace ocirt::lifecycle
