#include "runtime/lifecycle/create.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "common/memfd.h"
#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/lifecycle/console_socket.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/init_process.h"
#include "runtime/lifecycle/new_record.h"
#include "runtime/lifecycle/pid_file.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/seccomp.h"
#include "runtime/lifecycle/start.h"
#include "runtime/lifecycle/terminal.h"
#include "runtime/lifecycle/user_maps.h"

namespace ocirt::lifecycle {
namespace {

using plan::Stage;

// Mounts may wait for a network, not for ever; hooks without a timeout may.
constexpr std::chrono::milliseconds init_deadline = std::chrono::minutes(10);
constexpr std::chrono::milliseconds hooks_deadline = std::chrono::hours(24);

Result<> write_oom_score(pid_t pid, int score) {
    const std::string path = "/proc/" + std::to_string(pid) + "/oom_score_adj";
    const std::string text = std::to_string(score);
    Result<> written = [&]() -> Result<> {
        const Fd file = TRY(sys::open(path, O_WRONLY));
        return sys::write_all(file, text.data(), text.size());
    }();
    if (written) return {};
    Error error = std::move(written).error();
    error.pointer = "/process/oomScoreAdj";
    error.operation = "set oom_score_adj to";
    error.object = text;
    if (error.errnum == EACCES) error.hint = "lowering it needs CAP_SYS_RESOURCE";
    return fail(std::move(error));
}

// Told now, while there is nothing to undo.
Result<> check_rootfs(const plan::Plan& plan) {
    const Result<Fd> root = sys::open(plan.rootfs, O_PATH | O_DIRECTORY);
    if (root) return {};
    Error error = root.error();
    error.fault = Fault::invalid_config;
    error.pointer = "/root/path";
    error.operation = "open the root filesystem";
    return fail(std::move(error));
}

// Somebody must hold the terminal's master end, and nobody can hold one that there is not.
Result<> check_terminal(const plan::Plan& plan, const CreateRequest& request) {
    if (plan.terminal && request.console_socket.empty() && !request.keep_console) {
        return fail({.fault = Fault::invalid_argument,
                     .pointer = "/process/terminal",
                     .operation = "make a terminal",
                     .detail = "nobody would hold it: cannot allocate tty if ocirt will detach without setting "
                               "console socket",
                     .hint = "give --console-socket, use `run` in the foreground, or set terminal to false"});
    }
    if (!plan.terminal && !request.console_socket.empty()) {
        return fail({.fault = Fault::invalid_argument,
                     .operation = "use the console socket",
                     .object = request.console_socket,
                     .detail = "the process has no terminal: cannot use console socket if ocirt will not allocate tty",
                     .hint = "set /process/terminal to true"});
    }
    return {};
}

// One container being made. Whatever fails, undo() leaves nothing.
class Creation {
   public:
    Creation(const CreateRequest& request, Prepared& prepared, state::Directory directory)
        : request_(request),
          prepared_(prepared),
          config_(prepared.config.parsed.value),
          directory_(std::move(directory)) {}

    Result<> make() {
        TRY(compile_seccomp(prepared_.plan, config_, request_.root));
        if (!request_.console_socket.empty()) console_socket_ = TRY(connect_console_socket(request_.console_socket));
        record_ = new_record(request_.id, prepared_);
        const bool born_in_cgroup = prepared_.plan.use_cgroups && prepared_.host.cgroups.unified() != nullptr;
        const Fd* birthplace = born_in_cgroup ? TRY(begin_cgroups()) : nullptr;
        init_.emplace(TRY(InitProcess::launch(prepared_.plan, birthplace, request_.preserve_fds)));
        // From here on init makes its namespaces meanwhile.
        TRY(send_trees());
        TRY(give_user_namespace_late());
        if (!born_in_cgroup) (void)TRY(begin_cgroups());
        TRY(enter_cgroups());
        TRY(draft_record());
        TRY(directory_.write_config(prepared_.config.document.text()));
        TRY(init_->expect(Stage::mounted, init_deadline));
        if (cgroup_) TRY(cgroup_->limit(prepared_.plan.resources));
        TRY(run_create_hooks());
        TRY(init_->expect(Stage::ready, prepared_.plan.has_create_hooks ? hooks_deadline : init_deadline));
        if (prepared_.plan.terminal) TRY(place_console());
        return commit();
    }

