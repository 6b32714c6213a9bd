// What workers do for a task: each runs in a process of its own (worker.h), with the lifecycle's code.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime/checkpoint/options.h"
#include "shim/rootfs.h"
#include "shim/stdio.h"
#include "shim/worker.h"

namespace ocirt::shim {

// In a bundle: where its container's state is.
inline constexpr const char* root_file = "ocirt-root";

struct CreateWork {
    std::string root;  // of the state directories
    std::string id;
    std::string bundle;
    std::vector<RootfsMount> rootfs;
    StdioNames names;
    bool no_pivot_root = false;
    bool no_new_keyring = false;
    bool systemd_cgroup = false;
    uid_t io_uid = 0;  // owner of its streams, unless 0
    gid_t io_gid = 0;
};
// Output: wire::StartedProcess; a pidfd; the terminal's master end, where there is one. On an error nothing is left.
[[nodiscard]] Result<Output> create_container(const CreateWork& work);

// For one that is restored later: its root filesystem alone.
[[nodiscard]] Result<Output> prepare_rootfs(const CreateWork& work);

struct RestoreWork {
    CreateWork create;
    std::string image_path;
    std::string work_path;  // of criu's log; "": in the bundle
};
// Output as of create_container. On an error the root filesystem stays, nothing else.
[[nodiscard]] Result<Output> restore_container(const RestoreWork& work);

struct CheckpointWork {
    std::string root;
    std::string id;
    checkpoint::Options options;
};
[[nodiscard]] Result<Output> checkpoint_container(const CheckpointWork& work);

[[nodiscard]] Result<Output> start_container(const std::string& root, const std::string& id);

struct ExecWork {
    std::string root;
    std::string id;
    std::string process;  // JSON
    StdioNames names;
};
// Output as of create_container.
[[nodiscard]] Result<Output> execute_process(const ExecWork& work);

// Whatever is left of it: processes, cgroups, mounts, state. What is not there is gone.
[[nodiscard]] Result<Output> remove_container(const std::string& root, const std::string& id,
                                              const std::string& bundle);

[[nodiscard]] Result<Output> signal_container(const std::string& root, const std::string& id, int signal);
[[nodiscard]] Result<Output> pause_container(const std::string& root, const std::string& id);
[[nodiscard]] Result<Output> resume_container(const std::string& root, const std::string& id);
// `resources`: linux.resources as JSON.
[[nodiscard]] Result<Output> update_container(const std::string& root, const std::string& id,
                                              const std::string& resources);
// Output: wire::ContainerPids.
[[nodiscard]] Result<Output> list_pids(const std::string& root, const std::string& id);
// Output: wire::Any with the metrics.
[[nodiscard]] Result<Output> read_stats(const std::string& root, const std::string& id);

}  // namespace ocirt::shim
