#include <linux/mount.h>
#include <linux/sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <string_view>

#include "runtime/plan/describe.h"
#include "runtime/security/capabilities.h"
#include "runtime/spec/memory_policy_words.h"
#include "runtime/spec/mount_options.h"

namespace ocirt::plan {
namespace {

using spec::describe_attributes;
using spec::describe_propagation;

struct FlagName {
    std::uint64_t flag;
    const char* name;
};

constexpr FlagName namespace_flags[] = {{CLONE_NEWUSER, "user"},     {CLONE_NEWPID, "pid"},  {CLONE_NEWNET, "network"},
                                        {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUTS, "uts"},  {CLONE_NEWNS, "mount"},
                                        {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}};

constexpr const char* rlimit_names[] = {"cpu",      "fsize",  "data",    "stack", "core",  "rss",
                                        "nproc",    "nofile", "memlock", "as",    "locks", "sigpending",
                                        "msgqueue", "nice",   "rtprio",  "rttime"};

// linux/sched.h, linux/ioprio.h
constexpr const char* scheduler_policies[] = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",      "SCHED_BATCH",
                                              "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE"};
constexpr const char* io_classes[] = {"none", "real-time", "best-effort", "idle"};

std::string join(const std::vector<std::string>& words, const char* separator) {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text += separator;
        text += word;
    }
    return text;
}

std::string stage_name(std::uint32_t stage) {
    switch (static_cast<Stage>(stage)) {
        case Stage::setup: return "the plan itself";
        case Stage::maps: return "the user namespace's ID maps";
        case Stage::trees: return "the prepared mount trees";
        case Stage::cgroup: return "the cgroups to be made";
        case Stage::mounted: return "everything is mounted";
        case Stage::create_hooks: return "the hooks of the parent";
        case Stage::ready: return "only `start` is missing";
        case Stage::committed: return "the state to be on disk";
        case Stage::moved: return "moved to another process";
        case Stage::console: return "the terminal";
        case Stage::execute: return "the word to execute the program";
        case Stage::listener: return "the seccomp listener to be taken";
    }
    return "stage " + std::to_string(stage);
}

std::string in_parentheses(const std::string& text) { return text.empty() ? "" : " (" + text + ")"; }

std::string octal(std::uint32_t mode) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3) digits += static_cast<char>('0' + ((mode >> shift) & 7));
    return digits;
}

std::string limit(std::uint64_t value) { return value == RLIM_INFINITY ? "unlimited" : std::to_string(value); }

std::string count(std::uint64_t mask) {
    const int bits = std::popcount(mask);
    return bits == 0 ? "none" : std::to_string(bits);
}

std::string attribute_words(std::uint64_t set, std::uint64_t recursive_set, std::uint64_t propagation) {
    std::vector<std::string> words;
    if (const std::string text = describe_attributes(set); !text.empty()) words.push_back(text);
    if (const std::string text = describe_attributes(recursive_set); !text.empty())
        words.push_back("recursively " + text);
    if (propagation != 0) words.push_back(describe_propagation(propagation));
    return join(words, ", ");
}

// "0,2,3"
std::string number_list(const std::vector<std::uint64_t>& mask) {
    constexpr std::size_t word_bits = 64;
    std::vector<std::string> numbers;
    for (std::size_t number = 0; number < mask.size() * word_bits; ++number)
        if ((mask[number / word_bits] >> number % word_bits & 1) != 0) numbers.push_back(std::to_string(number));
    return join(numbers, ",");
}

