#include "shim/task_life.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "events.pb.h"
#include "shim/containerd/runtime_options.h"
#include "shim/task_work.h"

namespace ocirt::shim {
namespace {

using ttrpc::Code;
using Status = TaskProcess::Status;

// For a client that still reads when its process is deleted.
constexpr std::chrono::milliseconds drain_deadline = std::chrono::seconds(10);

template <class Request>
StdioNames names_of(const Request& request) {
    return {.input = request.stdin(),
            .output = request.stdout(),
            .error = request.stderr(),
            .terminal = request.terminal()};
}

CreateWork work_of(const Task& task, const wire::CreateTaskRequest& request, const wire::RuncOptions& options) {
    CreateWork work{.root = task.root,
                    .id = task.id,
                    .bundle = task.bundle,
                    .rootfs = {},
                    .names = task.init.stdio->names(),
                    .no_pivot_root = options.no_pivot_root(),
                    .no_new_keyring = options.no_new_keyring(),
                    .systemd_cgroup = options.systemd_cgroup(),
                    .io_uid = options.io_uid(),
                    .io_gid = options.io_gid()};
    work.rootfs.reserve(static_cast<std::size_t>(request.rootfs_size()));
    for (const wire::Mount& mount : request.rootfs())
        work.rootfs.push_back({.type = mount.type(),
                               .source = mount.source(),
                               .target = mount.target(),
                               .options = {mount.options().begin(), mount.options().end()}});
    return work;
}

wire::TaskCreate created_event(const wire::CreateTaskRequest& request, pid_t pid) {
    wire::TaskCreate event;
    event.set_container_id(request.id());
    event.set_bundle(request.bundle());
    *event.mutable_rootfs() = request.rootfs();
    event.mutable_io()->set_stdin(request.stdin());
    event.mutable_io()->set_stdout(request.stdout());
    event.mutable_io()->set_stderr(request.stderr());
    event.mutable_io()->set_terminal(request.terminal());
    event.set_checkpoint(request.checkpoint());
    event.set_pid(static_cast<std::uint32_t>(pid));
    return event;
}

}  // namespace

std::shared_ptr<Task> TaskLife::find(const std::string& id) const {
    const auto found = tasks_.find(id);
    return found == tasks_.end() ? nullptr : found->second;
}

void TaskLife::create(const wire::CreateTaskRequest& request, const Reply& reply) {
    if (tasks_.contains(request.id()))
        return reply->fail(Code::already_exists, "container \"" + request.id() + "\": already exists");
    const Result<wire::RuncOptions> options =
        read_runtime_options(request.options().type_url(), request.options().value());
    if (!options) return refuse(reply, options.error());
    if (!options->binary_name().empty())
        place_.log.warning({.operation = "use the option",
                            .object = "BinaryName " + options->binary_name(),
                            .detail = "ignored: this shim is the runtime"});
    auto task = std::make_shared<Task>();
    task->id = request.id();
    task->bundle = request.bundle();
    task->root = (options->root().empty() ? "/run/containerd/ocirt" : options->root()) + "/" + place_.namespace_name;
    task->init.names = names_of(request);
    Result<std::unique_ptr<Stdio>> stdio = hold_stdio(*task, task->init.names);
    if (!stdio) return refuse(reply, stdio.error());
    task->init.stdio = *std::move(stdio);
    task->init.status = Status::creating;
    const CreateWork work = work_of(*task, request, *options);
    if (!request.checkpoint().empty())
        task->restore =
            RestoreWork{.create = work, .image_path = request.checkpoint(), .work_path = options->criu_work_path()};
    tasks_[task->id] = task;
    const auto done = [this, task, request, reply](Result<Output> output) {
        Result<> made = output ? Result<>{} : std::unexpected(output.error());
        if (made && !task->restore) made = adopt(task, task->init, *std::move(output));
        if (!made) return undo_create(task, made.error(), reply);
        task->init.status = Status::created;
        publish("/tasks/create", "containerd.events.TaskCreate", created_event(request, task->init.pid));
        wire::CreateTaskResponse response;
        response.set_pid(static_cast<std::uint32_t>(task->init.pid));
        answer(reply, response);
        if (task->init.exit) settle_end(task, task->init);
    };
    const bool restores = task->restore.has_value();
    task->init.stdio->when_ready([this, work, restores, done](const Result<>& ready) {
        if (!ready) return done(fail(ready.error()));
        run_worker(
            place_.loop, place_.reaper,
            [work, restores] { return restores ? prepare_rootfs(work) : create_container(work); }, done);
    });
}

Result<std::unique_ptr<Stdio>> TaskLife::hold_stdio(const Task& task, const StdioNames& names) const {
    return Stdio::hold(
        {.loop = place_.loop, .reaper = place_.reaper, .id = task.id, .namespace_name = place_.namespace_name}, names);
}

// A worker that fails leaves nothing. One that was killed has had no time for that.
void TaskLife::undo_create(const std::shared_ptr<Task>& task, const Error& error, const Reply& reply) {
    const auto undone = [this, task, error, reply](const Result<Output>& output) {
        if (!output) place_.log.warning(output.error());
        tasks_.erase(task->id);
        refuse(reply, error);
    };
    if (error.fault != Fault::corrupted) return undone(Output{});
    run_worker(
        place_.loop, place_.reaper,
        [root = task->root, id = task->id, bundle = task->bundle] { return remove_container(root, id, bundle); },
        undone);
}

Result<> TaskLife::adopt(const std::shared_ptr<Task>& task, TaskProcess& process, Output output) {
    wire::StartedProcess started;
    if (!started.ParseFromString(output.message) || output.descriptors.empty())
        return fail({.fault = Fault::corrupted, .operation = "read a worker's answer", .detail = "it is not one"});
    process.pid = started.pid();
    process.pidfd = std::move(output.descriptors.front());
    if (output.descriptors.size() > 1) TRY(process.stdio->relay(std::move(output.descriptors[1])));
    process.stdio->taken();
    if (process.exec_id.empty()) {
        task->shares_pids = started.shares_pids();
        watch_memory(task, started);
    }
    place_.reaper.expect(process.pid, process.pidfd,
                         [this, task, exec_id = process.exec_id](const Exit& exit) { ended(task, exec_id, exit); });
    return {};
}

void TaskLife::watch_memory(const std::shared_ptr<Task>& task, const wire::StartedProcess& started) {
    if (started.memory_cgroup().empty()) return;
    const cgroup::Place place{.version = started.memory_in_v2() ? cgroup::Version::v2 : cgroup::Version::v1,
                              .path = started.memory_cgroup(),
                              .controllers = {"memory"}};
    Result<cgroup::OomWatch> watch = cgroup::OomWatch::open({&place, 1});
    if (!watch) return place_.log.warning(watch.error());
    task->oom = *std::move(watch);
    const auto events = static_cast<std::uint32_t>(task->oom.events());
    const Result<> watched =
        place_.loop.watch(task->oom.fd(), events, [this, raw = task.get()](std::uint32_t) { tell_oom(*raw); });
    if (!watched) place_.log.warning(watched.error());
}

void TaskLife::tell_oom(Task& task) {
    if (!task.oom.fd() || task.oom.take() == 0) return;
    const std::string limiting = task.oom.limiting_cgroup();
    place_.log.warning({.operation = "run the container",
                        .object = "\"" + task.id + "\"",
                        .detail = "out of memory" + (limiting.empty() ? "" : ": the limit is that of " + limiting)});
    wire::TaskOOM event;
    event.set_container_id(task.id);
    publish("/tasks/oom", "containerd.events.TaskOOM", event);
}

// While its start is on the way the end is kept: start is told first.
void TaskLife::ended(const std::shared_ptr<Task>& task, const std::string& exec_id, const Exit& exit) {
    TaskProcess* process = task->find(exec_id);
    if (process == nullptr) return;
    process->exit = exit;
    if (process->status != Status::starting && process->status != Status::creating) settle_end(task, *process);
}

// On disk before it is told; not on the loop where the disk may take its time.
void TaskLife::settle_end(const std::shared_ptr<Task>& task, TaskProcess& process) {
    if (!process.exec_id.empty()) return tell_end(task, process);
    tell_oom(*task);
    if (task->oom.fd()) place_.loop.forget(task->oom.fd());
    task->oom = {};
    if (process.deleting) return tell_end(task, process);  // there is no directory any more, or not for long
    const auto done = [this, task](const Result<>& written) {
        // Without a directory it has been deleted, or checkpointed.
        if (!written && written.error().errnum != ENOENT) place_.log.warning(written.error());
        tell_end(task, task->init);
    };
    if (state::is_in_memory(task->root, task->id)) return done(state::write_exit(task->root, task->id, *process.exit));
    run_worker(
        place_.loop, place_.reaper,
        [root = task->root, id = task->id, exit = *process.exit]() -> Result<Output> {
            TRY(state::write_exit(root, id, exit));
            return Output{};
        },
        [done](const Result<Output>& output) { done(output ? Result<>{} : std::unexpected(output.error())); });
}

// To others when its clients have what it wrote: containerd 1.6 reads no more once it hears of the end.
void TaskLife::tell_end(const std::shared_ptr<Task>& task, TaskProcess& process) {
    process.status = Status::stopped;
    process.pidfd.reset();
    if (process.exec_id.empty() && task->shares_pids) end_others(*task);
    if (!process.stdio) return tell_exit(*task, process);
    // The process may be deleted meanwhile.
    const auto read = [this, task, exec_id = process.exec_id, stdio = process.stdio.get()] {
        TaskProcess* ended = task->find(exec_id);
        if (ended != nullptr && ended->stdio.get() == stdio) tell_exit(*task, *ended);
    };
    ++draining_;
    process.stdio->finish(read, [this, stdio = process.stdio] { --draining_; });
}

// What the kernel does in a PID namespace of the container's own. Clients wait until nobody holds the output open
// before they ask for the Delete, which ends what this has missed.
void TaskLife::end_others(const Task& task) {
    run_worker(
        place_.loop, place_.reaper, [root = task.root, id = task.id] { return signal_container(root, id, SIGKILL); },
        [](const Result<Output>&) {});
}

void TaskLife::tell_exit(Task& task, TaskProcess& process) {
    if (std::exchange(process.told, true)) return;
    if (process.pid != 0) {
        wire::TaskExit event;
        event.set_container_id(task.id);
        event.set_id(process.exec_id.empty() ? task.id : process.exec_id);
        event.set_pid(static_cast<std::uint32_t>(process.pid));
        set_exit(event, *process.exit);
        publish("/tasks/exit", "containerd.events.TaskExit", event);
    }
    wire::WaitResponse response;
    set_exit(response, *process.exit);
    for (const Reply& reply : std::exchange(process.waiting, {})) answer(reply, response);
}

void TaskLife::start(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply) {
    if (process.status != Status::created) return reply->fail(Code::failed_precondition, "it has been started already");
    process.status = Status::starting;
    if (!process.exec_id.empty()) return start_exec(task, process, reply);
    task->restore ? restore_init(task, reply) : start_init(task, reply);
}

void TaskLife::start_init(const std::shared_ptr<Task>& task, const Reply& reply) {
    const auto done = [this, task, reply](const Result<Output>& output) {
        if (output) return tell_started(task, reply);
        refuse(reply, output.error());
        if (task->init.exit) return settle_end(task, task->init);
        task->init.status = Status::created;
    };
    run_worker(
        place_.loop, place_.reaper, [root = task->root, id = task->id] { return start_container(root, id); }, done);
}

void TaskLife::restore_init(const std::shared_ptr<Task>& task, const Reply& reply) {
    const auto done = [this, task, reply](Result<Output> output) {
        const Result<> adopted = output ? adopt(task, task->init, *std::move(output)) : std::unexpected(output.error());
        if (adopted) return tell_started(task, reply);
        task->init.status = Status::created;
        refuse(reply, adopted.error());
    };
    run_worker(place_.loop, place_.reaper, [work = *task->restore] { return restore_container(work); }, done);
}

// The end may have been first.
void TaskLife::tell_started(const std::shared_ptr<Task>& task, const Reply& reply) {
    TaskProcess& init = task->init;
    init.status = Status::running;
    wire::TaskStart event;
    event.set_container_id(task->id);
    event.set_pid(static_cast<std::uint32_t>(init.pid));
    publish("/tasks/start", "containerd.events.TaskStart", event);
    wire::StartResponse response;
    response.set_pid(static_cast<std::uint32_t>(init.pid));
    answer(reply, response);
    if (init.exit) settle_end(task, init);
}

void TaskLife::add_exec(Task& task, const wire::ExecProcessRequest& request, const Reply& reply) {
    if (request.exec_id().empty()) return reply->fail(Code::invalid_argument, "the exec id is missing");
    if (task.execs.contains(request.exec_id()))
        return reply->fail(Code::already_exists, "process \"" + request.exec_id() + "\": already exists");
    if (task.init.status != Status::running) return refuse(reply, not_running(task.init, "execute in the container"));
    auto process = std::make_unique<TaskProcess>();
    process->exec_id = request.exec_id();
    process->names = names_of(request);
    process->spec = request.spec().value();
    task.execs[process->exec_id] = std::move(process);
    wire::TaskExecAdded event;
    event.set_container_id(task.id);
    event.set_exec_id(request.exec_id());
    publish("/tasks/exec-added", "containerd.events.TaskExecAdded", event);
    answer(reply);
}

void TaskLife::start_exec(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply) {
    Result<std::unique_ptr<Stdio>> stdio = hold_stdio(*task, process.names);
    if (!stdio) {
        process.status = Status::created;
        return refuse(reply, stdio.error());
    }
    process.stdio = *std::move(stdio);
    if (process.input_ended) process.stdio->close_input();
    const auto done = [this, task, exec_id = process.exec_id, reply](Result<Output> output) {
        TaskProcess* started = task->find(exec_id);
        if (started == nullptr) return reply->fail(Code::not_found, "process \"" + exec_id + "\": not found");
        const Result<> adopted = output ? adopt(task, *started, *std::move(output)) : std::unexpected(output.error());
        if (!adopted) {
            started->stdio.reset();
            started->exit =
                Exit{.pid = 0, .status = exit_code(adopted.error()), .at = std::chrono::system_clock::now()};
            settle_end(task, *started);
            return refuse(reply, adopted.error());
        }
        started->status = Status::running;
        started->spec.clear();
        started->spec.shrink_to_fit();
        wire::TaskExecStarted event;
        event.set_container_id(task->id);
        event.set_exec_id(exec_id);
        event.set_pid(static_cast<std::uint32_t>(started->pid));
        publish("/tasks/exec-started", "containerd.events.TaskExecStarted", event);
        wire::StartResponse response;
        response.set_pid(static_cast<std::uint32_t>(started->pid));
        answer(reply, response);
        if (started->exit) settle_end(task, *started);
    };
    const ExecWork work{.root = task->root, .id = task->id, .process = process.spec, .names = process.stdio->names()};
    process.stdio->when_ready([this, work, done](const Result<>& ready) {
        if (!ready) return done(fail(ready.error()));
        run_worker(place_.loop, place_.reaper, [work] { return execute_process(work); }, done);
    });
}

void TaskLife::remove(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply) {
    if (process.status == Status::creating) return reply->fail(Code::failed_precondition, "it is being created");
    if (process.status == Status::running || process.status == Status::starting)
        return reply->fail(Code::failed_precondition,
                           "cannot delete a running process " + (process.exec_id.empty() ? task->id : process.exec_id));
    if (process.status == Status::stopped) tell_exit(*task, process);
    if (!process.exec_id.empty()) return remove_exec(*task, process, reply);
    if (std::exchange(process.deleting, true)) return reply->fail(Code::unavailable, "it is being deleted");
    const auto done = [this, task, reply](const Result<Output>& output) {
        TaskProcess& init = task->init;
        place_.reaper.sweep();  // one that was only created has just been killed
        init.deleting = false;
        if (!output) return refuse(reply, output.error());
        const Exit exit =
            init.exit.value_or(Exit{.pid = init.pid, .status = 0, .at = std::chrono::system_clock::now()});
        if (init.stdio) init.stdio->expect_no_client(drain_deadline);
        wire::TaskDelete event;
        event.set_container_id(task->id);
        event.set_pid(static_cast<std::uint32_t>(init.pid));
        set_exit(event, exit);
        publish("/tasks/delete", "containerd.events.TaskDelete", event);
        wire::DeleteResponse response;
        response.set_pid(static_cast<std::uint32_t>(init.pid));
        set_exit(response, exit);
        tasks_.erase(task->id);
        answer(reply, response);
    };
    run_worker(
        place_.loop, place_.reaper,
        [root = task->root, id = task->id, bundle = task->bundle] { return remove_container(root, id, bundle); }, done);
}

void TaskLife::remove_exec(Task& task, TaskProcess& process, const Reply& reply) {
    wire::DeleteResponse response;
    response.set_pid(static_cast<std::uint32_t>(process.pid));
    if (process.exit) set_exit(response, *process.exit);
    if (process.stdio) process.stdio->expect_no_client(drain_deadline);
    task.execs.erase(process.exec_id);
    answer(reply, response);
}

}  // namespace ocirt::shim
