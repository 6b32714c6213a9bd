// containerd's Task service (containerd.task.v2.Task and v3): calls in, answers and events out. All of it runs on the
// loop; what may block is a worker's.
#pragma once

#include <memory>
#include <string>

#include "shim/task_life.h"
#include "shim/ttrpc/server.h"
#include "shim/worker.h"
#include "task.pb.h"

namespace ocirt::shim {

class TaskService {
   public:
    explicit TaskService(const TaskLife::Place& place) : place_(place), life_(place) {}

    void handle(const ttrpc::Call& call, const Reply& reply);

    // As Shutdown.
    void end_if_idle() { shutting_down_ = shutting_down_ || !life_.has_tasks(); }
    [[nodiscard]] bool is_shutting_down() const { return shutting_down_; }

    // Shutdown was asked for and nothing is left to look after.
    [[nodiscard]] bool is_done() const { return shutting_down_ && life_.is_idle(); }

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

    void run(const Work& work, const Reply& reply, std::function<void(Output)> then);

    template <class Event>
    void publish(const char* topic, const char* type, const Event& event) {
        place_.publisher.publish(topic, type, event.SerializeAsString());
    }

    TaskLife::Place place_;
    TaskLife life_;
    bool shutting_down_ = false;
};

}  // namespace ocirt::shim
