// Idmapped mounts (config.md "Mounts": idmap, ridmap, uidMappings, gidMappings).
#include <algorithm>
#include <utility>

#include "runtime/plan/draft.h"
#include "runtime/spec/mount_options.h"

namespace ocirt::plan {
namespace {

using spec::NamespaceKind;

std::unexpected<Error> refuse(const spec::Mount& mount, Fault fault, std::string pointer, std::string detail,
                              std::string hint = {}) {
    return fail({.fault = fault,
                 .pointer = std::move(pointer),
                 .operation = "map the ids of",
                 .object = mount.source + " on " + mount.destination,
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

// What the mount does not say itself is the container's.
Result<PlannedIdMap> container_map(const Draft& draft, const spec::Mount& mount, const std::string& pointer) {
    constexpr const char* hint = "write uidMappings and gidMappings into the mount";
    const spec::Linux& linux = draft.config.linux;
    if (!draft.has(NamespaceKind::user))
        return refuse(mount, Fault::invalid_config, pointer + "/options",
                      "the container has no user namespace whose mappings it could get", hint);
    if (draft.makes(NamespaceKind::user))
        return PlannedIdMap{.maps = {.uid_mappings = linux.uid_mappings, .gid_mappings = linux.gid_mappings}};
    const std::vector<PlannedNamespace>& joined = draft.plan.namespaces;
    const auto found = std::ranges::find(joined, NamespaceKind::user, &PlannedNamespace::kind);
    if (found == joined.end())
        return refuse(mount, Fault::unsupported, pointer + "/options",
                      "the mappings of the user namespace that the container has joined are not known here", hint);
    return PlannedIdMap{.joined = found->slot};
}

}  // namespace

Result<std::optional<PlannedIdMap>> plan_id_map(const Draft& draft, const spec::Mount& mount,
                                                const std::string& pointer) {
    const spec::MountOptions options = spec::read_mount_options(mount.options);
    const bool own = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
    if (!options.idmap && !own) return std::nullopt;
    if (draft.rootless())
        return refuse(mount, Fault::unsupported, pointer, "only root may, by its right over the filesystem",
                      "run ocirt as root");
    if (!draft.host.has_mount_setattr)
        return refuse(mount, Fault::unsupported, pointer, "it needs mount_setattr(2), which came with kernel 5.12");
    PlannedIdMap id_map;
    if (own)
        id_map.maps = {.uid_mappings = mount.uid_mappings, .gid_mappings = mount.gid_mappings};
    else
        id_map = TRY(container_map(draft, mount, pointer));
    id_map.recursive = options.recursive_idmap;
    return id_map;
}

}  // namespace ocirt::plan
