#include "runtime/lifecycle/create.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/memfd.h"
#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/lifecycle/console.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/init_process.h"
#include "runtime/lifecycle/net_devices.h"
#include "runtime/lifecycle/new_record.h"
#include "runtime/lifecycle/pid_file.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/remove.h"
#include "runtime/lifecycle/root_mount.h"
#include "runtime/lifecycle/seccomp.h"
#include "runtime/lifecycle/start.h"
#include "runtime/lifecycle/systemd_cgroup.h"
#include "runtime/lifecycle/user_maps.h"

namespace ocirt::lifecycle {
namespace {

using plan::Stage;

// Mounts may wait for a network, not for ever; hooks without a timeout may.
constexpr std::chrono::milliseconds init_deadline = std::chrono::minutes(10);
constexpr std::chrono::milliseconds hooks_deadline = std::chrono::hours(24);

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
        console_.emplace(TRY(Console::prepare(prepared_.plan, request_.console)));
        if (!request_.pidfd_socket.empty())
            pidfd_receiver_ = TRY(Receiver::connect(request_.pidfd_socket, "--pidfd-socket"));
        record_ = new_record(request_, prepared_);
        if (prepared_.plan.resctrl) {
            resctrl_root_ = TRY(resctrl::find_root());
            record_.resctrl = resctrl::place_of(*prepared_.plan.resctrl, resctrl_root_);
        }
        if (prepared_.plan.unit) systemd_.emplace(TRY(cgroup::Systemd::connect(prepared_.plan.unit->unit.session)));
        const bool born_in_cgroup =
            prepared_.plan.use_cgroups && !systemd_ && prepared_.host.cgroups.unified() != nullptr;
        const Fd* birthplace = born_in_cgroup ? TRY(begin_cgroups()) : nullptr;
        init_.emplace(TRY(InitProcess::launch(prepared_.plan, birthplace, request_.passed.count(), request_.parent)));
        // From here on init makes its namespaces meanwhile.
        TRY(send_trees());
        TRY(give_user_namespace_late());
        if (!born_in_cgroup) (void)TRY(begin_cgroups());
        TRY(or_why_init_ended(enter_cgroups(), Stage::mounted));
        TRY(draft_record());
        TRY(directory_.write_config(prepared_.config.document.text()));
        TRY(init_->expect(Stage::mounted, init_deadline));
        TRY(or_why_init_ended(limit(), Stage::ready));
        TRY(net_devices_.move_in(prepared_.plan.net_devices, init_->pid()));
        TRY(run_create_hooks());
        TRY(init_->expect(Stage::ready, prepared_.plan.awaits_create_hooks ? hooks_deadline : init_deadline));
        TRY(console_->place(init_->take_console()));
        return commit();
    }

    void undo() {
        net_devices_.move_back();
        if (init_) init_->kill();
        if (cgroup_) {
            (void)cgroup_->kill_all();
            if (systemd_) (void)systemd_->stop(prepared_.plan.unit->unit.name);
            (void)cgroup_->remove();
        }
        if (resctrl_) resctrl_->take_back();
        (void)unmount_root(record_.rootfs, record_.root_mount);
        if (hooks_began_)
            (void)run_poststop_hooks(config_.hooks.poststop, spec_state(record_, state::Status::stopped, false),
                                     prepared_.plan.bundle);
        if (pid_file_written_) ::unlink(request_.pid_file.c_str());
        (void)directory_.remove();
    }

    Result<Created> finish() {
        ReportPage report = TRY(ReportPage::map(Fd(::fcntl(init_->report().file().get(), F_DUPFD_CLOEXEC, 0))));
        return Created{.container = {std::move(directory_), std::move(record_)},
                       .report = std::move(report),
                       .pidfd = init_->release(),
                       .console = console_->take(),
                       .asked = std::move(asked_),
                       .prepared = std::move(prepared_)};
    }

   private:
    Result<> send_trees() {
        Fd notifications;
        if (prepared_.plan.notifies) notifications = TRY(bind_datagram_at(directory_.fd(), state::notify_socket));
        std::vector<SlotFd> descriptors = TRY(open_trees(prepared_.plan));
        if (prepared_.plan.mounts_on_host) {
            record_.root_mount = TRY(root_mount_id(descriptors));
            TRY(directory_.write(record_));
        }
        descriptors.push_back({plan::slot_listener, TRY(listen_at(directory_.fd(), state::start_socket))});
        if (notifications) descriptors.push_back({plan::slot_notify, std::move(notifications)});
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
        if (!prepared_.plan.use_cgroups || systemd_) return nullptr;
        cgroup_options_ = {.best_effort = prepared_.host.uid != 0 && config_.linux.cgroups_path.empty(),
                           .enable = cgroup::controllers_to_enable(prepared_.host.cgroups, prepared_.plan.resources)};
        cgroup_.emplace(
            TRY(cgroup::Cgroup::begin(prepared_.host.cgroups, prepared_.plan.cgroup_paths, cgroup_options_)));
        return cgroup_->unified_directory();
    }

