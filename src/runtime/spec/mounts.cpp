#include <algorithm>
#include <cstdint>

#include "runtime/spec/objects.h"

namespace ocirt::spec {

namespace {

void read_id_mapping(Object& object, IdMapping& mapping) {
    object.required("containerID").id(mapping.container_id);
    object.required("hostID").id(mapping.host_id);
    if (!object.required("size").integer(mapping.size, 1U, 4294967295U)) return;
    const auto fits = [&](std::uint32_t first) { return std::uint64_t{first} + mapping.size <= 4294967295U; };
    if (!fits(mapping.container_id) || !fits(mapping.host_id)) object.error("reaches past the last id, 4294967294");
}

bool overlap(std::uint32_t a, std::uint32_t a_size, std::uint32_t b, std::uint32_t b_size) {
    return a < std::uint64_t{b} + b_size && b < std::uint64_t{a} + a_size;
}

// The kernel's own limit (UID_GID_MAP_MAX_EXTENTS) keeps the comparison of all pairs small.
constexpr std::size_t most_mappings = 340;

}  // namespace

void read_id_mappings(Value list, std::vector<IdMapping>& mappings) {
    list.objects(mappings, read_id_mapping);
    if (mappings.size() > most_mappings) {
        list.error("holds more than " + std::to_string(most_mappings) + " mappings, the kernel's limit");
        return;
    }
    for (std::size_t i = 0; i < mappings.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) {
            const IdMapping& a = mappings[i];
            const IdMapping& b = mappings[j];
            if (overlap(a.container_id, a.size, b.container_id, b.size))
                list.error("mappings " + std::to_string(j) + " and " + std::to_string(i) + " overlap in the container");
            if (overlap(a.host_id, a.size, b.host_id, b.size))
                list.error("mappings " + std::to_string(j) + " and " + std::to_string(i) + " overlap on the host");
        }
}

void read_root(Object& object, Root& root) {
    if (Value path = object.required("path"); path.string(root.path) && root.path.empty()) path.error("is empty");
    object["readonly"].boolean(root.readonly);
}

void read_mount(Object& object, Mount& mount) {
    if (Value destination = object.required("destination"); destination.string(mount.destination)) {
        if (mount.destination.empty())
            destination.error("is empty");
        else if (mount.destination.front() != '/')
            destination.warning(quoted(mount.destination) + " is relative (deprecated): taken from \"/\"");
    }
    object["type"].string(mount.type);
    object["source"].string(mount.source);
    object["options"].strings(mount.options);
    read_id_mappings(object["uidMappings"], mount.uid_mappings);
    read_id_mappings(object["gidMappings"], mount.gid_mappings);
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
        object.error("needs both uidMappings and gidMappings, or neither");
}

}  // namespace ocirt::spec
