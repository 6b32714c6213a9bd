#include <nlohmann/json.hpp>

#include "runtime/plan/describe.h"

namespace ocirt::plan {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view names[] = {"unshare",
                                      "joinNamespace",
                                      "becomeRoot",
                                      "respawn",
                                      "setTimeOffsets",
                                      "await",
                                      "notify",
                                      "enterCgroups",
                                      "newSession",
                                      "joinSessionKeyring",
                                      "setHostname",
                                      "setDomainname",
                                      "raiseLoopback",
                                      "setPropagation",
                                      "openTree",
                                      "attachRoot",
                                      "attachMount",
                                      "mountFs",
                                      "setMountAttributes",
                                      "makeDirectory",
                                      "makeDevice",
                                      "makeSymlink",
                                      "writeSysctl",
                                      "pivotRoot",
                                      "moveRoot",
                                      "enterRoot",
                                      "maskPath",
                                      "readonlyPath",
                                      "openConsole",
                                      "runHook",
                                      "changeDirectory",
                                      "findHome",
                                      "findProgram",
                                      "setRlimit",
                                      "setUmask",
                                      "setNoNewPrivileges",
                                      "dropBounding",
                                      "ownStdio",
                                      "setUser",
                                      "setCapabilities",
                                      "installSeccomp",
                                      "awaitStart",
                                      "exec",
                                      "findMount",
                                      "unmount",
                                      "leave",
                                      "setScheduler",
                                      "setIoPriority",
                                      "setCpuAffinity",
                                      "setPersonality",
                                      "setMemoryPolicy",
                                      "setLabel",
                                      "labelMount"};
static_assert(std::size(names) == static_cast<std::size_t>(Op::count));

// The variant lists the steps in the order of Op: an action's index is its op.
template <std::size_t... I>
constexpr bool in_op_order(std::index_sequence<I...>) {
    return ((static_cast<std::size_t>(std::variant_alternative_t<I, Action>::op) == I) && ...);
}
static_assert(in_op_order(std::make_index_sequence<std::variant_size_v<Action>>{}));

Json unit_to_json(const cgroup::UnitPlan& plan) {
    const auto texts = [](const std::vector<BusProperty>& properties) {
        Json array = Json::array();
        for (const BusProperty& property : properties)
            array.push_back({{"name", property.name}, {"value", bus_value_text(property.value)}});
        return array;
    };
    return {{"name", plan.unit.name},
            {"slice", plan.unit.slice},
            {"session", plan.unit.session ? Json(*plan.unit.session) : Json(nullptr)},
            {"properties", texts(plan.properties)},
            {"firstLimits", texts(plan.first_limits)},
            {"limits", texts(plan.limits)}};
}

Json cgroups_to_json(const Plan& plan) {
    const auto writes = [](const std::vector<cgroup::Write>& list) {
        Json array = Json::array();
        for (const cgroup::Write& write : list)
            array.push_back({{"controller", write.controller},
                             {"file", write.file},
                             {"value", write.value},
                             {"pointer", write.pointer}});
        return array;
    };
    Json trees = Json::array();
    for (const PlannedCgroupTree& tree : plan.cgroup_trees)
        trees.push_back(
            {{"slot", tree.slot}, {"hierarchy", tree.hierarchy}, {"set", tree.attributes}, {"pointer", tree.pointer}});
    Json cgroups;
    if (plan.unit) cgroups["unit"] = unit_to_json(*plan.unit);
    cgroups.update({{"paths", plan.cgroup_paths},
                    {"trees", std::move(trees)},
                    {"taskFiles", plan.task_files == slot_none ? Json(nullptr) : Json(plan.task_files)},
                    {"beforeAttach", writes(plan.resources.before_attach)},
                    {"limits", writes(plan.resources.limits)},
                    {"deviceInstructions", plan.resources.device_program.size()},
                    {"owner", plan.cgroup_owner ? Json(*plan.cgroup_owner) : Json(nullptr)},
                    {"delegated", plan.delegated_cgroup}});
    return cgroups;
}

Json to_json(const Action& action) {
    Json object;
    object["op"] = op_name(action);
    std::visit(
        [&object]<class S>(const S& step) {
            S::fields(step, [&object](const char* name, const auto& member) {
                using Member = std::decay_t<decltype(member)>;
                if constexpr (std::is_same_v<Member, Hosted::Bytes>)
                    object[std::string(name) + "Bytes"] = member.size();
                else
                    object[name] = member;
            });
        },
        action);
    return object;
}

Json to_json(const std::vector<Step>& steps) {
    Json list = Json::array();
    for (const Step& step : steps) {
        Json entry = to_json(step.action);
        if (!step.pointer.empty()) entry["pointer"] = step.pointer;
        list.push_back(std::move(entry));
    }
    return list;
}

Json to_json(const std::vector<spec::IdMapping>& mappings) {
    Json list = Json::array();
    for (const spec::IdMapping& map : mappings)
        list.push_back({{"containerID", map.container_id}, {"hostID", map.host_id}, {"size", map.size}});
    return list;
}

Json to_json(const UserNamespace& maps) {
    return {{"uidMappings", to_json(maps.uid_mappings)}, {"gidMappings", to_json(maps.gid_mappings)}};
}

Json to_json(const PlannedIdMap& id_map) {
    Json object = id_map.joined == slot_none ? to_json(id_map.maps) : Json{{"joined", id_map.joined}};
    object["recursive"] = id_map.recursive;
    return object;
}

}  // namespace

