#include "runtime/plan/describe.h"

#include <linux/sched.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ocirt::plan {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view names[] = {"unshare",         "joinNamespace",      "becomeRoot",    "respawn",
                                      "setTimeOffsets",  "await",              "notify",
                                      "enterCgroups",        "newSession",
                                      "joinSessionKeyring", "setHostname",     "setDomainname", "raiseLoopback",
                                      "setPropagation",  "openTree",           "attachRoot",    "attachMount",
                                      "mountFs",         "setMountAttributes", "makeDirectory", "makeDevice",
                                      "makeSymlink",     "writeSysctl",        "pivotRoot",     "moveRoot",
                                      "enterRoot",       "maskPath",           "readonlyPath",  "runHook",
                                      "changeDirectory", "findHome",           "findProgram",   "setRlimit",
                                      "setUmask",        "setNoNewPrivileges", "dropBounding",  "setUser",
                                      "setCapabilities", "installSeccomp",     "awaitStart",    "exec"};
static_assert(std::size(names) == static_cast<std::size_t>(Op::count));

// The variant lists the steps in the order of Op: an action's index is its op.
template <std::size_t... I>
constexpr bool in_op_order(std::index_sequence<I...>) {
    return ((static_cast<std::size_t>(std::variant_alternative_t<I, Action>::op) == I) && ...);
}
static_assert(in_op_order(std::make_index_sequence<std::variant_size_v<Action>>{}));

constexpr std::size_t pointer_column = 88;

void line(std::string& text, const std::string& mark, const std::string& sentence, const std::string& pointer) {
    std::string row = mark + sentence;
    if (!pointer.empty()) {
        row.resize(std::max(row.size() + 2, pointer_column), ' ');
        row += pointer;
    }
    text += row + "\n";
}

std::string number(std::size_t step) {
    const std::string digits = std::to_string(step + 1);
    return std::string(digits.size() < 4 ? 4 - digits.size() : 0, ' ') + digits + "  ";
}

void describe_parent(std::string& text, const Plan& plan) {
    const std::string mark = "   -  ";
    std::string kinds;
    if ((plan.clone_flags & CLONE_NEWUSER) != 0) kinds += " in a new user namespace";
    if ((plan.clone_flags & CLONE_NEWPID) != 0)
        kinds += kinds.empty() ? " in a new pid namespace" : " and a new pid namespace";
    line(text, mark, "make a process" + kinds + " and let it execute init", "");
    if (plan.user_namespace) line(text, mark, "write the user namespace's ID maps", "/linux/uidMappings");
    for (const PlannedNamespace& ns : plan.namespaces) line(text, mark, "open the namespace " + ns.path, ns.pointer);
    for (const PlannedTree& tree : plan.trees) line(text, mark, sentence(tree.tree), tree.pointer);
    if (plan.oom_score_adj)
        line(text, mark, "set its oom_score_adj to " + std::to_string(*plan.oom_score_adj), "/process/oomScoreAdj");
}

void describe_cgroups(std::string& text, const Plan& plan) {
    const std::string mark = "   -  ";
    if (!plan.use_cgroups) return;
    text += "\nThe parent, meanwhile, in the cgroups\n";
    for (const std::string& path : plan.cgroup_paths) line(text, mark, "make and enter " + path, "/linux/cgroupsPath");
    const auto writes = [&](const std::vector<cgroup::Write>& list, const char* when) {
        for (const cgroup::Write& write : list)
            line(text, mark, "write " + write.value + " to " + write.file + when, write.pointer);
    };
    writes(plan.resources.before_attach, " (before the process enters)");
    writes(plan.resources.limits, "");
    if (!plan.resources.device_program.empty())
        line(text, mark, "attach the device program (" + std::to_string(plan.resources.device_program.size()) +
             " instructions)", "/linux/resources/devices");
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
    return {{"paths", plan.cgroup_paths},
            {"beforeAttach", writes(plan.resources.before_attach)},
            {"limits", writes(plan.resources.limits)},
            {"deviceInstructions", plan.resources.device_program.size()}};
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

}  // namespace

std::string_view op_name(const Action& action) { return names[action.index()]; }

std::string describe(const Plan& plan) {
    std::string text = "Container " + plan.id + "\n  root filesystem  " + plan.rootfs + "\n\nThe parent\n";
    describe_parent(text, plan);
    describe_cgroups(text, plan);
    text += "\nInit, while the container is created\n";
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        line(text, number(i), sentence(plan.steps[i].action), plan.steps[i].pointer);
        if (std::holds_alternative<AwaitStart<Hosted>>(plan.steps[i].action))
            text += "\nInit, when it is told to start\n";
    }
    for (const Warning& warning : plan.warnings)
        text += "\nwarning: " + (warning.pointer.empty() ? "" : warning.pointer + ": ") + warning.message;
    if (!plan.warnings.empty()) text += "\n";
    return text;
}

std::string describe_json(const Plan& plan) {
    Json object;
    object["id"] = plan.id;
    object["bundle"] = plan.bundle;
    object["rootfs"] = plan.rootfs;
    object["cloneFlags"] = plan.clone_flags;
    object["oomScoreAdj"] = plan.oom_score_adj ? Json(*plan.oom_score_adj) : Json(nullptr);
    object["namespaces"] = Json::array();
    for (const PlannedNamespace& ns : plan.namespaces)
        object["namespaces"].push_back({{"slot", ns.slot}, {"path", ns.path}, {"pointer", ns.pointer}});
    object["trees"] = Json::array();
    for (const PlannedTree& tree : plan.trees) {
        Json entry = to_json(tree.tree);
        entry["pointer"] = tree.pointer;
        object["trees"].push_back(std::move(entry));
    }
    object["cgroups"] = plan.use_cgroups ? cgroups_to_json(plan) : Json(nullptr);
    object["steps"] = Json::array();
    for (const Step& step : plan.steps) {
        Json entry = to_json(step.action);
        if (!step.pointer.empty()) entry["pointer"] = step.pointer;
        object["steps"].push_back(std::move(entry));
    }
    object["warnings"] = Json::array();
    for (const Warning& warning : plan.warnings)
        object["warnings"].push_back({{"pointer", warning.pointer}, {"message", warning.message}});
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ocirt::plan
