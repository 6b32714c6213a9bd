#include "shim/task_work.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "common/json_document.h"
#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/stats.h"
#include "runtime/lifecycle/checkpoint.h"
#include "runtime/lifecycle/create.h"
#include "runtime/lifecycle/events.h"
#include "runtime/lifecycle/exec.h"
#include "runtime/lifecycle/kill.h"
#include "runtime/lifecycle/pause.h"
#include "runtime/lifecycle/processes.h"
#include "runtime/lifecycle/remove.h"
#include "runtime/lifecycle/restore.h"
#include "runtime/lifecycle/start.h"
#include "runtime/lifecycle/update.h"
#include "runtime/spec/parse.h"
#include "shim/containerd/metrics.h"
#include "worker.pb.h"

namespace ocirt::shim {
namespace {

using lifecycle::Container;

Output started(const wire::StartedProcess& message, Fd pidfd, Fd console) {
    Output output{.message = message.SerializeAsString()};
    output.descriptors.push_back(std::move(pidfd));
    if (console) output.descriptors.push_back(std::move(console));
    return output;
}

void set_memory_cgroup(wire::StartedProcess& message, const state::Record& record) {
    for (const cgroup::Place& place : record.cgroups) {
        if (std::ranges::find(place.controllers, "memory") == place.controllers.end()) continue;
        message.set_memory_cgroup(place.path);
        message.set_memory_in_v2(place.version == cgroup::Version::v2);
    }
}

Output started(const state::Record& record, Fd pidfd, Fd console) {
    wire::StartedProcess message;
    message.set_pid(record.init.pid);
    message.set_shares_pids(!record.own_pid_namespace);
    set_memory_cgroup(message, record);
    return started(message, std::move(pidfd), std::move(console));
}

std::string rootfs_of(const CreateWork& work) { return work.bundle + "/rootfs"; }

lifecycle::CreateRequest request_of(const CreateWork& work) {
    return {.root = work.root,
            .id = work.id,
            .bundle = work.bundle,
            .console = {.keep = true},
            .no_pivot = work.no_pivot_root,
            .no_new_keyring = work.no_new_keyring,
            .systemd_cgroup = work.systemd_cgroup,
            .parent = lifecycle::Parent::ours};
}

// The owner that containerd asks for, so that whoever the program becomes may open its streams again.
Result<> take_own_stdio(const CreateWork& work) {
    TRY(take_stdio(work.names));
    if (work.io_uid == 0 && work.io_gid == 0) return {};
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        struct stat status{};
        if (::fstat(number, &status) == 0 && S_ISFIFO(status.st_mode))
            (void)!::fchown(number, work.io_uid, work.io_gid);
    }
    return {};
}

// Also of one that has stopped: until it is deleted it is counted, as by containerd's own shim.
bool has_cgroup(const Container& container) {
    return container.record.complete && container.record.use_cgroups && container.of_this_boot();
}

}  // namespace

Result<Output> prepare_rootfs(const CreateWork& work) {
    if (!work.rootfs.empty()) TRY(mount_rootfs(rootfs_of(work), work.rootfs));
    // What `delete` needs when the shim is gone.
    Result<> written = sys::write_file(work.bundle + "/" + root_file, work.root);
    if (written) return Output{};
    if (!work.rootfs.empty()) (void)unmount_rootfs(rootfs_of(work));
    return std::unexpected(std::move(written).error());
}

Result<Output> create_container(const CreateWork& work) {
    (void)TRY(prepare_rootfs(work));
    const auto create = [&work]() -> Result<lifecycle::Created> {
        TRY(take_own_stdio(work));
        return lifecycle::create(request_of(work));
    };
    Result<lifecycle::Created> created = create();
    if (created) return started(created->container.record, std::move(created->pidfd), std::move(created->console));
    if (!work.rootfs.empty()) (void)unmount_rootfs(rootfs_of(work));
    return std::unexpected(std::move(created).error());
}

