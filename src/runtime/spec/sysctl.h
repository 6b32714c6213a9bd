// Which sysctls a container may set: those that a namespace of its own holds. Everything else is the host's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/spec/config.h"

namespace ocirt::spec {

// A key as a path below /proc/sys: "net.ipv4.ip_forward" and "net/ipv4/ip_forward" give the latter. The first separator
// decides, as for sysctl(8): after a first dot, a slash stands for a dot inside a name
// ("net.ipv4.conf.eth0/1.forwarding" is "net/ipv4/conf/eth0.1/forwarding"); after a first slash, dots are part of
// names. nullopt: the key is empty, has an empty part or "." or "..", and is no path of a single file there (threat
// B6).
[[nodiscard]] std::optional<std::string> sysctl_path(std::string_view key);

// The namespace that holds the sysctl at this path; nullopt: none does.
[[nodiscard]] std::optional<NamespaceKind> sysctl_namespace(std::string_view path);

}  // namespace ocirt::spec
