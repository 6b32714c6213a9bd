#include "runtime/spec/validate.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/spec/sysctl.h"

namespace ocirt::spec {

namespace {

constexpr std::string_view type_name(NamespaceKind kind) {
    switch (kind) {
        case NamespaceKind::pid: return "pid";
        case NamespaceKind::network: return "network";
        case NamespaceKind::mount: return "mount";
        case NamespaceKind::ipc: return "ipc";
        case NamespaceKind::uts: return "uts";
        case NamespaceKind::user: return "user";
        case NamespaceKind::cgroup: return "cgroup";
        case NamespaceKind::time: return "time";
    }
    return "";
}

// One run over one config.
class Rules {
   public:
    Rules(const Config& config, Findings& findings) : config_(config), linux_(config.linux), findings_(findings) {}

    void namespaces();
    void user_namespace();
    void user();
    void sysctls();

   private:
    void error(std::string pointer, std::string message) {
        findings_.add(Severity::error, std::move(pointer), std::move(message));
    }
    void needs(NamespaceKind kind, bool used, std::string pointer) {
        if (used && !linux_.find(kind))
            error(std::move(pointer),
                  "needs a namespace of type " + std::string(type_name(kind)) + " in /linux/namespaces");
    }
    void must_map(const std::vector<IdMapping>& mappings, std::uint32_t id, std::string_view list, std::string pointer);
    void sysctl(const std::string& key, std::vector<std::string>& paths);

    const Config& config_;
    const Linux& linux_;
    Findings& findings_;
};

void Rules::namespaces() {
    needs(NamespaceKind::uts, !config_.hostname.empty(), "/hostname");
    needs(NamespaceKind::uts, !config_.domainname.empty(), "/domainname");
    if (!config_.mounts.empty() && !linux_.find(NamespaceKind::mount))
        findings_.add(Severity::warning, "/mounts",
                      "are made on the host, until the container is deleted: it has no mount namespace of its own");
    needs(NamespaceKind::mount, !linux_.masked_paths.empty(), "/linux/maskedPaths");
    needs(NamespaceKind::mount, !linux_.readonly_paths.empty(), "/linux/readonlyPaths");
    needs(NamespaceKind::time, !linux_.time_offsets.empty(), "/linux/timeOffsets");
}

void Rules::user_namespace() {
    needs(NamespaceKind::user, !linux_.uid_mappings.empty(), "/linux/uidMappings");
    needs(NamespaceKind::user, !linux_.gid_mappings.empty(), "/linux/gidMappings");
    const Namespace* user = linux_.find(NamespaceKind::user);
    if (!user || !user->path.empty()) return;
    const auto missing = [&](const std::vector<IdMapping>& mappings, std::string pointer) {
        if (mappings.empty() && !findings_.has_error(pointer))
            error(std::move(pointer), "is missing: a new user namespace needs mappings");
    };
    missing(linux_.uid_mappings, "/linux/uidMappings");
    missing(linux_.gid_mappings, "/linux/gidMappings");
}

void Rules::must_map(const std::vector<IdMapping>& mappings, std::uint32_t id, std::string_view list,
                     std::string pointer) {
    if (!mappings.empty() && !findings_.has_error(list) && !host_id_of(id, mappings))
        error(std::move(pointer),
              std::to_string(id) + " is nobody in the container: no entry of " + std::string(list) + " maps it");
}

// In a user namespace of the container's own nobody exists but those who are mapped: setuid(2) would say EINVAL, at
// start.
void Rules::user() {
    const Namespace* own = linux_.find(NamespaceKind::user);
    if (!own || !own->path.empty() || !config_.process) return;
    const User& user = config_.process->user;
    must_map(linux_.uid_mappings, user.uid, "/linux/uidMappings", "/process/user/uid");
    must_map(linux_.gid_mappings, user.gid, "/linux/gidMappings", "/process/user/gid");
    const auto is_kept = [](const auto& annotation) { return annotation.first == keep_original_groups; };
    if (std::ranges::any_of(config_.annotations, is_kept)) return;  // they may not be set
    for (std::size_t i = 0; i < user.additional_gids.size(); ++i)
        must_map(linux_.gid_mappings, user.additional_gids[i], "/linux/gidMappings",
                 "/process/user/additionalGids/" + std::to_string(i));
}

void Rules::sysctl(const std::string& key, std::vector<std::string>& paths) {
    const std::string pointer = "/linux/sysctl" + pointer_step(key);
    auto path = sysctl_path(key);
    if (!path) {
        if (!key.empty()) error(pointer, quoted(key) + " is not the name of a sysctl");
        return;
    }
    if (const auto kind = sysctl_namespace(*path); !kind)
        error(pointer, "is of the whole host: no namespace holds it");
    else
        needs(*kind, true, pointer);
    const auto contradicts = [&](std::string_view name, const std::string& field, std::string_view field_name) {
        if (*path == name && !field.empty()) error(pointer, "contradicts " + std::string(field_name));
    };
    contradicts("kernel/hostname", config_.hostname, "/hostname");
    contradicts("kernel/domainname", config_.domainname, "/domainname");
    paths.push_back(std::move(*path));
}

void Rules::sysctls() {
    std::vector<std::string> paths;
    for (const auto& [key, value] : linux_.sysctl) sysctl(key, paths);
    std::ranges::sort(paths);
    for (auto twice = std::ranges::adjacent_find(paths); twice != paths.end();
         twice = std::ranges::adjacent_find(std::ranges::upper_bound(paths, *twice), paths.end()))
        error("/linux/sysctl", *twice + " is set twice, in two ways of writing it");
}

}  // namespace

void validate(const Config& config, Findings& findings) {
    if (findings.has_error("/linux/namespaces")) return;
    Rules rules(config, findings);
    rules.namespaces();
    rules.user_namespace();
    rules.user();
    rules.sysctls();
    if (!config.linux.net_devices.empty() && !config.linux.find(NamespaceKind::network)) {
        findings.add(Severity::warning, "/linux/netDevices",
                     "cannot be had: the container has the host's network, /linux/namespaces names no other");
    }
}

}  // namespace ocirt::spec
