// One container and its processes, as containerd's Task service sees them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/fd.h"
#include "runtime/cgroup/oom.h"
#include "shim/reaper.h"
#include "shim/stdio.h"
#include "shim/task_work.h"
#include "shim/ttrpc/server.h"

namespace ocirt::shim {

using Reply = std::shared_ptr<ttrpc::Reply>;

// One process, from when it is asked for until it has been deleted.
struct TaskProcess {
    enum class Status : std::uint8_t { creating, created, starting, running, stopped };

    std::string exec_id;  // "": the container's first
    StdioNames names;
    std::string spec;  // of an exec: the process as JSON
    Status status = Status::created;
    bool deleting = false;
    pid_t pid = 0;
    Fd pidfd;
    std::shared_ptr<Stdio> stdio;
    bool input_ended = false;  // CloseIO came before its start
    std::optional<Exit> exit;
    bool told = false;           // its end
    std::vector<Reply> waiting;  // for its end
};

struct Task {
    std::string id;
    std::string bundle;
    std::string root;  // of the state directories
    bool paused = false;
    bool shares_pids = false;  // its PID namespace is a pod's, or the host's
    TaskProcess init;
    std::optional<RestoreWork> restore;  // what Start does instead, with a checkpoint
    cgroup::OomWatch oom;
    std::map<std::string, std::unique_ptr<TaskProcess>> execs;

    // Null: no such process.
    [[nodiscard]] TaskProcess* find(const std::string& exec_id) {
        if (exec_id.empty()) return &init;
        const auto found = execs.find(exec_id);
        return found == execs.end() ? nullptr : found->second.get();
    }
};

}  // namespace ocirt::shim