    void undo() {
        if (init_) init_->kill();
        if (cgroup_) {
            (void)cgroup_->kill_all();
            (void)cgroup_->remove();
        }
        if (hooks_began_)
            (void)run_hooks(config_.hooks.poststop, spec_state(record_, state::Status::stopped, false),
                            prepared_.plan.bundle, "/hooks/poststop");
        if (pid_file_written_) ::unlink(request_.pid_file.c_str());
        (void)directory_.remove();
    }

    Result<Created> finish() {
        ReportPage report = TRY(ReportPage::map(Fd(::fcntl(init_->report().file().get(), F_DUPFD_CLOEXEC, 0))));
        return Created{.container = {std::move(directory_), std::move(record_)},
                       .report = std::move(report),
                       .pidfd = init_->release(),
                       .console = std::move(console_),
                       .start_connection = std::move(start_connection_),
                       .prepared = std::move(prepared_)};
    }

   private:
    Result<> send_trees() {
        std::vector<SlotFd> descriptors = TRY(open_trees(prepared_.plan));
        descriptors.push_back({plan::slot_listener, TRY(listen_at(directory_.fd(), state::start_socket))});
        return init_->send(Stage::trees, descriptors);
    }

    // Where init makes the user namespace itself, it asks for the maps (plan/namespaces.cpp says when).
    Result<> give_user_namespace_late() {
        if (!prepared_.plan.user_namespace || (prepared_.plan.clone_flags & CLONE_NEWUSER) != 0) return {};
        TRY(init_->expect(Stage::maps, init_deadline));
        TRY(write_user_maps(init_->pid(), *prepared_.plan.user_namespace));
        return init_->send(Stage::maps);
    }

    // The record comes first: after our death a `delete` knows from it where the cgroups are. (The process needs no
    // record: it ends with its channel.)
    Result<const Fd*> begin_cgroups() {
        TRY(directory_.write(record_));
        if (!prepared_.plan.use_cgroups) return nullptr;
        cgroup_options_ = {.best_effort = prepared_.host.uid != 0 && config_.linux.cgroups_path.empty(),
                           .enable = cgroup::controllers_to_enable(prepared_.host.cgroups, prepared_.plan.resources)};
        cgroup_.emplace(
            TRY(cgroup::Cgroup::begin(prepared_.host.cgroups, prepared_.plan.cgroup_paths, cgroup_options_)));
        return cgroup_->unified_directory();
    }

    Result<> enter_cgroups() {
        std::vector<SlotFd> descriptors;
        if (cgroup_) {
            TRY(cgroup_->complete(prepared_.host.cgroups, prepared_.plan.cgroup_paths, cgroup_options_));
            TRY(cgroup_->prepare(prepared_.plan.resources));
            TRY(attach(descriptors));
            for (SlotFd& tree : TRY(open_cgroup_trees(prepared_.plan, prepared_.plan.cgroup_paths)))
                descriptors.push_back(std::move(tree));
        }
        if (prepared_.plan.oom_score_adj) TRY(write_oom_score(init_->pid(), *prepared_.plan.oom_score_adj));
        return init_->send(Stage::cgroup, descriptors);
    }

    // Only what neither the birth nor init's own step does is done from here.
    Result<> attach(std::vector<SlotFd>& descriptors) {
        using Trees = cgroup::Cgroup::Trees;
        plan::Slot slot = prepared_.plan.task_files;
        const bool enters_v1 = slot != plan::slot_none;
        if (enters_v1)
            for (Fd& file : TRY(cgroup_->task_files())) descriptors.push_back({slot++, std::move(file)});
        if (!init_->born_in_cgroup()) return cgroup_->attach(init_->pid(), enters_v1 ? Trees::v2 : Trees::all);
        return enters_v1 ? Result<>{} : cgroup_->attach(init_->pid(), Trees::v1);
    }

