// The document that `ocirt features` prints (features.md and features-linux.md of the runtime-spec 1.3): what this
// build of ocirt does, wherever it runs.
#pragma once

#include <string>
#include <string_view>

namespace ocirt::spec {

// What is built. A feature turns true with the code that carries it, and nowhere else.
struct FeatureSet {
    bool cgroup_v1 = true;
    bool cgroup_v2 = true;
    bool cgroup_rdma = true;
    bool cgroup_systemd = true;
    bool cgroup_systemd_user = true;
    bool seccomp = true;
    bool apparmor = true;
    bool selinux = true;
    bool intel_rdt = true;
    bool idmapped_mounts = true;
    bool net_devices = true;
    bool memory_policy = true;
    bool checkpoint = true;
};
inline constexpr FeatureSet built_features{};

// JSON text with a final newline. `version` is ocirt's own.
[[nodiscard]] std::string features(std::string_view version, const FeatureSet& built = built_features);

}  // namespace ocirt::spec
