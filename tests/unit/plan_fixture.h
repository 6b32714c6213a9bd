// Plans of made-up hosts: the same everywhere, whatever the tests run on.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/plan/make_plan.h"
#include "runtime/spec/default_config.h"
#include "runtime/spec/parse.h"

namespace ocirt::plan {

using Json = nlohmann::json;

// Debian 12 as it boots with cgroup v1: co-mounted controllers, a named hierarchy, a v2 tree with one controller.
inline Host hybrid_host() {
    using cgroup::Version;
    return {.cgroups = {{{Version::v1, "/sys/fs/cgroup/cpu,cpuacct", {"cpu", "cpuacct"}, "/"},
                         {Version::v1, "/sys/fs/cgroup/cpuset", {"cpuset"}, "/"},
                         {Version::v1, "/sys/fs/cgroup/memory", {"memory"}, "/"},
                         {Version::v1, "/sys/fs/cgroup/devices", {"devices"}, "/"},
                         {Version::v1, "/sys/fs/cgroup/blkio", {"blkio"}, "/"},
                         {Version::v1, "/sys/fs/cgroup/pids", {"pids"}, "/"},
                         {Version::v1, "/sys/fs/cgroup/systemd", {"name=systemd"}, "/user.slice"},
                         {Version::v2, "/sys/fs/cgroup/unified", {"hugetlb"}, "/user.slice"}}}};
}

inline Host v1_host() {
    Host host = hybrid_host();
    host.cgroups.hierarchies.pop_back();
    return host;
}

// Every v1 controller.
inline Host full_v1_host() {
    Host host = v1_host();
    for (const char* name : {"net_cls", "net_prio", "rdma", "hugetlb", "freezer"})
        host.cgroups.hierarchies.push_back({cgroup::Version::v1, std::string("/sys/fs/cgroup/") + name, {name}, "/"});
    return host;
}

inline Host v2_host() {
    return {.cgroups = {{{cgroup::Version::v2,
                          "/sys/fs/cgroup",
                          {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"},
                          "/user.slice/session"}}}};
}

inline Host rootless_host() {
    Host host = v2_host();
    host.uid = 1000;
    host.gid = 1000;
    return host;
}

inline Host old_host() {
    Host host = v1_host();
    host.has_mount_setattr = false;
    return host;
}

inline Host bare_host() { return {}; }

inline Options usual_options() { return {.id = "web", .bundle = "/bundle"}; }

// What `ocirt spec` writes, changed by a JSON merge patch (RFC 7396: arrays are replaced whole).
inline Json patched_default(const Json& patch) {
    Json config = Json::parse(spec::default_config());
    if (!patch.is_null()) config.merge_patch(patch);
    return config;
}

inline spec::Config parse_config(const Json& config) {
    const JsonDocument document = JsonDocument::parse(config.dump(1));
    spec::Parsed parsed = spec::parse(document);
    for (const spec::Finding& finding : parsed.findings)
        if (finding.severity == spec::Severity::error) ADD_FAILURE() << finding.pointer << ": " << finding.message;
    return parsed.value;
}

inline Result<Plan> plan_of(const Json& config, const Host& host = v2_host(),
                            const Options& options = usual_options()) {
    return make_plan(parse_config(config), host, options);
}

}  // namespace ocirt::plan