struct Sentence {
    std::string operator()(const Unshare<Hosted>& s) const {
        return "make new namespaces: " + namespace_names(s.flags);
    }
    std::string operator()(const JoinNamespace<Hosted>& s) const {
        return "join the " + namespace_names(s.kind) + (std::popcount(s.kind) > 1 ? " namespaces" : " namespace");
    }
    std::string operator()(const BecomeRoot<Hosted>&) const { return "become root of the user namespace"; }
    std::string operator()(const Respawn<Hosted>& s) const {
        return s.flags == 0 ? "go on as a process inside the joined pid namespace"
                            : "go on as the first process of a new pid namespace";
    }
    std::string operator()(const SetTimeOffsets<Hosted>&) const {
        return "make a new time namespace with its clock offsets";
    }
    std::string operator()(const Await<Hosted>& s) const { return "wait for " + stage_name(s.stage); }
    std::string operator()(const Notify<Hosted>& s) const { return "report: " + stage_name(s.stage); }
    std::string operator()(const EnterCgroups<Hosted>& s) const {
        return "enter its cgroups in " + std::to_string(s.count) + " v1 hierarchies";
    }
    std::string operator()(const NewSession<Hosted>&) const { return "start a new session"; }
    std::string operator()(const JoinSessionKeyring<Hosted>& s) const { return "join a new session keyring " + s.name; }
    std::string operator()(const SetHostname<Hosted>& s) const { return "set the hostname to " + s.name; }
    std::string operator()(const SetDomainname<Hosted>& s) const { return "set the domain name to " + s.name; }
    std::string operator()(const RaiseLoopback<Hosted>&) const { return "bring the loopback interface up"; }
    std::string operator()(const SetPropagation<Hosted>& s) const {
        return "cut mount propagation back to the host (" + describe_propagation(s.flags) + ")";
    }
    std::string operator()(const OpenTree<Hosted>& s) const {
        return "open " + s.source + (s.recursive != 0 ? " with all mounts below it" : "") +
               in_parentheses(attribute_words(s.set, s.recursive_set, s.propagation));
    }
    std::string operator()(const AttachRoot<Hosted>&) const { return "attach the root filesystem"; }
    std::string operator()(const AttachMount<Hosted>& s) const { return "attach a prepared mount on " + s.target; }
    std::string operator()(const MountFs<Hosted>& s) const {
        std::string words = attribute_words(s.attributes, 0, s.propagation);
        if (!s.options.empty()) words += (words.empty() ? "" : ",") + join(s.options, ",");
        return "mount " + s.fstype + " on " + s.target + in_parentheses(words);
    }
    std::string operator()(const SetMountAttributes<Hosted>& s) const {
        if (s.set == MOUNT_ATTR_RDONLY && s.clear == 0 && s.propagation == 0 && s.recursive == 0)
            return "make the mount on " + s.path + " read-only";
        std::string words = attribute_words(s.set, 0, s.propagation);
        if (const std::string cleared = describe_attributes(s.clear & ~std::uint64_t{MOUNT_ATTR__ATIME});
            !cleared.empty())
            words += (words.empty() ? "not " : ", not ") + cleared;
        return "change the mount on " + s.path + (s.recursive != 0 ? " and all below it" : "") + in_parentheses(words);
    }
    std::string operator()(const LabelMount<Hosted>& s) const {
        return "give the mount on " + s.path + " the SELinux label " + s.label;
    }
    std::string operator()(const MakeDirectory<Hosted>& s) const { return "make the directory " + s.path; }
    std::string operator()(const MakeDevice<Hosted>& s) const {
        const char* type = s.type == S_IFBLK ? "block device " : s.type == S_IFIFO ? "FIFO " : "character device ";
        const std::string number =
            s.type == S_IFIFO ? "" : std::to_string(s.major) + ":" + std::to_string(s.minor) + " ";
        return "make the " + std::string(type) + number + s.path + in_parentheses("mode " + octal(s.mode));
    }
    std::string operator()(const MakeSymlink<Hosted>& s) const { return "link " + s.link + " to " + s.target; }
    std::string operator()(const WriteSysctl<Hosted>& s) const { return "set the sysctl " + s.key + " to " + s.value; }
    std::string operator()(const PivotRoot<Hosted>&) const {
        return "make the root filesystem \"/\" and let go of the host's";
    }
    std::string operator()(const MoveRoot<Hosted>&) const {
        return "move the root filesystem onto \"/\" (no pivot_root)";
    }
    std::string operator()(const EnterRoot<Hosted>&) const { return "chroot into the root filesystem"; }
    std::string operator()(const MaskPath<Hosted>& s) const { return "mask " + s.path; }
    std::string operator()(const ReadonlyPath<Hosted>& s) const { return "make " + s.path + " read-only"; }
    std::string operator()(const OpenConsole<Hosted>& s) const {
        return std::string("open a terminal and make it stdio") + (s.bind != 0 ? " and /dev/console" : "");
    }
    std::string operator()(const RunHook<Hosted>& s) const {
        return "run the hook " + s.path +
               (s.timeout_ms != 0 ? " for at most " + std::to_string(s.timeout_ms / 1000) + " s" : "");
    }
    std::string operator()(const ChangeDirectory<Hosted>& s) const {
        return "change to the working directory " + s.path +
               (s.as_user != 0 ? " as the user, if root was refused" : "");
    }
    std::string operator()(const FindHome<Hosted>& s) const {
        return "look up the home directory of user " + std::to_string(s.uid);
    }
    std::string operator()(const FindProgram<Hosted>& s) const { return "exec: \"" + s.name + "\""; }
    std::string operator()(const SetRlimit<Hosted>& s) const {
        const std::string name = s.resource < std::size(rlimit_names) ? rlimit_names[s.resource] : "?";
        return "limit " + name + " to " + limit(s.soft) + " (hard " + limit(s.hard) + ")";
    }
    std::string operator()(const SetUmask<Hosted>& s) const { return "set the umask to " + octal(s.mask); }
    std::string operator()(const SetNoNewPrivileges<Hosted>&) const { return "forbid new privileges"; }
    std::string operator()(const DropBounding<Hosted>& s) const {
        return "cut the bounding set down to " + count(s.keep);
    }
    std::string operator()(const OwnStdio<Hosted>& s) const { return "give stdio to user " + std::to_string(s.uid); }
    std::string operator()(const SetUser<Hosted>& s) const {
        std::string text = "become user " + std::to_string(s.uid) + ", group " + std::to_string(s.gid);
        for (std::size_t i = 0; i < s.groups.size(); ++i)
            text += (i == 0 ? " with groups " : ", ") + std::to_string(s.groups[i]);
        return text;
    }
    std::string operator()(const SetCapabilities<Hosted>& s) const {
        return "set capabilities: effective " + count(s.effective) + ", permitted " + count(s.permitted) +
               ", inheritable " + count(s.inheritable) + ", ambient " + count(s.ambient);
    }
    std::string operator()(const InstallSeccomp<Hosted>& s) const {
        return "install the seccomp filter" +
               in_parentheses(s.filter.empty() ? "" : std::to_string(s.filter.size() / 8) + " instructions");
    }
    std::string operator()(const AwaitStart<Hosted>&) const { return "wait for `start`"; }
    std::string operator()(const Exec<Hosted>& s) const { return "exec: \"" + join(s.args, " ") + "\""; }
    std::string operator()(const FindMount<Hosted>& s) const { return "find the mount on " + s.path; }
    std::string operator()(const Unmount<Hosted>&) const { return "unmount it"; }
    std::string operator()(const Leave<Hosted>&) const { return "leave the container"; }
    std::string operator()(const SetScheduler<Hosted>& s) const {
        const std::string name = s.policy < std::size(scheduler_policies) ? scheduler_policies[s.policy] : "?";
        std::string words;
        if (s.nice != 0) words = "nice " + std::to_string(static_cast<std::int32_t>(s.nice));
        if (s.priority != 0) words = "priority " + std::to_string(s.priority);
        if (s.runtime != 0) words = std::to_string(s.runtime) + " ns of every " + std::to_string(s.period) + " ns";
        return "schedule as " + name + in_parentheses(words);
    }
    std::string operator()(const SetCpuAffinity<Hosted>& s) const { return "run on the CPUs " + number_list(s.cpus); }
    std::string operator()(const SetPersonality<Hosted>& s) const {
        return std::string("set the execution domain to ") + (s.domain == PER_LINUX32 ? "LINUX32" : "LINUX");
    }
    std::string operator()(const SetMemoryPolicy<Hosted>& s) const {
        std::string words = s.nodes.empty() ? "" : "nodes " + number_list(s.nodes);
        for (const auto& flag : spec::memory_policy_flags)
            if ((s.mode & static_cast<std::uint32_t>(flag.value)) != 0)
                words += (words.empty() ? "" : ", ") + std::string(flag.name);
        std::string name = "?";
        for (const auto& mode : spec::memory_policy_modes)
            if (static_cast<std::uint32_t>(mode.value) == (s.mode & ~std::uint32_t{MPOL_MODE_FLAGS})) name = mode.name;
        return "set the memory policy " + name + in_parentheses(words);
    }
    std::string operator()(const SetLabel<Hosted>& s) const {
        if (s.attribute == "keycreate") return s.label.empty() ? "label keys no more" : "label keys with " + s.label;
        const std::string_view command = "exec ";
        if (s.attribute == "exec") return "take the SELinux label " + s.label + " with the program";
        return "take the AppArmor profile " + s.label.substr(std::min(command.size(), s.label.size())) +
               " with the program";
    }
    std::string operator()(const SetIoPriority<Hosted>& s) const {
        const std::string name = s.io_class < std::size(io_classes) ? io_classes[s.io_class] : "?";
        return "set the I/O priority to " + name + " " + std::to_string(s.priority);
    }
};

}  // namespace

std::string namespace_names(std::uint64_t clone_flags) {
    std::vector<std::string> names;
    for (const FlagName& entry : namespace_flags)
        if ((clone_flags & entry.flag) != 0) names.emplace_back(entry.name);
    return join(names, ", ");
}

std::string sentence(const Action& action) { return std::visit(Sentence{}, action); }

}  // namespace ocirt::plan
