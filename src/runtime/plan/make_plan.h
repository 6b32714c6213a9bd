// From config to plan: pure, needs no root, makes no system call.
#pragma once

#include <cstdint>
#include <string>

#include "common/error.h"
#include "runtime/cgroup/layout.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/passed_fds.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/security_modules.h"
#include "runtime/spec/config.h"

namespace ocirt::plan {

// What the plan depends on beyond the config: this host and this user. lifecycle/host.h finds it out.
struct Host {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    bool in_user_namespace = false;  // not the first one: its root may not make devices, nor rule over them
    cgroup::Layout cgroups;
    bool has_mount_setattr = true;  // kernel 5.12
    bool has_kcore = true;          // /proc/kcore exists: /dev/core is made to point at it
    cgroup::Session session{};      // whose systemd this caller asks
    std::string proc_devices{};     // /proc/devices, where device rules are told to systemd
    Annotations annotations{};
    SecurityModules modules{};
};

struct Options {
    std::string id;
    std::string bundle;  // absolute
    bool no_pivot = false;
    bool no_new_keyring = false;
    bool use_cgroups = true;          // --cgroup-manager disabled: false
    bool parent_opens_trees = false;  // all of them: what attaches them is not this plan's init (criu)
    bool systemd_cgroup = false;      // --cgroup-manager systemd
    PassedFds passed{};
    std::string notify_socket{};  // on the host: bound into the container as its NOTIFY_SOCKET; empty: it gets none
};

// Fails with Fault::invalid_config or Fault::unsupported and the pointer of the value that cannot be planned.
[[nodiscard]] Result<Plan> make_plan(const spec::Config& config, const Host& host, const Options& options);

}  // namespace ocirt::plan
