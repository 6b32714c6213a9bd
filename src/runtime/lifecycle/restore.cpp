#include "runtime/lifecycle/restore.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/checkpoint/external_mounts.h"
#include "runtime/lifecycle/console.h"
#include "runtime/lifecycle/criu_session.h"
#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/new_record.h"
#include "runtime/lifecycle/pid_file.h"
#include "runtime/lifecycle/private_mounts.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/remove.h"
#include "runtime/lifecycle/restore_mounts.h"
#include "runtime/lifecycle/restored_container.h"
#include "runtime/lifecycle/systemd_cgroup.h"
#include "runtime/lifecycle/terminal.h"

namespace ocirt::lifecycle {
namespace {

using checkpoint::Criu;
using spec::NamespaceKind;

constexpr const char* operation = "restore the container";

// criu as it was started in a mount namespace of its own, and what it has been given.
struct Started {
    Criu criu;
    CriuFiles files;
    criu::Request request;
    std::vector<checkpoint::Source> sources;
};

// One container being restored. Whatever fails, undo() leaves nothing.
class Restoration {
   public:
    Restoration(const RestoreRequest& request, Prepared& prepared, state::Directory directory, Console console)
        : request_(request),
          prepared_(prepared),
          config_(prepared.config.parsed.value),
          directory_(std::move(directory)),
          console_(std::move(console)) {}

    Result<> make() {
        record_ = new_record(request_.create, prepared_);
        TRY(directory_.write(record_));
        TRY(directory_.write_config(prepared_.config.document.text()));
        if (prepared_.plan.unit)
            systemd_.emplace(TRY(cgroup::Systemd::connect(prepared_.plan.unit->unit.session)));
        else
            TRY(make_cgroup());
        Started started = TRY(start_criu());
        if (systemd_) TRY(start_scope(started.criu.pid()));
        TRY(cgroup_->attach(started.criu.pid()));
        TRY(limit());
        const Result<criu::Response> response = started.criu.request(
            started.request,
            [&](Criu::Notification notification) { return hear(std::move(notification), started.sources); });
        if (!response) return fail(started.files.explain(response.error(), operation, record_.id));
        if (!pidfd_)
            return fail(
                {.fault = Fault::corrupted, .operation = operation, .detail = "criu did not ask before it ran"});
        return {};
    }

    void undo() {
        if (pidfd_) {
            (void)sys::send_signal(pidfd_, SIGKILL);
            (void)reap(pidfd_);
        }
        if (cgroup_) {
            (void)cgroup_->kill_all();
            if (systemd_) (void)systemd_->stop(prepared_.plan.unit->unit.name);
            (void)cgroup_->remove();
        }
        if (hooks_began_)
            (void)run_poststop_hooks(config_.hooks.poststop, spec_state(record_, state::Status::stopped, false),
                                     prepared_.plan.bundle);
        if (pid_file_written_) ::unlink(request_.create.pid_file.c_str());
        (void)directory_.remove();
    }

    Restored finish() {
        return {.container = {std::move(directory_), std::move(record_)},
                .pidfd = std::move(pidfd_),
                .console = console_.take(),
                .notifications = std::move(notifications_)};
    }

   private:
    Result<> make_cgroup() {
        if (request_.options.manage_cgroups_mode == "strict") TRY(expect_no_cgroups());
        const cgroup::CreateOptions options{
            .best_effort = false,
            .enable = cgroup::controllers_to_enable(prepared_.host.cgroups, prepared_.plan.resources)};
        const std::vector<std::string>& paths = prepared_.plan.cgroup_paths;
        cgroup_.emplace(TRY(cgroup::Cgroup::begin(prepared_.host.cgroups, paths, options)));
        TRY(cgroup_->complete(prepared_.host.cgroups, paths, options));
        return cgroup_->prepare(prepared_.plan.resources);
    }

