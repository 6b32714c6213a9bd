// What ocirt remembers of a container on disk: <root>/<id>/state.json.
//
// A superset of the runtime-spec's state JSON (runtime.md "State"): what is ocirt's own stands under "ocirt".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/unit.h"
#include "runtime/plan/steps.h"
#include "runtime/resctrl/group.h"
#include "runtime/spec/config.h"

namespace ocirt::state {

inline constexpr int record_version = 1;

// A process that can be told from a later one with the same pid.
struct ProcessIdentity {
    pid_t pid = 0;                 // in the runtime's pid namespace
    std::uint64_t start_time = 0;  // clock ticks after boot: proc_pid_stat(5), field 22
};

// A step of init's that runs at start, kept so that `start`, another process than the one that made the plan, can say
// which one failed.
struct StartStep {
    std::uint32_t index = 0;
    plan::Op op{};
    std::string pointer;
    std::string sentence;
};

struct Record {
    std::string id;
    std::string bundle;
    std::string rootfs;
    std::string oci_version;
    std::string created;    // RFC 3339, UTC
    std::string boot_id;    // of the boot that the pid belongs to
    bool complete = false;  // false: `create` has not ended
    ProcessIdentity init;
    bool own_pid_namespace = true;
    bool use_cgroups = true;
    bool no_new_keyring = false;  // as `create` was told: exec does the same
    std::vector<cgroup::Place> cgroups;
    std::optional<cgroup::Unit> unit;  // of systemd's, that the cgroups belong to
    spec::StringMap annotations;
    std::vector<spec::Hook> poststart;
    std::vector<spec::Hook> poststop;
    std::vector<StartStep> start_steps;
    std::uint32_t owner = 0;  // uid
    // Of the seccomp agent that `start` hands the listener to; empty without one.
    std::string seccomp_listener_path;
    std::string seccomp_listener_metadata;
    resctrl::Place resctrl;
    std::uint64_t root_mount =
        0;  // ID of the mount on the rootfs that holds the container's others, if they are the host's
    std::string device_rules;  // cgroup::device_rules_text of those in force: what `update` compares with
};

[[nodiscard]] std::string to_json(const Record& record);

// Fails with Fault::corrupted for what to_json never wrote, be it an older ocirt's, and with Fault::unsupported for
// another record_version: that container may well be alive.
[[nodiscard]] Result<Record> from_json(std::string_view text);

enum class Status { creating, created, running, paused, stopped };
[[nodiscard]] std::string_view to_string(Status status);

// The spec's state JSON, which hooks get and `ocirt state` prints. pid is left out of a stopped container's.
[[nodiscard]] std::string spec_state(const Record& record, Status status, bool pretty);

// The spec's container process state (config-linux.md), which goes with descriptors of these names.
[[nodiscard]] std::string container_process_state(const Record& record, Status status, pid_t pid,
                                                  const std::vector<std::string>& fds, const std::string& metadata);

}  // namespace ocirt::state
