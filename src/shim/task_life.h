// The tasks of a shim and their processes, from Create and Exec to Delete, and the events that tell of it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/log.h"
#include "shim/containerd/publisher.h"
#include "shim/event_loop.h"
#include "shim/reaper.h"
#include "shim/task.h"
#include "shim/task_reply.h"
#include "shim/worker.h"
#include "task.pb.h"
#include "worker.pb.h"

namespace ocirt::shim {

class TaskLife {
   public:
    struct Place {
        EventLoop& loop;
        Reaper& reaper;
        Publisher& publisher;
        const Log& log;
        std::string namespace_name;
    };

    explicit TaskLife(const Place& place) : place_(place) {}

    void create(const wire::CreateTaskRequest& request, const Reply& reply);
    void add_exec(Task& task, const wire::ExecProcessRequest& request, const Reply& reply);
    void start(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply);
    void remove(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply);

    // Null: no such task.
    [[nodiscard]] std::shared_ptr<Task> find(const std::string& id) const;
    // Standard streams that have not been read to their end count.
    [[nodiscard]] bool is_idle() const { return tasks_.empty() && draining_ == 0; }
    [[nodiscard]] bool has_tasks() const { return !tasks_.empty(); }

   private:
    void start_init(const std::shared_ptr<Task>& task, const Reply& reply);
    void restore_init(const std::shared_ptr<Task>& task, const Reply& reply);
    void tell_started(const std::shared_ptr<Task>& task, const Reply& reply);
    void start_exec(const std::shared_ptr<Task>& task, TaskProcess& process, const Reply& reply);
    void remove_exec(Task& task, TaskProcess& process, const Reply& reply);
    [[nodiscard]] Result<std::unique_ptr<Stdio>> hold_stdio(const Task& task, const StdioNames& names) const;
    void undo_create(const std::shared_ptr<Task>& task, const Error& error, const Reply& reply);
    // From here on its end is waited for.
    [[nodiscard]] Result<> adopt(const std::shared_ptr<Task>& task, TaskProcess& process, Output output);
    void watch_memory(const std::shared_ptr<Task>& task, const wire::StartedProcess& started);
    void tell_oom(Task& task);
    void ended(const std::shared_ptr<Task>& task, const std::string& exec_id, const Exit& exit);
    void settle_end(const std::shared_ptr<Task>& task, TaskProcess& process);
    void tell_end(const std::shared_ptr<Task>& task, TaskProcess& process);
    void end_others(const Task& task);
    void tell_exit(Task& task, TaskProcess& process);

    template <class Event>
    void publish(const char* topic, const char* type, const Event& event) {
        place_.publisher.publish(topic, type, event.SerializeAsString());
    }

    Place place_;
    std::map<std::string, std::shared_ptr<Task>> tasks_;
    unsigned draining_ = 0;
};

}  // namespace ocirt::shim
