#include <linux/sched.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include <algorithm>

#include "runtime/spec/objects.h"

namespace ocirt::spec {

namespace {

constexpr std::array<Word<int>, 16> rlimit_types{{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

// linux/sched.h; glibc does not name them all.
constexpr std::uint32_t sched_iso = 4;
constexpr std::uint32_t sched_deadline = 6;
constexpr std::array<Word<std::uint32_t>, 7> scheduler_policies{{
    {"SCHED_OTHER", SCHED_OTHER},
    {"SCHED_FIFO", SCHED_FIFO},
    {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},
    {"SCHED_ISO", sched_iso},
    {"SCHED_IDLE", SCHED_IDLE},
    {"SCHED_DEADLINE", sched_deadline},
}};
constexpr std::array<Word<std::uint64_t>, 7> scheduler_flags{{
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},
    {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
}};

// linux/ioprio.h
constexpr std::array<Word<int>, 3> io_priority_classes{{
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
}};

void read_user(Object& object, User& user) {
    object["uid"].id(user.uid);
    object["gid"].id(user.gid);
    object["umask"].integer(user.umask, 0U, 0777U);
    object["additionalGids"].each(JsonKind::array, [&user](Value gid) {
        if (std::uint32_t id = 0; gid.id(id)) user.additional_gids.push_back(id);
    });
    object.ignore({"username"});  // of Windows
}

void read_console_size(Object& object, ConsoleSize& size) {
    object.required("height").integer(size.height);
    object.required("width").integer(size.width);
}

// An unknown capability is a warning (config.md, capabilities): older kernels and newer engines meet.
void read_capability_set(Value list, std::vector<std::string>& names) {
    list.each(JsonKind::array, [&names](Value item) {
        std::string& name = names.emplace_back();
        cap_value_t value = 0;
        if (item.string(name) && (!name.starts_with("CAP_") || cap_from_name(name.c_str(), &value) != 0))
            item.warning(quoted(name) + " is not a capability that is known here");
    });
}

void read_capabilities(Object& object, Capabilities& capabilities) {
    read_capability_set(object["bounding"], capabilities.bounding);
    read_capability_set(object["effective"], capabilities.effective);
    read_capability_set(object["inheritable"], capabilities.inheritable);
    read_capability_set(object["permitted"], capabilities.permitted);
    read_capability_set(object["ambient"], capabilities.ambient);
}

void read_rlimit(Object& object, Rlimit& rlimit) {
    object.required("type").word(rlimit.resource, rlimit_types, "a resource limit");
    const bool soft = object.required("soft").integer(rlimit.soft);
    const bool hard = object.required("hard").integer(rlimit.hard);
    if (soft && hard && rlimit.soft > rlimit.hard)
        object.error("soft limit " + std::to_string(rlimit.soft) + " is above the hard limit " +
                     std::to_string(rlimit.hard));
}

void read_rlimits(Value list, std::vector<Rlimit>& rlimits) {
    std::uint32_t seen = 0;
    list.each(JsonKind::array, [&](Value item) {
        Rlimit rlimit{.resource = -1};
        if (!item.object(rlimit, read_rlimit) || rlimit.resource < 0) return;
        if ((seen >> rlimit.resource & 1) != 0) item.error("limits a resource that has been limited before");
        seen |= 1U << rlimit.resource;
        rlimits.push_back(rlimit);
    });
}

// sched_setattr(2) takes these values for some policies only.
void read_scheduler(Object& object, Scheduler& scheduler) {
    const bool known = object.required("policy").word(scheduler.policy, scheduler_policies, "a scheduling policy");
    object["nice"].integer(scheduler.nice, -20, 19);
    object["priority"].integer(scheduler.priority, 0, 99);
    object["flags"].each(JsonKind::array, [&scheduler](Value item) {
        std::uint64_t flag = 0;
        if (item.word(flag, scheduler_flags, "a scheduling flag")) scheduler.flags |= flag;
    });
    object["runtime"].integer(scheduler.runtime);
    object["deadline"].integer(scheduler.deadline);
    object["period"].integer(scheduler.period);
    if (!known) return;
    if (scheduler.priority != 0 && scheduler.policy != SCHED_FIFO && scheduler.policy != SCHED_RR)
        object.error("priority is for SCHED_FIFO and SCHED_RR only");
    if ((scheduler.runtime | scheduler.deadline | scheduler.period) != 0 && scheduler.policy != sched_deadline)
        object.error("runtime, deadline and period are for SCHED_DEADLINE only");
}

void read_io_priority(Object& object, IoPriority& priority) {
    object.required("class").word(priority.io_class, io_priority_classes, "an I/O priority class");
    object["priority"].integer(priority.priority, 0, 7);
}

void read_exec_cpu_affinity(Object& object, ExecCpuAffinity& affinity) {
    read_number_list(object["initial"], affinity.initial, cpu_limit);
    read_number_list(object["final"], affinity.final, cpu_limit);
}

void read_args(Object& object, std::vector<std::string>& args) {
    Value list = object.required("args");
    if (list.strings(args) && args.empty()) list.error("is empty: there is no program to execute");
}

}  // namespace

void read_process(Object& object, Process& process) {
    object["terminal"].boolean(process.terminal);
    object["consoleSize"].object(process.console_size, read_console_size);
    object["user"].object(process.user, read_user);
    read_args(object, process.args);
    object["env"].environment(process.env);
    object.required("cwd").absolute_path(process.cwd);
    object["capabilities"].object(process.capabilities, read_capabilities);
    read_rlimits(object["rlimits"], process.rlimits);
    object["noNewPrivileges"].boolean(process.no_new_privileges);
    object["apparmorProfile"].string(process.apparmor_profile);
    object["oomScoreAdj"].integer(process.oom_score_adj, -1000, 1000);
    object["selinuxLabel"].string(process.selinux_label);
    object["scheduler"].object(process.scheduler, read_scheduler);
    object["ioPriority"].object(process.io_priority, read_io_priority);
    if (ExecCpuAffinity affinity; object["execCPUAffinity"].object(affinity, read_exec_cpu_affinity))
        process.exec_cpu_affinity = affinity;
    object.ignore({"commandLine"});  // of Windows
}

}  // namespace ocirt::spec
