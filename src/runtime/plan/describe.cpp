// The story of a plan, in the order in which things happen.
#include "runtime/plan/describe.h"

#include <linux/sched.h>

#include <algorithm>

#include "runtime/plan/annotations.h"

namespace ocirt::plan {
namespace {

// Lines of a story: a mark, a sentence, and the JSON pointer that asked for it, in a column of its own.
class Story {
   public:
    void chapter(std::string title) { rows_.push_back({.text = "\n" + std::move(title), .pointer = {}}); }
    void line(const std::string& sentence, std::string pointer) { numbered("-", sentence, std::move(pointer)); }
    void numbered(const std::string& mark, const std::string& sentence, std::string pointer) {
        const std::string margin(mark.size() < 4 ? 4 - mark.size() : 0, ' ');
        rows_.push_back({.text = margin + mark + "  " + sentence, .pointer = std::move(pointer)});
    }
    void fact(const std::string& name, const std::string& value) {
        rows_.push_back({.text = "  " + name + std::string(name.size() < 18 ? 18 - name.size() : 1, ' ') + value});
    }

    [[nodiscard]] std::string text() const {
        constexpr std::size_t widest = 100;  // longer sentences push their pointers aside
        std::size_t column = 0;
        for (const Row& row : rows_)
            if (!row.pointer.empty() && row.text.size() <= widest) column = std::max(column, row.text.size() + 2);
        std::string text;
        for (const Row& row : rows_) {
            text += row.text;
            if (!row.pointer.empty())
                text += std::string(row.text.size() + 2 <= column ? column - row.text.size() : 2, ' ') + row.pointer;
            text += '\n';
        }
        return text;
    }