    // Around criu, which puts the container's processes where it has been told that the scope will be.
    Result<> start_scope(pid_t criu) {
        const std::vector<std::string> expected = prepared_.plan.cgroup_paths;
        cgroup_.emplace(TRY(start_unit(*systemd_, prepared_, criu)));
        if (prepared_.plan.cgroup_paths != expected)
            return fail({.fault = Fault::unsupported,
                         .operation = operation,
                         .object = "\"" + record_.id + "\"",
                         .detail = "systemd has put its unit at " + prepared_.plan.cgroup_paths.front() + ", not at " +
                                   expected.front()});
        return cgroup_->prepare(prepared_.plan.resources);
    }

    Result<> limit() {
        if (systemd_) TRY(systemd_->set(prepared_.plan.unit->unit.name, prepared_.plan.unit->limits));
        return cgroup_->limit(prepared_.plan.resources);
    }

    Result<> expect_no_cgroups() const {
        for (const cgroup::Place& place : record_.cgroups) {
            struct stat status{};
            if (::stat(place.path.c_str(), &status) != 0) continue;
            return fail({.fault = Fault::already_exists,
                         .operation = "use the option",
                         .object = "--manage-cgroups-mode strict",
                         .detail = "there is a cgroup " + place.path + " already"});
        }
        return {};
    }

    // The image and the bundle's mounts are opened where criu will be: it can mount nothing of another namespace, and
    // what it mounts nobody else sees.
    Result<Started> start_criu() {
        std::array<char, 4096> place{};
        const std::string link = "/proc/self/fd/" + std::to_string(directory_.fd().get());
        if (::readlink(link.c_str(), place.data(), place.size() - 1) <= 0)
            return fail_errno("readlink", "find the state directory");
        PrivateMounts mounts = TRY(PrivateMounts::enter());
        CriuFiles files = TRY(CriuFiles::open(request_.options));
        if (prepared_.plan.notifies) notifications_ = TRY(bind_datagram_at(directory_.fd(), state::notify_socket));
        std::vector<SlotFd> trees = TRY(open_trees(prepared_.plan));
        for (SlotFd& tree : TRY(open_cgroup_trees(prepared_.plan, prepared_.plan.cgroup_paths)))
            trees.push_back(std::move(tree));
        RestoreMounts laid =
            TRY(lay_out(place.data(), prepared_.plan, TRY(checkpoint::external_mounts(prepared_.plan)), trees));
        criu::Request request = TRY(fill_request(files, laid));
        Criu::Setting setting;
        setting.given = give_namespaces(*request.mutable_opts(), trees);
        // criu up to 3.17 does not restore it, and none can take it away.
        setting.no_new_privileges = config_.process && config_.process->no_new_privileges;
        Criu criu = TRY(Criu::start(request_.options.criu, setting));
        TRY(mounts.leave());
        return Started{.criu = std::move(criu),
                       .files = std::move(files),
                       .request = std::move(request),
                       .sources = std::move(laid.sources)};
    }

    Result<criu::Request> fill_request(const CriuFiles& files, const RestoreMounts& laid) const {
        criu::Request request;
        request.set_type(criu::RESTORE);
        criu::Options& wanted = *request.mutable_opts();
        TRY(fill(wanted, request_.options));
        files.tell(wanted);
        // That the cgroups are new is seen to in make_cgroup: criu would find those.
        if (wanted.manage_cgroups_mode() == criu::STRICT) wanted.set_manage_cgroups_mode(criu::FULL);
        wanted.set_rst_sibling(true);
        wanted.set_evasive_devices(true);
        wanted.set_root(laid.root);
        for (const std::string& option : laid.external) wanted.add_external(option);
        add_cgroup_roots(wanted);
        const std::vector<std::string> descriptors = TRY(files.images.read_descriptors());
        for (std::size_t number = 0; number < descriptors.size(); ++number) {
            const std::string& key = descriptors[number];
            const bool first =
                std::ranges::find(descriptors, key) == descriptors.begin() + static_cast<std::ptrdiff_t>(number);
            const bool terminal = key.starts_with("tty[");
            if (terminal && !request_.options.shell_job) {
                return fail({.fault = Fault::unsupported,
                             .operation = operation,
                             .object = "\"" + record_.id + "\"",
                             .detail = "the image was made with --shell-job",
                             .hint = "use --shell-job, from a terminal that the container may have"});
            }
            // It would look for its stdin where that has been handed on already.
            if (terminal) wanted.set_shell_job(false);
            if (first && (terminal || key.starts_with("pipe:") || key.starts_with("file[")))
                add_descriptor(wanted, key, static_cast<int>(number));
        }
        return request;
    }