Result<Output> restore_container(const RestoreWork& work) {
    TRY(take_own_stdio(work.create));
    lifecycle::RestoreRequest request{.create = request_of(work.create), .options = {}};
    request.options.image_path = work.image_path;
    request.options.work_path = work.work_path.empty() ? work.create.bundle + "/criu" : work.work_path;
    lifecycle::Restored restored = TRY(lifecycle::restore_detached(request, Log{}));
    return started(restored.container.record, std::move(restored.pidfd), std::move(restored.console));
}

Result<Output> checkpoint_container(const CheckpointWork& work) {
    (void)TRY(lifecycle::checkpoint({.root = work.root, .id = work.id, .options = work.options}));
    return Output{};
}

Result<Output> start_container(const std::string& root, const std::string& id) {
    Container container = TRY(Container::open(root, id));
    TRY(lifecycle::start(container, "", Log{}));
    return Output{};
}

Result<Output> execute_process(const ExecWork& work) {
    TRY(take_stdio(work.names));
    lifecycle::Executed process = TRY(lifecycle::execute({.root = work.root,
                                                          .id = work.id,
                                                          .process_text = work.process,
                                                          .tty = work.names.terminal,
                                                          .detach = true,
                                                          .keep_console = true,
                                                          .parent = lifecycle::Parent::ours},
                                                         Log{}));
    wire::StartedProcess message;
    message.set_pid(process.pid);
    return started(message, std::move(process.pidfd), std::move(process.console));
}

Result<Output> remove_container(const std::string& root, const std::string& id, const std::string& bundle) {
    Result<Container> container = Container::open(root, id);
    if (container) {
        TRY(lifecycle::remove(*container, true));
    } else if (container.error().fault == Fault::corrupted) {
        TRY(lifecycle::discard(root, id));
    } else if (container.error().fault != Fault::not_found) {
        return std::unexpected(std::move(container).error());
    }
    TRY(unmount_rootfs(bundle + "/rootfs"));
    return Output{};
}

Result<Output> signal_container(const std::string& root, const std::string& id, int signal) {
    TRY(lifecycle::kill(TRY(Container::open(root, id)), signal, true));
    return Output{};
}

Result<Output> pause_container(const std::string& root, const std::string& id) {
    Container container = TRY(Container::open(root, id));
    TRY(lifecycle::pause(container));
    return Output{};
}

Result<Output> resume_container(const std::string& root, const std::string& id) {
    Container container = TRY(Container::open(root, id));
    TRY(lifecycle::resume(container));
    return Output{};
}

Result<Output> update_container(const std::string& root, const std::string& id, const std::string& resources) {
    Container container = TRY(Container::open(root, id));
    const JsonDocument document = JsonDocument::parse(resources);
    const spec::ParsedAs<spec::Resources> parsed = spec::parse_resources(document);
    if (!parsed.ok()) return fail(spec::to_error(parsed.findings, "resources"));
    (void)TRY(lifecycle::update(container, parsed.value));
    return Output{};
}

Result<Output> list_pids(const std::string& root, const std::string& id) {
    wire::ContainerPids message;
    const Container container = TRY(Container::open(root, id));
    Result<std::vector<pid_t>> pids =
        has_cgroup(container) ? cgroup::Cgroup::open(container.record.cgroups).pids() : lifecycle::pids(container);
    if (!pids) return std::unexpected(std::move(pids).error());
    for (const pid_t pid : *pids) message.add_pids(pid);
    return Output{.message = message.SerializeAsString()};
}

Result<Output> read_stats(const std::string& root, const std::string& id) {
    const Container container = TRY(Container::open(root, id));
    const cgroup::Stats stats =
        TRY(has_cgroup(container) ? cgroup::read_stats(container.record.cgroups) : lifecycle::stats(container));
    return Output{.message = encode_metrics(stats, container.record.cgroups)};
}

}  // namespace ocirt::shim
