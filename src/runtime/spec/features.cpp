#include "runtime/spec/features.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/capability.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "common/seccomp_flags.h"
#include "runtime/spec/memory_policy_words.h"
#include "runtime/spec/mount_options.h"
#include "runtime/spec/parse.h"
#include "runtime/spec/seccomp_words.h"

namespace ocirt::spec {

namespace {

using Json = nlohmann::ordered_json;

// Annotations of a config.json that change what ocirt does in a way that could weaken a container (docs/spec.md).
constexpr auto unsafe_annotations = std::to_array<std::string_view>({"org.systemd.property.", keep_original_groups});

template <class T>
Json sorted_names(const T& words) {
    std::vector<std::string_view> names;
    names.reserve(std::size(words));
    for (const auto& word : words) names.push_back(word.name);
    std::ranges::sort(names);
    return Json(names);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The kernel's capabilities, up to its cap_last_cap, as far as libcap has names for them.
Json capabilities() {
    Json list = Json::array();
    for (cap_value_t cap = 0; cap < cap_max_bits(); ++cap) {
        char* name = cap_to_name(cap);
        if (name && std::string_view(name).starts_with("cap_")) {
            std::string upper_name(name);
            std::ranges::transform(upper_name, upper_name.begin(), upper);
            list.push_back(std::move(upper_name));
        }
        cap_free(name);
    }
    return list;
}

// Of the spec's architectures those that libseccomp knows ("SCMP_ARCH_X86_64" is its "x86_64") and that one filter may
// hold together with this machine's: it mixes no byte orders.
Json seccomp_archs() {
    constexpr std::uint32_t byte_order = __AUDIT_ARCH_LE;
    Json list = sorted_names(seccomp_architectures);
    std::erase_if(list.get_ref<Json::array_t&>(), [](const Json& word) {
        std::string name = word.get<std::string>().substr(std::string_view("SCMP_ARCH_").size());
        std::ranges::transform(name, name.begin(), lower);
        const std::uint32_t token = seccomp_arch_resolve_name(name.c_str());
        return token == 0 || ((token ^ seccomp_arch_native()) & byte_order) != 0;
    });
    return list;
}

// ocirt installs filters itself: what libseccomp knows of flags does not matter.
Json supported_seccomp_flags() {
    constexpr auto flags = std::to_array<Word<unsigned>>({
        {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
        {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
        {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
        {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
         SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER},
    });
    Json list = Json::array();
    for (const Word<unsigned>& flag : flags)
        if (kernel_takes_filter_flags(flag.value)) list.push_back(flag.name);
    return list;
}

Json seccomp(bool enabled) {
    if (!enabled) return {{"enabled", false}};
    return {
        {"enabled", true},
        {"actions", sorted_names(seccomp_actions)},
        {"operators", sorted_names(seccomp_operators)},
        {"archs", seccomp_archs()},
        {"knownFlags", sorted_names(seccomp_flags)},
        {"supportedFlags", supported_seccomp_flags()},
    };
}

// This one has no "enabled": what is known is what is listed.
Json memory_policy(bool built) {
    if (!built) return {{"modes", Json::array()}, {"flags", Json::array()}};
    return {{"modes", sorted_names(memory_policy_modes)}, {"flags", sorted_names(memory_policy_flags)}};
}

// Words that ocirt takes out of a mount's options; every other goes to the filesystem.
Json mount_options(bool idmapped) {
    Json words(known_mount_options());
    if (!idmapped)
        std::erase_if(words.get_ref<Json::array_t&>(),
                      [](const Json& word) { return word == "idmap" || word == "ridmap"; });
    return words;
}

Json enabled(bool value) { return {{"enabled", value}}; }

Json linux_features(const FeatureSet& built) {
    return {
        {"namespaces",
         Json(std::to_array<const char*>({"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}))},
        {"capabilities", capabilities()},
        {"cgroup",
         {{"v1", built.cgroup_v1},
          {"v2", built.cgroup_v2},
          {"systemd", built.cgroup_systemd},
          {"systemdUser", built.cgroup_systemd_user},
          {"rdma", built.cgroup_rdma}}},
        {"seccomp", seccomp(built.seccomp)},
        {"apparmor", enabled(built.apparmor)},
        {"selinux", enabled(built.selinux)},
        {"intelRdt", {{"enabled", built.intel_rdt}, {"schemata", built.intel_rdt}, {"monitoring", built.intel_rdt}}},
        {"mountExtensions", {{"idmap", enabled(built.idmapped_mounts)}}},
        {"netDevices", enabled(built.net_devices)},
        {"memoryPolicy", memory_policy(built.memory_policy)},
    };
}

std::string libseccomp_version() {
    const scmp_version* version = seccomp_version();
    if (!version) return "unknown";
    return std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' + std::to_string(version->micro);
}

}  // namespace

std::string features(std::string_view version, const FeatureSet& built) {
    const Json document{
        {"ociVersionMin", oci_version_min},
        {"ociVersionMax", oci_version},
        {"hooks", Json(std::to_array<const char*>(
                      {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}))},
        {"mountOptions", mount_options(built.idmapped_mounts)},
        {"linux", linux_features(built)},
        {"annotations",
         {{"io.github.seccomp.libseccomp.version", libseccomp_version()},
          {"org.ocirt.checkpoint.enabled", built.checkpoint ? "true" : "false"},
          {"org.ocirt.version", version}}},
        {"potentiallyUnsafeConfigAnnotations", Json(unsafe_annotations)},
    };
    return document.dump(4) + '\n';
}

}  // namespace ocirt::spec