    // The image's cgroups are those of the dumped container: these are the new one's.
    void add_cgroup_roots(criu::Options& wanted) const {
        for (std::size_t i = 0; i < record_.cgroups.size(); ++i) {
            const cgroup::Hierarchy& hierarchy = prepared_.host.cgroups.hierarchies[i];
            std::string path = record_.cgroups[i].path.substr(hierarchy.mount_point.size());
            const bool unified = hierarchy.version == cgroup::Version::v2;
            for (const std::string& controller : unified ? std::vector<std::string>{""} : hierarchy.controllers) {
                criu::CgroupRoot& root = *wanted.add_cg_root();
                if (!controller.empty()) root.set_ctrl(controller);
                root.set_path(path);
            }
        }
    }

    static void add_descriptor(criu::Options& wanted, const std::string& key, int number) {
        criu::InheritFd& inherited = *wanted.add_inherit_fd();
        inherited.set_key(key);
        inherited.set_fd(number);
    }

    std::vector<Fd> give_namespaces(criu::Options& wanted, std::vector<SlotFd>& trees) const {
        std::vector<Fd> given;
        for (const ExternalNamespace& ns : external_namespaces(prepared_.plan)) {
            const auto opened = std::ranges::find(trees, ns.slot, &SlotFd::slot);
            if (opened == trees.end()) continue;
            add_descriptor(wanted, ns.key, checkpoint::first_given_descriptor + static_cast<int>(given.size()));
            given.push_back(std::move(opened->fd));
        }
        return given;
    }

    Result<> hear(Criu::Notification notification, const std::vector<checkpoint::Source>& sources) {
        if (notification.pid > 0) restored_ = notification.pid;
        if (notification.script == "setup-namespaces") return run_create_hooks(notification.pid);
        if (notification.script == "pre-resume") return judge(sources);
        if (notification.script == "orphan-pts-master") return place_console(std::move(notification.descriptors));
        return {};
    }

    // criu does not ask whether it shall go on here: what must not run is killed before it is answered.
    Result<> judge(const std::vector<checkpoint::Source>& sources) {
        pidfd_ = TRY(sys::open_pidfd(restored_));
        Result<> checked = limit_again();
        if (checked) checked = check_restored(restored_, prepared_, *cgroup_, sources);
        if (checked) checked = commit();
        if (checked) return checked;
        if (const Result<std::vector<pid_t>> tree = process_tree(restored_))
            for (const pid_t each : *tree) (void)::kill(each, SIGKILL);
        (void)sys::send_signal(pidfd_, SIGKILL);
        return checked;
    }

    // By now criu has given the cgroups the properties of the image, if it was asked to (v1): the config's limits and
    // device rules go before (threat F3).
    Result<> limit_again() {
        const std::string& mode = request_.options.manage_cgroups_mode;
        if (mode != "full" && mode != "strict") return {};
        TRY(cgroup_->apply(prepared_.plan.resources.before_attach));
        return cgroup_->apply(prepared_.plan.resources.limits);
    }

    Result<> run_create_hooks(pid_t pid) {
        if (config_.hooks.prestart.empty() && config_.hooks.create_runtime.empty()) return {};
        hooks_began_ = true;
        record_.init = {.pid = pid, .start_time = start_time(pid).value_or(0)};
        const std::string state = spec_state(record_, state::Status::created, false);
        TRY(run_hooks(config_.hooks.prestart, state, prepared_.plan.bundle, "/hooks/prestart"));
        return run_hooks(config_.hooks.create_runtime, state, prepared_.plan.bundle, "/hooks/createRuntime");
    }