    Result<> run_create_hooks() {
        if (!prepared_.plan.has_create_hooks) return {};
        hooks_began_ = true;
        TRY(draft_record());  // the pid may be another one by now
        const std::string state = spec_state(record_, state::Status::creating, false);
        TRY(run_hooks(config_.hooks.prestart, state, prepared_.plan.bundle, "/hooks/prestart"));
        TRY(run_hooks(config_.hooks.create_runtime, state, prepared_.plan.bundle, "/hooks/createRuntime"));
        return send_state(Stage::create_hooks, state);
    }

    Result<> send_state(Stage stage, const std::string& state) {
        std::vector<SlotFd> descriptors;
        descriptors.push_back({plan::slot_state, TRY(make_sealed_memfd("ocirt-state", state))});
        return init_->send(stage, descriptors);
    }

    // Written while init is busy; it counts once it has its name.
    Result<> draft_record() {
        const pid_t pid = init_->pid();
        if (record_.complete && record_.init.pid == pid) return {};
        record_.init = {.pid = pid, .start_time = start_time(pid).value_or(0)};
        if (!record_.complete) add_start_steps();
        record_.complete = true;
        return directory_.draft(record_);
    }

    Result<> commit() {
        TRY(draft_record());  // again if it has become another process
        if (!request_.pid_file.empty()) {
            TRY(write_pid_file(request_.pid_file, init_->pid()));
            pid_file_written_ = true;
        }
        TRY(directory_.publish());
        if (request_.start) start_connection_ = TRY(ask_to_start(directory_));
        if (config_.hooks.start_container.empty()) return init_->send(Stage::committed);
        return send_state(Stage::committed, spec_state(record_, state::Status::created, false));
    }

    Result<> place_console() {
        console_ = init_->take_console();
        if (const std::optional<spec::ConsoleSize>& size = prepared_.plan.console_size) {
            const winsize window{.ws_row = size->height, .ws_col = size->width, .ws_xpixel = 0, .ws_ypixel = 0};
            if (::ioctl(console_.get(), TIOCSWINSZ, &window) != 0)
                return fail_errno("ioctl", "set the size of the terminal");
        }
        if (!console_socket_) {
            prepare_console(console_);
            return {};
        }
        TRY(send_console(console_socket_, console_));
        console_.reset();
        return {};
    }

    void add_start_steps() {
        const std::vector<plan::Step>& steps = prepared_.plan.steps;
        bool at_start = false;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (at_start) record_.start_steps.push_back(summarize(steps[i], static_cast<std::uint32_t>(i)));
            at_start = at_start || std::holds_alternative<plan::AwaitStart<plan::Hosted>>(steps[i].action);
        }
    }

    const CreateRequest& request_;
    Prepared& prepared_;
    const spec::Config& config_;
    state::Directory directory_;
    state::Record record_;
    std::optional<InitProcess> init_;
    cgroup::CreateOptions cgroup_options_;
    std::optional<cgroup::Cgroup> cgroup_;
    Fd console_socket_;
    Fd console_;
    Fd start_connection_;
    bool hooks_began_ = false;
    bool pid_file_written_ = false;
};

}  // namespace

Result<Created> create(const CreateRequest& request) {
    Prepared prepared = TRY(prepare(request));
    const auto located = [&](Result<>&& result) {
        return fail(locate(std::move(result).error(), prepared.config.document, request.config));
    };
    if (Result<> checked = check_terminal(prepared.plan, request); !checked) return located(std::move(checked));
    if (Result<> checked = check_rootfs(prepared.plan); !checked) return located(std::move(checked));
    Creation creation(request, prepared, TRY(state::Directory::create(request.root, request.id)));
    Result<> made = creation.make();
    if (made) return creation.finish();
    creation.undo();
    return located(std::move(made));
}

}  // namespace ocirt::lifecycle
