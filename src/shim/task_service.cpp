#include "shim/task_service.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "common/syscall.h"
#include "events.pb.h"
#include "shim/exit_file.h"
#include "shim/task_work.h"
#include "shim/timestamp.h"
#include "worker.pb.h"

namespace ocirt::shim {
namespace {

using ttrpc::Code;
using Status = TaskProcess::Status;

constexpr std::chrono::milliseconds drain_deadline = std::chrono::seconds(10);

Code code_of(const Error& error) {
    switch (error.fault) {
        case Fault::not_found: return Code::not_found;
        case Fault::already_exists: return Code::already_exists;
        case Fault::wrong_state: return Code::failed_precondition;
        case Fault::unsupported: return Code::unimplemented;
        case Fault::invalid_argument:
        case Fault::invalid_config: return Code::invalid_argument;
        default: return Code::unknown;
    }
}

void refuse(const Reply& reply, const Error& error) { reply->fail(code_of(error), render(error)); }

template <class Message>
void answer(const Reply& reply, const Message& message) {
    reply->ok(message.SerializeAsString());
}
void answer(const Reply& reply) { reply->ok({}); }

template <class Request>
StdioNames names_of(const Request& request) {
    return {.input = request.stdin(),
            .output = request.stdout(),
            .error = request.stderr(),
            .terminal = request.terminal()};
}

template <class Message>
void set_exit(Message& message, const Exit& exit) {
    message.set_exit_status(static_cast<std::uint32_t>(exit.status));
    set(*message.mutable_exited_at(), exit.at);
}

wire::TaskStatus status_of(const Task& task, const TaskProcess& process) {
    switch (process.status) {
        case Status::created:
        case Status::starting: return wire::CREATED;
        case Status::running: return task.paused ? wire::PAUSED : wire::RUNNING;
        case Status::stopped: break;
    }
    return wire::STOPPED;
}

Error not_running(const TaskProcess& process, const char* operation) {
    return {.fault = Fault::wrong_state,
            .operation = operation,
            .detail =
                process.status == Status::stopped ? "container not running: it has stopped" : "container not running"};
}

}  // namespace

template <class Event>
void TaskService::publish(const char* topic, const char* type, const Event& event) {
    place_.publisher.publish(topic, type, event.SerializeAsString());
}

template <class Request>
void TaskService::dispatch(const ttrpc::Call& call, const Reply& reply, Method<Request> method) {
    Request request;
    if (!request.ParseFromString(call.payload))
        return reply->fail(Code::invalid_argument, "the message of " + call.method + " cannot be read");
    (this->*method)(request, reply);
}

void TaskService::handle(const ttrpc::Call& call, const Reply& reply) {
    if (call.service != "containerd.task.v2.Task" && call.service != "containerd.task.v3.Task")
        return reply->fail(Code::unimplemented, "service " + call.service + " is not here");
    using Dispatch = void (*)(TaskService&, const ttrpc::Call&, const Reply&);
    struct Entry {
        std::string_view method;
        Dispatch dispatch;
    };
#define OCIRT_METHOD(name, request, function)                                     \
    Entry {                                                                       \
        name, [](TaskService& service, const ttrpc::Call& one, const Reply& to) { \
            service.dispatch<wire::request>(one, to, &TaskService::function);     \
        }                                                                         \
    }
    static constexpr Entry entries[] = {OCIRT_METHOD("State", StateRequest, state),
                                        OCIRT_METHOD("Create", CreateTaskRequest, create),
                                        OCIRT_METHOD("Start", StartRequest, start),
                                        OCIRT_METHOD("Delete", DeleteRequest, remove),
                                        OCIRT_METHOD("Pids", PidsRequest, pids),
                                        OCIRT_METHOD("Pause", PauseRequest, pause),
                                        OCIRT_METHOD("Resume", ResumeRequest, resume),
                                        OCIRT_METHOD("Checkpoint", CheckpointTaskRequest, checkpoint),
                                        OCIRT_METHOD("Kill", KillRequest, kill),
                                        OCIRT_METHOD("Exec", ExecProcessRequest, exec),
                                        OCIRT_METHOD("ResizePty", ResizePtyRequest, resize),
                                        OCIRT_METHOD("CloseIO", CloseIORequest, close_io),
                                        OCIRT_METHOD("Update", UpdateTaskRequest, update),
                                        OCIRT_METHOD("Wait", WaitRequest, wait),
                                        OCIRT_METHOD("Stats", StatsRequest, stats),
                                        OCIRT_METHOD("Connect", ConnectRequest, connect),
                                        OCIRT_METHOD("Shutdown", ShutdownRequest, shutdown)};
#undef OCIRT_METHOD
    const auto* found = std::ranges::find(entries, call.method, &Entry::method);
    if (found == std::end(entries)) return reply->fail(Code::unimplemented, "method " + call.method + " is not here");
    found->dispatch(*this, call, reply);
}

std::shared_ptr<Task> TaskService::find(const std::string& id, const Reply& reply) {
    if (const auto found = tasks_.find(id); found != tasks_.end()) return found->second;
    reply->fail(Code::not_found, "container \"" + id + "\": not found");
    return nullptr;
}

TaskProcess* TaskService::find(Task& task, const std::string& exec_id, const Reply& reply) {
    TaskProcess* process = task.find(exec_id);
    if (process == nullptr) reply->fail(Code::not_found, "process \"" + exec_id + "\": not found");
    return process;
}

void TaskService::run(const Work& work, const Reply& reply, std::function<void(Output)> then) {
    run_worker(place_.loop, place_.reaper, work, {}, [reply, then = std::move(then)](Result<Output> output) {
        if (!output) return refuse(reply, output.error());
        then(*std::move(output));
    });
}

void TaskService::create(const wire::CreateTaskRequest& request, const Reply& reply) {
    if (tasks_.contains(request.id()))
        return reply->fail(Code::already_exists, "container \"" + request.id() + "\": already exists");
    wire::RuncOptions options;
    if (request.options().type_url().ends_with("runc.v1.Options") &&
        !options.ParseFromString(request.options().value()))
        return reply->fail(Code::invalid_argument, "the runtime's options cannot be read");
    if (options.systemd_cgroup())
        return refuse(reply, {.fault = Fault::unsupported,
                              .operation = "use the option",
                              .object = "SystemdCgroup",
                              .detail = "it is not supported by this version of ocirt"});
    if (!request.checkpoint().empty())
        return refuse(
            reply,
            {.fault = Fault::unsupported, .operation = "restore a checkpoint", .detail = "the shim cannot do it yet"});
    auto task = std::make_shared<Task>();
    task->id = request.id();
    task->bundle = request.bundle();
    task->root = (options.root().empty() ? "/run/containerd/ocirt" : options.root()) + "/" + place_.namespace_name;
    task->init.names = names_of(request);
    Result<std::unique_ptr<Stdio>> stdio = Stdio::hold(place_.loop, task->init.names);
    if (!stdio) return refuse(reply, stdio.error());
    task->init.stdio = *std::move(stdio);
    CreateWork work{.root = task->root,
                    .id = task->id,
                    .bundle = task->bundle,
                    .rootfs = {},
                    .names = task->init.names,
                    .no_pivot_root = options.no_pivot_root(),
                    .no_new_keyring = options.no_new_keyring(),
                    .io_uid = options.io_uid(),
                    .io_gid = options.io_gid()};
    for (const wire::Mount& mount : request.rootfs())
        work.rootfs.push_back({.type = mount.type(),
                               .source = mount.source(),
                               .target = mount.target(),
                               .options = {mount.options().begin(), mount.options().end()}});
    tasks_[task->id] = task;
    const auto done = [this, task, request, reply](Result<Output> output) {
        Result<> adopted = output ? adopt(task, task->init, *std::move(output)) : std::unexpected(output.error());
        if (!adopted) {
            tasks_.erase(task->id);
            return refuse(reply, adopted.error());
        }
        wire::TaskCreate event;
        event.set_container_id(task->id);
        event.set_bundle(task->bundle);
        *event.mutable_rootfs() = request.rootfs();
        event.mutable_io()->set_stdin(request.stdin());
        event.mutable_io()->set_stdout(request.stdout());
        event.mutable_io()->set_stderr(request.stderr());
        event.mutable_io()->set_terminal(request.terminal());
        event.set_pid(static_cast<std::uint32_t>(task->init.pid));
        publish("/tasks/create", "containerd.events.TaskCreate", event);
        wire::CreateTaskResponse response;
        response.set_pid(static_cast<std::uint32_t>(task->init.pid));
        answer(reply, response);
    };
    run_worker(place_.loop, place_.reaper, [work] { return create_container(work); }, {}, done);
}

Result<> TaskService::adopt(const std::shared_ptr<Task>& task, TaskProcess& process, Output output) {
    wire::StartedProcess started;
    if (!started.ParseFromString(output.message) || output.descriptors.empty())
        return fail({.fault = Fault::corrupted, .operation = "read a worker's answer", .detail = "it is not one"});
    process.pid = started.pid();
    process.pidfd = std::move(output.descriptors.front());
    if (output.descriptors.size() > 1) TRY(process.stdio->relay(std::move(output.descriptors[1])));
    if (process.exec_id.empty()) watch_memory(task, started);
    place_.reaper.expect(process.pid,
                         [this, task, exec_id = process.exec_id](const Exit& exit) { ended(task, exec_id, exit); });
    return {};
}

void TaskService::watch_memory(const std::shared_ptr<Task>& task, const wire::StartedProcess& started) {
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

void TaskService::tell_oom(Task& task) {
    if (!task.oom.fd() || task.oom.take() == 0) return;
    wire::TaskOOM event;
    event.set_container_id(task.id);
    publish("/tasks/oom", "containerd.events.TaskOOM", event);
}

// While its start is on the way the end is kept: start is told first.
void TaskService::ended(const std::shared_ptr<Task>& task, const std::string& exec_id, const Exit& exit) {
    TaskProcess* process = task->find(exec_id);
    if (process == nullptr) return;
    process->exit = exit;
    if (process->status != Status::starting) tell_end(*task, *process);
}

void TaskService::tell_end(Task& task, TaskProcess& process) {
    const bool ran = process.status == Status::running;
    process.status = Status::stopped;
    process.pidfd.reset();
    if (process.exec_id.empty()) {
        tell_oom(task);
        if (task.oom.fd()) place_.loop.forget(task.oom.fd());
        task.oom = {};
        if (const Result<> written = write_exit(task.root, task.id, *process.exit); !written)
            place_.log.warning(written.error());
    }
    if (ran) {
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
    drain(process.stdio);
}

// The process may be deleted meanwhile.
void TaskService::drain(const std::shared_ptr<Stdio>& stdio) {
    if (!stdio) return;
    ++draining_;
    stdio->finish([this, stdio] { --draining_; });
}

void TaskService::start(const wire::StartRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    if (process->status != Status::created)
        return reply->fail(Code::failed_precondition, "it has been started already");
    process->status = Status::starting;
    process->exec_id.empty() ? start_init(task, reply) : start_exec(task, *process, reply);
}

void TaskService::start_init(const std::shared_ptr<Task>& task, const Reply& reply) {
    const auto done = [this, task, reply](const Result<Output>& output) {
        TaskProcess& init = task->init;
        if (!output) {
            if (init.exit)
                tell_end(*task, init);
            else
                init.status = Status::created;
            return refuse(reply, output.error());
        }
        init.status = Status::running;
        wire::TaskStart event;
        event.set_container_id(task->id);
        event.set_pid(static_cast<std::uint32_t>(init.pid));
        publish("/tasks/start", "containerd.events.TaskStart", event);
        wire::StartResponse response;
        response.set_pid(static_cast<std::uint32_t>(init.pid));
        answer(reply, response);
        if (init.exit) tell_end(*task, init);
    };
    run_worker(
        place_.loop, place_.reaper, [root = task->root, id = task->id] { return start_container(root, id); }, {}, done);
}

void TaskService::exec(const wire::ExecProcessRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    if (request.exec_id().empty()) return reply->fail(Code::invalid_argument, "the exec id is missing");
    if (task->execs.contains(request.exec_id()))
        return reply->fail(Code::already_exists, "process \"" + request.exec_id() + "\": already exists");
    if (task->init.status != Status::running) return refuse(reply, not_running(task->init, "execute in the container"));
    auto process = std::make_unique<TaskProcess>();
    process->exec_id = request.exec_id();
    process->names = names_of(request);
    process->spec = request.spec().value();
    task->execs[process->exec_id] = std::move(process);
    wire::TaskExecAdded event;
    event.set_container_id(task->id);
    event.set_exec_id(request.exec_id());
    publish("/tasks/exec-added", "containerd.events.TaskExecAdded", event);
    answer(reply);
}

void TaskService::start_exec(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply) {
    Result<std::unique_ptr<Stdio>> stdio = Stdio::hold(place_.loop, process.names);
    if (!stdio) {
        process.status = Status::created;
        return refuse(reply, stdio.error());
    }
    process.stdio = *std::move(stdio);
    const auto done = [this, task, exec_id = process.exec_id, reply](Result<Output> output) {
        TaskProcess* started = task->find(exec_id);
        if (started == nullptr) return reply->fail(Code::not_found, "process \"" + exec_id + "\": not found");
        const Result<> adopted = output ? adopt(task, *started, *std::move(output)) : std::unexpected(output.error());
        if (!adopted) {
            started->stdio.reset();
            started->exit =
                Exit{.pid = 0, .status = exit_code(adopted.error()), .at = std::chrono::system_clock::now()};
            tell_end(*task, *started);
            return refuse(reply, adopted.error());
        }
        started->status = Status::running;
        started->spec = {};
        wire::TaskExecStarted event;
        event.set_container_id(task->id);
        event.set_exec_id(exec_id);
        event.set_pid(static_cast<std::uint32_t>(started->pid));
        publish("/tasks/exec-started", "containerd.events.TaskExecStarted", event);
        wire::StartResponse response;
        response.set_pid(static_cast<std::uint32_t>(started->pid));
        answer(reply, response);
        if (started->exit) tell_end(*task, *started);
    };
    run_worker(
        place_.loop, place_.reaper,
        [work = ExecWork{.root = task->root, .id = task->id, .process = process.spec, .names = process.names}] {
            return execute_process(work);
        },
        {}, done);
}

void TaskService::remove(const wire::DeleteRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    if (process->status == Status::running || process->status == Status::starting)
        return reply->fail(Code::failed_precondition, "cannot delete a running process " +
                                                          (process->exec_id.empty() ? task->id : process->exec_id));
    if (!process->exec_id.empty()) return remove_exec(*task, *process, reply);
    if (std::exchange(process->deleting, true)) return reply->fail(Code::unavailable, "it is being deleted");
    const auto done = [this, task, reply](const Result<Output>& output) {
        TaskProcess& init = task->init;
        init.deleting = false;
        if (!output) return refuse(reply, output.error());
        place_.reaper.sweep();  // one that was only created has just been killed
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
        [root = task->root, id = task->id, bundle = task->bundle] { return remove_container(root, id, bundle); }, {},
        done);
}

void TaskService::remove_exec(Task& task, TaskProcess& process, const Reply& reply) {
    wire::DeleteResponse response;
    response.set_pid(static_cast<std::uint32_t>(process.pid));
    if (process.exit) set_exit(response, *process.exit);
    if (process.stdio) process.stdio->expect_no_client(drain_deadline);
    task.execs.erase(process.exec_id);
    answer(reply, response);
}

void TaskService::state(const wire::StateRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    const TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    wire::StateResponse response;
    response.set_id(process->exec_id.empty() ? task->id : process->exec_id);
    response.set_bundle(task->bundle);
    response.set_pid(static_cast<std::uint32_t>(process->pid));
    response.set_status(status_of(*task, *process));
    response.set_stdin(process->names.input);
    response.set_stdout(process->names.output);
    response.set_stderr(process->names.error);
    response.set_terminal(process->names.terminal);
    response.set_exec_id(process->exec_id);
    if (process->exit) set_exit(response, *process->exit);
    answer(reply, response);
}

void TaskService::pids(const wire::PidsRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    const auto then = [task, reply](const Output& output) {
        wire::ContainerPids pids;
        if (!pids.ParseFromString(output.message))
            return reply->fail(Code::unknown, "a worker's answer cannot be read");
        wire::PidsResponse response;
        for (const std::int32_t pid : pids.pids()) {
            wire::ProcessInfo& info = *response.add_processes();
            info.set_pid(static_cast<std::uint32_t>(pid));
            const auto exec =
                std::ranges::find_if(task->execs, [pid](const auto& one) { return one.second->pid == pid; });
            if (exec == task->execs.end()) continue;
            wire::ProcessDetails details;
            details.set_exec_id(exec->first);
            info.mutable_info()->set_type_url("containerd.runc.v1.ProcessDetails");
            info.mutable_info()->set_value(details.SerializeAsString());
        }
        answer(reply, response);
    };
    run([root = task->root, id = task->id] { return list_pids(root, id); }, reply, then);
}

void TaskService::pause(const wire::PauseRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    run([root = task->root, id = task->id] { return pause_container(root, id); }, reply,
        [this, task, reply](const Output&) {
            task->paused = true;
            wire::TaskPaused event;
            event.set_container_id(task->id);
            publish("/tasks/paused", "containerd.events.TaskPaused", event);
            answer(reply);
        });
}

void TaskService::resume(const wire::ResumeRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    run([root = task->root, id = task->id] { return resume_container(root, id); }, reply,
        [this, task, reply](const Output&) {
            task->paused = false;
            wire::TaskResumed event;
            event.set_container_id(task->id);
            publish("/tasks/resumed", "containerd.events.TaskResumed", event);
            answer(reply);
        });
}

void TaskService::checkpoint(const wire::CheckpointTaskRequest& request, const Reply& reply) {
    if (find(request.id(), reply))
        refuse(reply, {.fault = Fault::unsupported, .operation = "checkpoint", .detail = "the shim cannot do it yet"});
}

void TaskService::kill(const wire::KillRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    const int signal = static_cast<int>(request.signal());
    if (request.all() && process->exec_id.empty())
        return run([root = task->root, id = task->id, signal] { return signal_container(root, id, signal); }, reply,
                   [reply](const Output&) { answer(reply); });
    if (process->pid == 0 || !process->pidfd || process->exit)
        return process->pid == 0 ? refuse(reply, not_running(*process, "kill the process"))
                                 : reply->fail(Code::not_found, "process already finished: not found");
    const Result<> sent = sys::send_signal(process->pidfd, signal);
    if (!sent && sent.error().errnum == ESRCH)
        return reply->fail(Code::not_found, "process already finished: not found");
    if (!sent) return refuse(reply, sent.error());
    answer(reply);
}

void TaskService::resize(const wire::ResizePtyRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    const TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    // One that has ended, or is not there yet, has no size to change: no error, as with runc's shim.
    if (process->stdio && process->stdio->console()) {
        const Result<> resized = process->stdio->resize(static_cast<std::uint16_t>(request.width()),
                                                        static_cast<std::uint16_t>(request.height()));
        if (!resized) return refuse(reply, resized.error());
    }
    answer(reply);
}

void TaskService::close_io(const wire::CloseIORequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    if (request.stdin() && process->stdio) process->stdio->close_input();
    answer(reply);
}

void TaskService::update(const wire::UpdateTaskRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    run([root = task->root, id = task->id,
         json = request.resources().value()] { return update_container(root, id, json); },
        reply, [reply](const Output&) { answer(reply); });
}

void TaskService::wait(const wire::WaitRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    TaskProcess* process = find(*task, request.exec_id(), reply);
    if (process == nullptr) return;
    if (process->status != Status::stopped) {
        process->waiting.push_back(reply);
        return;
    }
    wire::WaitResponse response;
    set_exit(response, *process->exit);
    answer(reply, response);
}

void TaskService::stats(const wire::StatsRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    run([root = task->root, id = task->id] { return read_stats(root, id); }, reply,
        [reply](const Output& output) {
            wire::StatsResponse response;
            if (!response.mutable_stats()->ParseFromString(output.message))
                return reply->fail(Code::unknown, "a worker's answer cannot be read");
            answer(reply, response);
        });
}

void TaskService::connect(const wire::ConnectRequest& request, const Reply& reply) {
    wire::ConnectResponse response;
    response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
    if (const auto found = tasks_.find(request.id()); found != tasks_.end())
        response.set_task_pid(static_cast<std::uint32_t>(found->second->init.pid));
    answer(reply, response);
}

void TaskService::shutdown(const wire::ShutdownRequest& /*request*/, const Reply& reply) {
    end_if_idle();
    answer(reply);
}

}  // namespace ocirt::shim