    Result<> enter_cgroups() {
        std::vector<SlotFd> descriptors;
        if (systemd_) {
            cgroup_.emplace(TRY(start_unit(*systemd_, prepared_, init_->pid())));
            record_.cgroups = cgroup_places(prepared_);
        } else if (cgroup_) {
            TRY(cgroup_->complete(prepared_.host.cgroups, prepared_.plan.cgroup_paths, cgroup_options_));
        }
        if (cgroup_) {
            TRY(cgroup_->prepare(prepared_.plan.resources));
            if (prepared_.plan.cgroup_owner) TRY(cgroup_->give_to(*prepared_.plan.cgroup_owner));
            TRY(attach(descriptors));
            // Where the user has no right to, the container has no cgroup that somebody could look for.
            if (cgroup_options_.best_effort) record_.cgroups = cgroup_->places();
            for (SlotFd& tree : TRY(open_cgroup_trees(prepared_.plan, prepared_.plan.cgroup_paths)))
                descriptors.push_back(std::move(tree));
        }
        if (prepared_.plan.resctrl) {
            resctrl_ = TRY(resctrl::Group::make(*prepared_.plan.resctrl, resctrl_root_));
            TRY(resctrl::enter(resctrl_->place(), init_->pid()));
        }
        if (prepared_.plan.oom_score_adj) TRY(set_oom_score(init_->pid(), *prepared_.plan.oom_score_adj));
        return init_->send(Stage::cgroup, descriptors);
    }

    Result<> limit() {
        const plan::Plan& plan = prepared_.plan;
        if (systemd_) TRY(systemd_->set(plan.unit->unit.name, plan.unit->limits));
        if (!cgroup_) return {};
        TRY(cgroup_->limit(plan.resources));
        if (plan.delegated_cgroup.empty()) return {};
        auto delegated = cgroup_->delegate(plan.delegated_cgroup, plan.delegated_owner, init_->pid());
        if (!delegated) delegated.error().pointer = "/annotations/" + std::string(plan::delegate_cgroup);
        return delegated;
    }

    // When init ends, systemd takes away its unit and the cgroup: why it ended is what counts then. `next` is the stage
    // that it has not come to.
    Result<> or_why_init_ended(Result<> done, Stage next) {
        if (done || !systemd_ || !wait_for_end(init_->pidfd(), std::chrono::milliseconds(0)).value_or(false))
            return done;
        const Result<> heard = init_->expect(next, init_deadline);
        return heard ? done : heard;
    }

    // Only what neither the birth nor init's own step does is done from here.
    Result<> attach(std::vector<SlotFd>& descriptors) {
        using Trees = cgroup::Cgroup::Trees;
        plan::Slot slot = prepared_.plan.task_files;
        const bool enters_v1 = slot != plan::slot_none;
        if (enters_v1)
            for (Fd& file : TRY(cgroup_->task_files())) descriptors.push_back({slot++, std::move(file)});
        const bool in_v2 = init_->born_in_cgroup() || systemd_.has_value();
        if (!in_v2) return cgroup_->attach(init_->pid(), enters_v1 ? Trees::v2 : Trees::all);
        return enters_v1 ? Result<>{} : cgroup_->attach(init_->pid(), Trees::v1);
    }

    Result<> run_create_hooks() {
        if (!prepared_.plan.awaits_create_hooks) return {};
        const spec::Hooks& hooks = config_.hooks;
        hooks_began_ = !hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty();
        TRY(draft_record());  // the pid may be another one by now
        // Steps 3 to 5 of the lifecycle come "after step 2", so it is created (as crun has it, and OCI's own tests).
        const std::string state = spec_state(record_, state::Status::created, false);
        TRY(run_hooks(hooks.prestart, state, prepared_.plan.bundle, "/hooks/prestart"));
        TRY(run_hooks(hooks.create_runtime, state, prepared_.plan.bundle, "/hooks/createRuntime"));
        return send_state(Stage::create_hooks, hooks.create_container.empty() ? state : state_inside());
    }

    // For hooks in the container's namespaces: the pid is as seen there (runtime.md "State").
    [[nodiscard]] std::string state_inside() const {
        state::Record inside = record_;
        inside.init.pid = pid_inside(record_.init.pid);
        return spec_state(inside, state::Status::created, false);
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
        if (pidfd_receiver_) TRY(pidfd_receiver_->send("pidfd", init_->pidfd()));
        TRY(directory_.publish());
        if (request_.start) asked_ = TRY(ask_to_start(directory_, record_));
        if (config_.hooks.start_container.empty()) return init_->send(Stage::committed);
        return send_state(Stage::committed, state_inside());
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
    std::optional<cgroup::Systemd> systemd_;  // where it makes the cgroup
    std::optional<cgroup::Cgroup> cgroup_;
    std::string resctrl_root_;
    std::optional<resctrl::Group> resctrl_;
    NetDevices net_devices_;
    std::optional<Console> console_;
    std::optional<Receiver> pidfd_receiver_;
    AskedToStart asked_;
    bool hooks_began_ = false;
    bool pid_file_written_ = false;
};

Result<Place> take_place(const CreateRequest& request) {
    if (request.replace != Replace::no) {
        Result<Place> room = make_room(request.root, request.id);
        const bool is_free = !room && room.error().fault == Fault::not_found;
        if (!is_free || request.replace == Replace::must_be_there) return room;
    }
    return Place{.directory = TRY(state::Directory::create(request.root, request.id))};
}

}  // namespace

Result<Created> create(const CreateRequest& request) {
    Prepared prepared = TRY(prepare(request));
    const auto located = [&](Result<>&& result) {
        return fail(locate(std::move(result).error(), prepared.config.document, request.config));
    };
    if (Result<> checked = check_rootfs(prepared.plan); !checked) return located(std::move(checked));
    Place place = TRY(take_place(request));
    Creation creation(request, prepared, std::move(place.directory));
    Result<> made = creation.make();
    if (made) {
        Result<Created> created = creation.finish();
        if (created) created->warnings = std::move(place.warnings);
        return created;
    }
    creation.undo();
    return located(std::move(made));
}

}  // namespace ocirt::lifecycle
