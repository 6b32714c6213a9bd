#include "runtime/spec/default_config.h"

#include <nlohmann/json.hpp>

#include "runtime/spec/parse.h"

namespace ocirt::spec {

namespace {

using Json = nlohmann::ordered_json;
using Names = std::initializer_list<const char*>;

// No inheritable capabilities: they would reach programs through file capabilities (CVE-2022-24769). And so no ambient
// ones, which must be inheritable first.
Json capabilities() {
    const Json few(Names{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"});
    return {{"bounding", few}, {"effective", few}, {"permitted", few}};
}

Json process() {
    return {
        {"terminal", true},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", Json(Names{"sh"})},
        {"env", Json(Names{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"})},
        {"cwd", "/"},
        {"capabilities", capabilities()},
        {"rlimits", Json::array({{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}})},
        {"noNewPrivileges", true},
    };
}

Json mount(const char* destination, const char* type, const char* source, Names options) {
    Json mount{{"destination", destination}, {"type", type}, {"source", source}};
    if (options.size() > 0) mount["options"] = Json(options);
    return mount;
}

Json mounts(bool rootless) {
    Json list = Json::array();
    list.push_back(mount("/proc", "proc", "proc", {}));
    list.push_back(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
    Json pts = mount("/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
    // The group tty: a user namespace with one group in it has no such group.
    if (!rootless) pts["options"].push_back("gid=5");
    list.push_back(std::move(pts));
    list.push_back(mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
    list.push_back(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
    // sysfs can be mounted by the owner of the network namespace only; rootless containers keep the host's.
    list.push_back(rootless ? mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"})
                            : mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
    list.push_back(mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}));
    return list;
}

Json namespaces(const DefaultConfigOptions& options) {
    Json list = Json::array();
    const auto add = [&list](const char* type) { list.push_back({{"type", type}}); };
    add("pid");
    if (!options.rootless) add("network");
    add("ipc");
    add("uts");
    add("mount");
    if (options.cgroup_namespace) add("cgroup");
    if (options.rootless) add("user");
    return list;
}

Json linux_object(const DefaultConfigOptions& options) {
    Json object = Json::object();
    if (options.rootless) {
        const auto one = [](std::uint32_t host) {
            return Json::array({{{"containerID", 0}, {"hostID", host}, {"size", 1}}});
        };
        object["uidMappings"] = one(options.rootless->uid);
        object["gidMappings"] = one(options.rootless->gid);
    } else {
        object["resources"] = {{"devices", Json::array({{{"allow", false}, {"access", "rwm"}}})}};
    }
    object["namespaces"] = namespaces(options);
    // What tells of the host or of other containers: runc's list, and what container engines added to it since (timers
    // and interrupts tell what others type, powercap what they compute: CVE-2020-8694).
    object["maskedPaths"] = Json(Names{"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                                       "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                                       "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"});
    object["readonlyPaths"] = Json(Names{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});
    return object;
}

}  // namespace

std::string default_config(const DefaultConfigOptions& options) {
    const Json config{
        {"ociVersion", oci_version},
        {"process", process()},
        {"root", {{"path", "rootfs"}, {"readonly", true}}},
        {"hostname", "ocirt"},
        {"mounts", mounts(options.rootless.has_value())},
        {"linux", linux_object(options)},
    };
    return config.dump(4) + '\n';
}

}  // namespace ocirt::spec
