#include <sys/personality.h>

#include <algorithm>
#include <set>

#include "runtime/spec/memory_policy_words.h"
#include "runtime/spec/objects.h"

namespace ocirt::spec {

namespace {

constexpr std::array<Word<NamespaceKind>, 8> namespace_types{{
    {"pid", NamespaceKind::pid},
    {"network", NamespaceKind::network},
    {"mount", NamespaceKind::mount},
    {"ipc", NamespaceKind::ipc},
    {"uts", NamespaceKind::uts},
    {"user", NamespaceKind::user},
    {"cgroup", NamespaceKind::cgroup},
    {"time", NamespaceKind::time},
}};

constexpr std::array<Word<DeviceType>, 4> device_types{{
    {"c", DeviceType::character},
    {"b", DeviceType::block},
    {"u", DeviceType::character},
    {"p", DeviceType::fifo},
}};

// The recursive words are not the spec's, but containerd's CRI plugin writes them and runc takes them.
constexpr std::array<Word<RootfsPropagation>, 8> propagations{{
    {"shared", RootfsPropagation::shared},
    {"slave", RootfsPropagation::slave},
    {"private", RootfsPropagation::private_},
    {"unbindable", RootfsPropagation::unbindable},
    {"rshared", RootfsPropagation::shared},
    {"rslave", RootfsPropagation::slave},
    {"rprivate", RootfsPropagation::private_},
    {"runbindable", RootfsPropagation::unbindable},
}};

constexpr std::array<Word<std::uint32_t>, 2> personality_domains{{
    {"LINUX", PER_LINUX},
    {"LINUX32", PER_LINUX32},
}};

void read_namespace(Object& object, Namespace& ns) {
    object.required("type").word(ns.kind, namespace_types, "a namespace type");
    Value path = object["path"];
    if (std::string written; path.string(written) && !written.empty()) path.absolute_path(ns.path);
}

void read_namespaces(Value list, std::vector<Namespace>& namespaces) {
    std::uint32_t seen = 0;
    list.each(JsonKind::array, [&](Value item) {
        Namespace ns{.kind = NamespaceKind{0xff}, .path = {}};
        if (!item.object(ns, read_namespace) || ns.kind == NamespaceKind{0xff}) return;
        const std::uint32_t bit = 1U << static_cast<unsigned>(ns.kind);
        if ((seen & bit) != 0) item.error("is of the same type as a namespace before it");
        seen |= bit;
        namespaces.push_back(std::move(ns));
    });
}

void read_device_numbers(Object& object, Device& device, bool needed) {
    constexpr std::uint32_t last_major = 4095;  // 12 bits of major, 20 of minor (MKDEV in linux/kdev_t.h)
    constexpr std::uint32_t last_minor = 1048575;
    Value major = object["major"];
    Value minor = object["minor"];
    if (!needed) return;
    if (!major.integer(device.major, 0U, last_major) && !major) major.error("is missing");
    if (!minor.integer(device.minor, 0U, last_minor) && !minor) minor.error("is missing");
}

void read_device(Object& object, Device& device) {
    constexpr std::uint32_t mode_bits = 0177777;  // engines write the file type, too, as stat(2) gave it
    constexpr std::uint32_t permission_bits = 07777;
    const bool known = object.required("type").word(device.type, device_types, "a device type");
    object.required("path").absolute_path(device.path);
    read_device_numbers(object, device, known && device.type != DeviceType::fifo);
    if (object["fileMode"].integer(device.file_mode, 0U, mode_bits)) *device.file_mode &= permission_bits;
    object["uid"].id(device.uid);
    object["gid"].id(device.gid);
}

// The kernel's dev_valid_name, and no "%": the kernel would number such a name.
bool is_interface_name(std::string_view name) {
    constexpr std::size_t longest = 15;  // IFNAMSIZ without the NUL
    return !name.empty() && name.size() <= longest && name != "." && name != ".." &&
           name.find_first_of("/:% \t\n\v\f\r") == name.npos;
}

// "eth%d" stands for the first such name that is free.
bool is_interface_template(std::string_view name) {
    const std::size_t number = name.find("%d");
    if (number == name.npos) return false;
    std::string numbered(name);
    return is_interface_name(numbered.replace(number, 2, "0"));
}

void read_net_device(Object& object, NetDevice& device) {
    Value name = object["name"];
    if (name.string(device.name) && !device.name.empty() && !is_interface_name(device.name) &&
        !is_interface_template(device.name))
        name.error(quoted(device.name) + " is not a network interface name");
}

void read_net_devices(Value map, std::vector<NetDevice>& devices) {
    std::set<std::string> names;
    map.each(JsonKind::object, [&](Value member) {
        NetDevice device{.host_name = std::string(member.node()->key), .name = {}};
        if (!is_interface_name(device.host_name))
            member.error(quoted(device.host_name) + " is not a network interface name");
        if (!member.object(device, read_net_device)) return;
        const std::string& name = device.name.empty() ? device.host_name : device.name;
        if (!is_interface_template(name) && !names.insert(name).second)
            member.error("two devices get the name " + quoted(name));
        devices.push_back(std::move(device));
    });
}

void read_time_offset(Object& object, TimeOffset& offset) {
    object["secs"].integer(offset.secs);
    object["nanosecs"].integer(offset.nanosecs, 0U, 999999999U);
}

void read_time_offsets(Value map, std::vector<std::pair<std::string, TimeOffset>>& offsets) {
    static constexpr std::array<Word<int>, 2> clocks{{{"monotonic", 0}, {"boottime", 0}}};
    map.each(JsonKind::object, [&offsets](Value member) {
        const std::string_view clock = member.node()->key;
        if (std::ranges::find(clocks, clock, &Word<int>::name) == clocks.end()) {
            member.error(quoted(clock) + " is not a clock with offsets: expected monotonic or boottime");
            return;
        }
        TimeOffset offset;
        if (member.object(offset, read_time_offset)) offsets.emplace_back(clock, offset);
    });
}

bool has_newline(const std::string& text) { return text.find('\n') != std::string::npos; }

void read_intel_rdt(Object& object, IntelRdt& rdt) {
    Value id = object["closID"];
    // "/" is the default class.
    if (id.string(rdt.clos_id) && rdt.clos_id != "/" &&
        (rdt.clos_id == "." || rdt.clos_id == ".." || rdt.clos_id.find('/') != std::string::npos))
        id.error(quoted(rdt.clos_id) + " is not the name of a directory");
    Value schemata = object["schemata"];
    if (schemata.strings(rdt.schemata) && std::ranges::any_of(rdt.schemata, has_newline))
        schemata.error("a line has a line break in it");
    Value cache = object["l3CacheSchema"];
    if (cache.string(rdt.l3_cache_schema) && has_newline(rdt.l3_cache_schema))
        cache.error(quoted(rdt.l3_cache_schema) + " is not one line");
    else if (!rdt.l3_cache_schema.empty() && !rdt.l3_cache_schema.starts_with("L3:"))
        cache.warning(quoted(rdt.l3_cache_schema) + " does not start with \"L3:\"");
    Value bandwidth = object["memBwSchema"];
    if (bandwidth.string(rdt.mem_bw_schema) && !rdt.mem_bw_schema.empty() &&
        (!rdt.mem_bw_schema.starts_with("MB:") || has_newline(rdt.mem_bw_schema)))
        bandwidth.error(quoted(rdt.mem_bw_schema) + " is not one line that starts with \"MB:\"");
    object["enableMonitoring"].boolean(rdt.enable_monitoring);
    object.ignore({"enableCMT", "enableMBM"});  // withdrawn in 1.3
}

void read_personality(Object& object, Personality& personality) {
    object.required("domain").word(personality.domain, personality_domains, "a personality domain");
    Value flags = object["flags"];
    if (std::vector<std::string> words; flags.strings(words) && !words.empty())
        flags.error("the spec has no personality flags yet");
}

void read_memory_policy(Object& object, MemoryPolicy& policy) {
    const bool known = object.required("mode").word(policy.mode, memory_policy_modes, "a memory policy");
    Value nodes = object["nodes"];
    read_number_list(nodes, policy.nodes, memory_node_limit);
    Value flags = object["flags"];
    flags.each(JsonKind::array, [&policy](Value item) {
        int flag = 0;
        if (item.word(flag, memory_policy_flags, "a memory policy flag")) policy.flags |= flag;
    });
    // set_mempolicy(2)
    constexpr int exclusive = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
    if ((policy.flags & exclusive) == exclusive)
        flags.error("MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
    if (!known) return;
    const bool takes_none = policy.mode == MPOL_DEFAULT || policy.mode == MPOL_LOCAL;
    if (takes_none && !policy.nodes.empty()) nodes.error("this mode takes no nodes");
    if (!takes_none && policy.mode != MPOL_PREFERRED && policy.nodes.empty()) nodes.error("this mode needs nodes");
}

bool has_dot_dot(std::string_view path) {
    for (std::size_t end = 0; end != path.npos; path.remove_prefix(end == path.npos ? 0 : end + 1)) {
        end = path.find('/');
        if (path.substr(0, end) == "..") return true;
    }
    return false;
}

void read_cgroups_path(Value value, std::string& path) {
    if (!value.string(path)) return;
    if (has_dot_dot(path)) value.error(quoted(path) + " has \"..\" in it, which could leave the cgroup tree");
}

}  // namespace

void read_linux(Object& object, Linux& linux) {
    read_id_mappings(object["uidMappings"], linux.uid_mappings);
    read_id_mappings(object["gidMappings"], linux.gid_mappings);
    object["sysctl"].string_map(linux.sysctl);
    object["resources"].object(linux.resources, read_resources);
    read_cgroups_path(object["cgroupsPath"], linux.cgroups_path);
    read_namespaces(object["namespaces"], linux.namespaces);
    object["devices"].objects(linux.devices, read_device);
    read_net_devices(object["netDevices"], linux.net_devices);
    object["seccomp"].object(linux.seccomp, read_seccomp);
    Value propagation = object["rootfsPropagation"];
    if (std::string word; propagation.string(word) && !word.empty()) {
        if (RootfsPropagation value{}; propagation.word(value, propagations, "a mount propagation"))
            linux.rootfs_propagation = value;
    }
    object["maskedPaths"].absolute_paths(linux.masked_paths);
    object["readonlyPaths"].absolute_paths(linux.readonly_paths);
    object["mountLabel"].string(linux.mount_label);
    object["intelRdt"].object(linux.intel_rdt, read_intel_rdt);
    object["personality"].object(linux.personality, read_personality);
    object["memoryPolicy"].object(linux.memory_policy, read_memory_policy);
    read_time_offsets(object["timeOffsets"], linux.time_offsets);
}

}  // namespace ocirt::spec
