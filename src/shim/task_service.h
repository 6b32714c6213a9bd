// containerd's Task service (containerd.task.v2.Task and v3): calls in, answers and events out. All of it runs on the
// loop; what may block is a worker's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/error.h"
#include "common/log.h"
#include "shim/containerd/publisher.h"
#include "shim/event_loop.h"
#include "shim/reaper.h"
#include "shim/task.h"
#include "shim/ttrpc/server.h"
#include "shim/worker.h"
#include "task.pb.h"
#include "worker.pb.h"

namespace ocirt::shim {

class TaskService {
   public:
    struct Place {
        EventLoop& loop;
        Reaper& reaper;
        Publisher& publisher;
        const Log& log;
        std::string namespace_name;
    };

    explicit TaskService(const Place& place) : place_(place) {}

    void handle(const ttrpc::Call& call, const Reply& reply);

    // As Shutdown.
    void end_if_idle() { shutting_down_ = shutting_down_ || tasks_.empty(); }
    [[nodiscard]] bool is_shutting_down() const { return shutting_down_; }

    // Shutdown was asked for and nothing is left to look after.
    [[nodiscard]] bool is_done() const { return shutting_down_ && tasks_.empty() && draining_ == 0; }

   private:
    template <class Request>
    using Method = void (TaskService::*)(const Request& request, const Reply& reply);
    template <class Request>
    void dispatch(const ttrpc::Call& call, const Reply& reply, Method<Request> method);

    void create(const wire::CreateTaskRequest& request, const Reply& reply);
    void start(const wire::StartRequest& request, const Reply& reply);
    void remove(const wire::DeleteRequest& request, const Reply& reply);
    void exec(const wire::ExecProcessRequest& request, const Reply& reply);
    void state(const wire::StateRequest& request, const Reply& reply);
    void pids(const wire::PidsRequest& request, const Reply& reply);
    void pause(const wire::PauseRequest& request, const Reply& reply);
    void resume(const wire::ResumeRequest& request, const Reply& reply);
    void checkpoint(const wire::CheckpointTaskRequest& request, const Reply& reply);
    void kill(const wire::KillRequest& request, const Reply& reply);
    void resize(const wire::ResizePtyRequest& request, const Reply& reply);
    void close_io(const wire::CloseIORequest& request, const Reply& reply);
    void update(const wire::UpdateTaskRequest& request, const Reply& reply);
    void wait(const wire::WaitRequest& request, const Reply& reply);
    void stats(const wire::StatsRequest& request, const Reply& reply);
    void connect(const wire::ConnectRequest& request, const Reply& reply);
    void shutdown(const wire::ShutdownRequest& request, const Reply& reply);

    // Null, and the call has been answered: no such task, or process of it.
    [[nodiscard]] std::shared_ptr<Task> find(const std::string& id, const Reply& reply);
    [[nodiscard]] TaskProcess* find(Task& task, const std::string& exec_id, const Reply& reply);

    void start_init(const std::shared_ptr<Task>& task, const Reply& reply);
    void start_exec(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply);
    // From here on its end is waited for.
    [[nodiscard]] Result<> adopt(const std::shared_ptr<Task>& task, TaskProcess& process, Output output);
    void ended(const std::shared_ptr<Task>& task, const std::string& exec_id, const Exit& exit);
    void watch_memory(const std::shared_ptr<Task>& task, const wire::StartedProcess& started);
    void tell_oom(Task& task);
    void tell_end(Task& task, TaskProcess& process);
    void remove_exec(Task& task, TaskProcess& process, const Reply& reply);
    void drain(const std::shared_ptr<Stdio>& stdio);
    void run(const Work& work, const Reply& reply, std::function<void(Output)> then);

    template <class Event>
    void publish(const char* topic, const char* type, const Event& event);

    Place place_;
    std::map<std::string, std::shared_ptr<Task>> tasks_;
    unsigned draining_ = 0;  // standard streams that have not been read to their end
    bool shutting_down_ = false;
};

}  // namespace ocirt::shim