std::string_view op_name(const Action& action) { return names[action.index()]; }

std::string describe_json(const Plan& plan) {
    Json object;
    object["id"] = plan.id;
    object["bundle"] = plan.bundle;
    object["rootfs"] = plan.rootfs;
    object["cloneFlags"] = plan.clone_flags;
    object["userNamespace"] = plan.user_namespace ? to_json(*plan.user_namespace) : Json(nullptr);
    object["ownPidNamespace"] = plan.own_pid_namespace;
    object["oomScoreAdj"] = plan.oom_score_adj ? Json(*plan.oom_score_adj) : Json(nullptr);
    object["namespaces"] = Json::array();
    for (const PlannedNamespace& ns : plan.namespaces)
        object["namespaces"].push_back({{"slot", ns.slot}, {"path", ns.path}, {"pointer", ns.pointer}});
    object["trees"] = Json::array();
    for (const PlannedTree& tree : plan.trees) {
        Json entry = to_json(tree.tree);
        entry["pointer"] = tree.pointer;
        if (tree.id_map) entry["idMap"] = to_json(*tree.id_map);
        object["trees"].push_back(std::move(entry));
    }
    object["cgroups"] = plan.use_cgroups ? cgroups_to_json(plan) : Json(nullptr);
    for (const PlannedNetDevice& device : plan.net_devices)
        object["netDevices"].push_back(
            {{"hostName", device.host_name}, {"name", device.name}, {"pointer", device.pointer}});
    if (plan.resctrl)
        object["resctrl"] = {{"clos", plan.resctrl->clos},
                             {"own", plan.resctrl->own},
                             {"schemata", plan.resctrl->schemata},
                             {"monitor", plan.resctrl->monitor}};
    object["createHooks"] = to_json(plan.create_hooks);
    object["steps"] = to_json(plan.steps);
    if (plan.seccomp_listener)
        object["seccompListener"] = {{"path", plan.seccomp_listener->path},
                                     {"metadata", plan.seccomp_listener->metadata}};
    object["poststartHooks"] = to_json(plan.poststart_hooks);
    object["poststopHooks"] = to_json(plan.poststop_hooks);
    object["warnings"] = Json::array();
    for (const Warning& warning : plan.warnings)
        object["warnings"].push_back({{"pointer", warning.pointer}, {"message", warning.message}});
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ocirt::plan