    Result<> place_console(std::vector<Fd> descriptors) {
        if (descriptors.size() != 1)
            return fail({.fault = Fault::corrupted, .operation = operation, .detail = "criu sent no terminal"});
        return console_.place(std::move(descriptors.front()));
    }

    // It is about to run: whoever sees its output finds it.
    Result<> commit() {
        record_.init = {.pid = restored_, .start_time = start_time(restored_).value_or(0)};
        record_.complete = true;
        TRY(directory_.write(record_));
        if (request_.create.pid_file.empty()) return {};
        TRY(write_pid_file(request_.create.pid_file, restored_));
        pid_file_written_ = true;
        return {};
    }

    const RestoreRequest& request_;
    Prepared& prepared_;
    const spec::Config& config_;
    state::Directory directory_;
    Console console_;
    state::Record record_;
    std::optional<cgroup::Systemd> systemd_;  // where it makes the cgroup
    std::optional<cgroup::Cgroup> cgroup_;
    Fd pidfd_;
    Fd notifications_;    // where they arrive
    pid_t restored_ = 0;  // our child (criu's rst_sibling), as soon as criu tells of it
    bool hooks_began_ = false;
    bool pid_file_written_ = false;
};

// Told before anything is made.
Result<> check(const RestoreRequest& request, const Prepared& prepared) {
    criu::Options unused;
    TRY(fill(unused, request.options));
    const spec::Config& config = prepared.config.parsed.value;
    TRY(check_restorable(prepared.plan, config.linux.find(NamespaceKind::mount) != nullptr));
    (void)TRY(CriuFiles::open(request.options));
    if (!unused.manage_cgroups() && config.linux.find(NamespaceKind::cgroup) != nullptr) {
        return fail({.fault = Fault::unsupported,
                     .pointer = "/linux/namespaces",
                     .operation = "use the option",
                     .object = "--manage-cgroups-mode ignore",
                     .detail = "criu makes no cgroup namespace then, and the config asks for one"});
    }
    return {};
}

}  // namespace

Result<Restored> restore_detached(const RestoreRequest& request, const Log& log) {
    CreateRequest create = request.create;
    create.parent_opens_trees = true;
    Prepared prepared = TRY(prepare(create));
    const auto located = [&](Result<>&& result) {
        return fail(locate(std::move(result).error(), prepared.config.document, request.create.config));
    };
    if (Result<> checked = check(request, prepared); !checked) return located(std::move(checked));
    Result<Console> console = Console::prepare(prepared.plan, request.create.console);
    if (!console) return located(std::unexpected(std::move(console).error()));
    Restoration restoration(request, prepared, TRY(state::Directory::create(request.create.root, request.create.id)),
                            std::move(*console));
    if (Result<> made = restoration.make(); !made) {
        restoration.undo();
        return located(std::move(made));
    }
    for (const plan::Warning& warning : prepared.plan.warnings)
        log.warning({.fault = Fault::invalid_config, .pointer = warning.pointer, .detail = warning.message});
    return restoration.finish();
}

Result<int> restore(const RestoreRequest& request, const Log& log) {
    const Fd signals = request.detach ? Fd{} : TRY(block_signals());
    RestoreRequest detached = request;
    detached.create.console.keep = !request.detach;
    Restored restored = TRY(restore_detached(detached, log));
    if (request.detach) return 0;
    restored.container.directory.unlock();
    std::optional<NotifyRelay> relay =
        relay_in_foreground(std::move(restored.notifications), request.create.notify_socket, log);
    NotifyRelay* const notifications = relay ? &*relay : nullptr;
    const int status =
        TRY(restored.console ? wait_with_terminal(signals, restored.pidfd, restored.console, notifications)
                             : wait_and_forward(signals, restored.pidfd, notifications));
    if (relay) relay->finish();
    if (request.keep) return status;
    const Result<Removed> removed = remove_ended(restored.container);
    // Someone else's `delete` came before.
    if (!removed && removed.error().fault != Fault::not_found) return std::unexpected(removed.error());
    if (removed)
        for (const Error& warning : removed->warnings) log.warning(warning);
    return status;
}

}  // namespace ocirt::lifecycle
