#include "shim/task_service.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/syscall.h"
#include "events.pb.h"
#include "shim/task_work.h"
#include "worker.pb.h"

namespace ocirt::shim {
namespace {

using ttrpc::Code;
using Status = TaskProcess::Status;

wire::TaskStatus status_of(const Task& task, const TaskProcess& process) {
    switch (process.status) {
        case Status::creating:
        case Status::created:
        case Status::starting: return wire::CREATED;
        case Status::running: return task.paused ? wire::PAUSED : wire::RUNNING;
        case Status::stopped: break;
    }
    return wire::STOPPED;
}

checkpoint::Options checkpoint_options(const std::string& path, const std::string& bundle,
                                       const wire::CheckpointOptions& wanted) {
    checkpoint::Options options;
    options.image_path = wanted.image_path().empty() ? path : wanted.image_path();
    options.work_path = wanted.work_path().empty() ? bundle + "/criu" : wanted.work_path();
    options.parent_path = wanted.parent_path();
    options.leave_running = !wanted.exit();
    options.tcp_established = wanted.open_tcp();
    options.ext_unix_sk = wanted.external_unix_sockets();
    options.shell_job = wanted.terminal();
    options.file_locks = wanted.file_locks();
    options.manage_cgroups_mode = wanted.cgroups_mode();
    for (const std::string& name : wanted.empty_namespaces())
        options.empty_ns += (options.empty_ns.empty() ? "" : ",") + name;
    return options;
}

}  // namespace

template <class Request>
void TaskService::dispatch(const ttrpc::Call& call, const Reply& reply, Method<Request> method) {
    Request request;
    if (!request.ParseFromString(call.payload))
        return reply->fail(Code::invalid_argument, "the message of " + call.method + " cannot be read");
    (this->*method)(request, reply);
}

void TaskService::handle(const ttrpc::Call& call, const Reply& reply) {
    if (call.service == "containerd.runtime.sandbox.v1.Sandbox")
        return reply->fail(Code::unimplemented,
                           "service " + call.service +
                               " is not provided: sandboxer = \"podsandbox\", the default, makes pods by this shim");
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
    std::shared_ptr<Task> task = life_.find(id);
    if (!task) reply->fail(Code::not_found, "container \"" + id + "\": not found");
    return task;
}

TaskProcess* TaskService::find(Task& task, const std::string& exec_id, const Reply& reply) {
    TaskProcess* process = task.find(exec_id);
    if (process == nullptr) reply->fail(Code::not_found, "process \"" + exec_id + "\": not found");
    return process;
}

void TaskService::run(const Work& work, const Reply& reply, std::function<void(Output)> then) {
    run_worker(place_.loop, place_.reaper, work, [reply, then = std::move(then)](Result<Output> output) {
        if (!output) return refuse(reply, output.error());
        then(*std::move(output));
    });
}

void TaskService::create(const wire::CreateTaskRequest& request, const Reply& reply) { life_.create(request, reply); }

void TaskService::exec(const wire::ExecProcessRequest& request, const Reply& reply) {
    if (const std::shared_ptr<Task> task = find(request.id(), reply)) life_.add_exec(*task, request, reply);
}

void TaskService::start(const wire::StartRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    TaskProcess* process = task ? find(*task, request.exec_id(), reply) : nullptr;
    if (process != nullptr) life_.start(task, *process, reply);
}

void TaskService::remove(const wire::DeleteRequest& request, const Reply& reply) {
    const std::shared_ptr<Task> task = find(request.id(), reply);
    TaskProcess* process = task ? find(*task, request.exec_id(), reply) : nullptr;
    if (process != nullptr) life_.remove(task, *process, reply);
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
    // Nobody could start one that is frozen.
    if (task->init.status != Status::running) return refuse(reply, not_running(task->init, "pause the container"));
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
    const std::shared_ptr<Task> task = find(request.id(), reply);
    if (!task) return;
    wire::CheckpointOptions wanted;
    if (request.options().type_url().ends_with("runc.v1.CheckpointOptions") &&
        !wanted.ParseFromString(request.options().value()))
        return reply->fail(Code::invalid_argument, "the checkpoint's options cannot be read");
    run([work = CheckpointWork{.root = task->root,
                               .id = task->id,
                               .options = checkpoint_options(request.path(), task->bundle,
                                                             wanted)}] { return checkpoint_container(work); },
        reply,
        [this, task, path = request.path(), reply](const Output&) {
            wire::TaskCheckpointed event;
            event.set_container_id(task->id);
            event.set_checkpoint(path);
            publish("/tasks/checkpointed", "containerd.events.TaskCheckpointed", event);
            answer(reply);
        });
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
    process->input_ended = process->input_ended || request.stdin();
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
    if (!process->told) {
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
    if (const std::shared_ptr<Task> task = life_.find(request.id()))
        response.set_task_pid(static_cast<std::uint32_t>(task->init.pid));
    answer(reply, response);
}

void TaskService::shutdown(const wire::ShutdownRequest& /*request*/, const Reply& reply) {
    end_if_idle();
    answer(reply);
}

}  // namespace ocirt::shim