   private:
    struct Row {
        std::string text;
        std::string pointer{};
    };
    std::vector<Row> rows_;
};

template <class S>
const S* as(const Step& step) {
    return std::get_if<S>(&step.action);
}

template <class S>
const S* find(const Plan& plan) {
    for (const Step& step : plan.steps)
        if (const S* found = as<S>(step)) return found;
    return nullptr;
}

std::string namespaces(const Plan& plan) {
    constexpr std::uint64_t all = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
                                  CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME;
    std::uint64_t made = plan.clone_flags;
    std::uint64_t joined = 0;
    for (const Step& step : plan.steps) {
        if (const auto* unshare = as<Unshare<Hosted>>(step)) made |= unshare->flags;
        if (const auto* respawn = as<Respawn<Hosted>>(step)) made |= respawn->flags;
        if (as<SetTimeOffsets<Hosted>>(step) != nullptr) made |= CLONE_NEWTIME;
    }
    for (const PlannedNamespace& ns : plan.namespaces) joined |= clone_flag(ns.kind);
    std::string text;
    const auto part = [&text](const char* name, std::uint64_t flags) {
        if (flags != 0) text += (text.empty() ? "" : "; ") + (name + namespace_names(flags));
    };
    part("new: ", made);
    part("joined: ", joined);
    part("the host's: ", all & ~(made | joined));
    return text;
}

std::string command_line(const std::vector<std::string>& args) {
    std::string text;
    for (const std::string& arg : args) {
        const bool plain = !arg.empty() && arg.find_first_of(" \t\n\"'\\") == std::string::npos;
        text += (text.empty() ? "" : " ") + (plain ? arg : "\"" + arg + "\"");
    }
    return text;
}

void tell_summary(Story& story, const Plan& plan) {
    const bool readonly = std::ranges::any_of(plan.steps, [](const Step& s) { return s.pointer == "/root/readonly"; });
    story.fact("root filesystem", plan.rootfs + (readonly ? " (read-only)" : ""));
    if (const auto* exec = find<Exec<Hosted>>(plan)) story.fact("program", command_line(exec->args));
    if (const auto* user = find<SetUser<Hosted>>(plan))
        story.fact("user", std::to_string(user->uid) + ", group " + std::to_string(user->gid));
    story.fact("namespaces", namespaces(plan));
}

// "its ids mapped (0:100000:65536; groups 0:100000:65536), and those of the mounts below".
std::string words(const PlannedIdMap& id_map) {
    const auto list = [](const std::vector<spec::IdMapping>& mappings) {
        std::string text;
        for (const spec::IdMapping& map : mappings)
            text += (text.empty() ? "" : ",") + std::to_string(map.container_id) + ":" + std::to_string(map.host_id) +
                    ":" + std::to_string(map.size);
        return text;
    };
    const std::string maps = id_map.joined == slot_none
                                 ? list(id_map.maps.uid_mappings) + "; groups " + list(id_map.maps.gid_mappings)
                                 : "as the joined user namespace has it";
    return "its ids mapped (" + maps + ")" + (id_map.recursive ? ", and those of the mounts below" : "");
}

void tell_beginning(Story& story, const Plan& plan) {
    story.chapter("The parent makes a process");
    const std::string kinds = namespace_names(plan.clone_flags);
    story.line("clone it" + (kinds.empty() ? "" : " into new namespaces (" + kinds + ")") + " and let it execute init",
               "");
    if (plan.user_namespace) story.line("write the ID maps of its user namespace", "/linux/uidMappings");
    for (const PlannedNamespace& ns : plan.namespaces)
        story.line("open the " + namespace_names(clone_flag(ns.kind)) + " namespace " + ns.path, ns.pointer);
    for (const PlannedTree& tree : plan.trees)
        story.line(sentence(tree.tree) + (tree.id_map ? ", " + words(*tree.id_map) : ""), tree.pointer);
}

void tell_write(Story& story, const cgroup::Write& write, const char* when) {
    story.line("write " + write.value + " to " + write.file + when, write.pointer);
}

void tell_resctrl(Story& story, const resctrl::GroupPlan& group) {
    const char* pointer = "/linux/intelRdt";
    const std::string name = group.clos.empty() ? "the default class of service" : "the class of service " + group.clos;
    story.line((group.own ? "make " : "make or find ") + name, pointer);
    for (const std::string& line : group.schemata) story.line("write " + line + " to its schemata", pointer);
    if (!group.monitor.empty()) story.line("make the monitoring group " + group.monitor + " in it", pointer);
}

void tell_unit(Story& story, const cgroup::UnitPlan& plan) {
    const std::string whose = plan.unit.session ? "the user's systemd" : "systemd";
    story.line("ask " + whose + " for " + plan.unit.name + " in " + plan.unit.slice + ", with init in it",
               "/linux/cgroupsPath");
    for (const BusProperty& property : plan.properties)
        story.line("with " + property.name + "=" + bus_value_text(property.value), "/annotations");
    for (const BusProperty& limit : plan.first_limits)
        story.line("with " + limit.name + "=" + bus_value_text(limit.value), "/linux/resources");
}

void tell_cgroups(Story& story, const Plan& plan) {
    if (!plan.use_cgroups && !plan.oom_score_adj && !plan.resctrl) return;
    story.chapter("Meanwhile it makes the cgroups");
    if (plan.unit) tell_unit(story, *plan.unit);
    for (const std::string& path : plan.cgroup_paths)
        story.line((plan.unit ? "expect it at " : "make ") + path, "/linux/cgroupsPath");
    for (const cgroup::Write& write : plan.resources.before_attach) tell_write(story, write, " before init enters");
    if (plan.cgroup_owner)
        story.line("give the v2 tree's to user " + std::to_string(*plan.cgroup_owner) + " of the host", "/mounts");
    if (plan.resctrl) tell_resctrl(story, *plan.resctrl);
    if (plan.oom_score_adj)
        story.line("set init's oom_score_adj to " + std::to_string(*plan.oom_score_adj), "/process/oomScoreAdj");
}

void tell_hooks(Story& story, const std::vector<Step>& hooks) {
    for (const Step& hook : hooks) story.line(sentence(hook.action), hook.pointer);
}

void tell_limits(Story& story, const Plan& plan) {
    const cgroup::ResourcePlan& resources = plan.resources;
    if (resources.limits.empty() && resources.device_program.empty() && plan.net_devices.empty() &&
        plan.create_hooks.empty() && plan.delegated_cgroup.empty())
        return;
    story.chapter("The parent, now that everything is mounted");
    if (plan.unit)
        for (const BusProperty& limit : plan.unit->limits)
            story.line("tell systemd " + limit.name + "=" + bus_value_text(limit.value), "/linux/resources");
    for (const cgroup::Write& write : resources.limits) tell_write(story, write, "");
    if (!resources.device_program.empty())
        story.line("attach the device program (" + std::to_string(resources.device_program.size()) + " instructions)",
                   "/linux/resources/devices");
    if (!plan.delegated_cgroup.empty())
        story.line("move init to the cgroup " + plan.delegated_cgroup + " below its own",
                   "/annotations/" + std::string(delegate_cgroup));
    for (const PlannedNetDevice& device : plan.net_devices)
        story.line("move the network device " + device.host_name + " into it" +
                       (device.name == device.host_name ? "" : " as " + device.name),
                   device.pointer);
    tell_hooks(story, plan.create_hooks);
}

// Where a prepared tree comes from: the step itself names only the slot.
std::string source_of(const Plan& plan, Slot slot) {
    for (const PlannedTree& tree : plan.trees)
        if (tree.tree.slot == slot) return tree.tree.source;
    for (const PlannedCgroupTree& tree : plan.cgroup_trees)
        if (tree.slot == slot)
            return tree.hierarchy < plan.cgroup_paths.size() ? plan.cgroup_paths[tree.hierarchy] : "";
    for (const Step& step : plan.steps)
        if (const auto* tree = as<OpenTree<Hosted>>(step); tree != nullptr && tree->slot == slot) return tree->source;
    return {};
}

// In a story, a step can be told better than at the beginning of an error line.
std::string told(const Plan& plan, const Step& step) {
    if (const auto* attach = as<AttachMount<Hosted>>(step))
        return "bind " + source_of(plan, attach->slot) + " on " + attach->target;
    if (const auto* program = as<FindProgram<Hosted>>(step)) return "look up the program " + program->name;
    if (const auto* exec = as<Exec<Hosted>>(step)) return "execute " + command_line(exec->args);
    return sentence(step.action);
}

bool is_notice(const Step& step, Stage stage) {
    const auto* notify = as<Notify<Hosted>>(step);
    return notify != nullptr && notify->stage == static_cast<std::uint32_t>(stage);
}

void tell_init(Story& story, const Plan& plan) {
    story.chapter("Init makes the container");
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const Step& step = plan.steps[i];
        story.numbered(std::to_string(i + 1), told(plan, step), step.pointer);
        if (is_notice(step, Stage::mounted)) {
            tell_limits(story, plan);
            story.chapter("Init enters it");
        }
        if (as<AwaitStart<Hosted>>(step) != nullptr) story.chapter("Init, told to start, becomes the program");
    }
}

}  // namespace

std::string describe(const Plan& plan) {
    Story story;
    tell_summary(story, plan);
    tell_beginning(story, plan);
    tell_cgroups(story, plan);
    tell_init(story, plan);
    if (plan.seccomp_listener) {
        story.chapter("`start`, when the filter is installed");
        story.line("hand its listener to the agent at " + plan.seccomp_listener->path, "/linux/seccomp/listenerPath");
    }
    if (!plan.poststart_hooks.empty()) story.chapter("`start`, when the program runs");
    tell_hooks(story, plan.poststart_hooks);
    if (!plan.poststop_hooks.empty()) story.chapter("`delete`, when everything is gone");
    tell_hooks(story, plan.poststop_hooks);
    if (!plan.warnings.empty()) story.chapter("Warnings");
    for (const Warning& warning : plan.warnings) story.line(warning.message, warning.pointer);
    return "Container " + plan.id + "\n" + story.text();
}

}  // namespace ocirt::plan
