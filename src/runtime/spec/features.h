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
    bool cgroup_systemd = false;
    bool cgroup_systemd_user = false;
    bool seccomp = true;
    bool apparmor = false;
    bool selinux = false;
    bool intel_rdt = false;
    bool idmapped_mounts = false;
    bool net_devices = false;
    bool memory_policy = false;
    bool checkpoint = true;
};
inline constexpr FeatureSet built_features{};

// JSON text with a final newline. `version` is ocirt's own.
[[nodiscard]] std::string features(std::string_view version, const FeatureSet& built = built_features);

}  // namespace ocirt::spec
