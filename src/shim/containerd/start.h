// `start`: finds the shim of the container's group, or becomes one.
#pragma once

#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "shim/containerd/bootstrap.h"
#include "shim/containerd/flags.h"

namespace ocirt::shim {

struct Listening {
    std::string address;  // "unix:///run/containerd/s/…"
    Fd listener;          // not there: a shim of the group serves the address already
};

// `group`: the id of the pod's sandbox, or the container's own.
[[nodiscard]] Result<Listening> listen_for_group(const Bootstrap& bootstrap, const Flags& flags,
                                                 const std::string& group);

// The group that the config.json in `bundle` names; "" where it names none or cannot be read.
[[nodiscard]] std::string group_of(const std::string& bundle);

// ShimCgroup of the runtime's options: this process moves there, and the shim with it. In every hierarchy that has such
// a cgroup. Errors: none has.
[[nodiscard]] Result<> enter_cgroup(const std::string& cgroup);

// Takes away a socket that nobody serves.
void remove_dead_socket(const std::string& address);

}  // namespace ocirt::shim
