// The config.json that `ocirt spec` prints: a shell with few rights on a rootfs beside the file, as runc's `spec` has
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ocirt::spec {

struct DefaultConfigOptions {
    // On cgroup v2 the container gets a cgroup namespace, as runc does it; on v1 it does not.
    bool cgroup_namespace = false;
    // For a caller without root: a user namespace in which this user and group are root.
    struct Rootless {
        std::uint32_t uid = 0;
        std::uint32_t gid = 0;
    };
    std::optional<Rootless> rootless;
};

// JSON text with a final newline.
[[nodiscard]] std::string default_config(const DefaultConfigOptions& options = {});

}  // namespace ocirt::spec
