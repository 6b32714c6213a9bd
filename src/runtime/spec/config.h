// config.json as typed values: one struct for each object of the OCI runtime-spec 1.3 (config.md, config-linux.md).
//
// A value of these types has been parsed and validated: numbers are in range, paths that the spec wants absolute are,
// words are of the spec's lists. Optional members that the file does not name are std::nullopt or empty.
// Names are the spec's own, in snake case. Platforms other than Linux are accepted in the file and not kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ocirt::spec {

// crun's annotation: the caller's supplementary groups stay, as `podman run --group-add keep-groups` asks for it.
inline constexpr std::string_view keep_original_groups = "run.oci.keep_original_groups";

// In the order of the file, which is the order in which sysctls are written.
using StringMap = std::vector<std::pair<std::string, std::string>>;

struct IdMapping {
    std::uint32_t container_id = 0;
    std::uint32_t host_id = 0;
    std::uint32_t size = 0;
    friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

// The host's id for the container's; none where no entry maps it.
[[nodiscard]] inline std::optional<std::uint32_t> host_id_of(std::uint32_t id, const std::vector<IdMapping>& mappings) {
    for (const IdMapping& mapping : mappings)
        if (id >= mapping.container_id && id - mapping.container_id < mapping.size)
            return mapping.host_id + (id - mapping.container_id);
    return std::nullopt;
}

struct Root {
    std::string path;  // as written: absolute, or relative to the bundle
    bool readonly = false;
};

struct Mount {
    std::string destination;  // as written; a relative one is taken from "/" (with a warning)
    std::string type;         // may be empty for a bind mount
    std::string source;       // as written; a relative bind source is relative to the bundle
    std::vector<std::string> options;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
};

struct User {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::optional<std::uint32_t> umask;
    std::vector<std::uint32_t> additional_gids;
};

struct ConsoleSize {
    std::uint16_t height = 0;
    std::uint16_t width = 0;
};

// Capability sets as written ("CAP_CHOWN"); names are resolved by security/capabilities.
struct Capabilities {
    std::vector<std::string> bounding;
    std::vector<std::string> effective;
    std::vector<std::string> inheritable;
    std::vector<std::string> permitted;
    std::vector<std::string> ambient;
};

struct Rlimit {
    int resource = 0;  // RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

struct Scheduler {
    std::uint32_t policy = 0;  // SCHED_*
    std::int32_t nice = 0;
    std::int32_t priority = 0;
    std::uint64_t flags = 0;  // SCHED_FLAG_*
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};

struct IoPriority {
    int io_class = 0;  // IOPRIO_CLASS_*
    int priority = 0;
};

struct ExecCpuAffinity {
    std::string initial;
    std::string final;
};

struct Process {
    bool terminal = false;
    std::optional<ConsoleSize> console_size;
    User user;
    std::vector<std::string> args;
    std::vector<std::string> env;
    std::string cwd;
    std::optional<Capabilities> capabilities;
    std::vector<Rlimit> rlimits;
    bool no_new_privileges = false;
    std::string apparmor_profile;
    std::optional<int> oom_score_adj;
    std::string selinux_label;
    std::optional<Scheduler> scheduler;
    std::optional<IoPriority> io_priority;
    std::optional<ExecCpuAffinity> exec_cpu_affinity;
};

struct Hook {
    std::string path;
    std::vector<std::string> args;  // args[0] included, as the spec has it
    std::vector<std::string> env;
    std::optional<std::chrono::seconds> timeout;
};

struct Hooks {
    std::vector<Hook> prestart;
    std::vector<Hook> create_runtime;
    std::vector<Hook> create_container;
    std::vector<Hook> start_container;
    std::vector<Hook> poststart;
    std::vector<Hook> poststop;
};

enum class NamespaceKind { pid, network, mount, ipc, uts, user, cgroup, time };

struct Namespace {
    NamespaceKind kind{};
    std::string path;  // empty: a new one
};

enum class DeviceType : char { character = 'c', block = 'b', fifo = 'p', any = 'a' };

struct Device {
    std::string path;
    DeviceType type = DeviceType::character;  // "u" is read as character
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::optional<std::uint32_t> file_mode;  // permission bits
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

struct NetDevice {
    std::string host_name;
    std::string name;  // in the container; the host's when empty
};

struct TimeOffset {
    std::int64_t secs = 0;
    std::uint32_t nanosecs = 0;
};

struct DeviceRule {
    bool allow = false;
    DeviceType type = DeviceType::any;
    std::optional<std::uint32_t> major;  // nullopt: every one (also written -1)
    std::optional<std::uint32_t> minor;
    std::string access;  // of "rwm"; empty in the file means all three
};

struct Memory {
    std::optional<std::int64_t> limit;  // bytes; -1: no limit
    std::optional<std::int64_t> reservation;
    std::optional<std::int64_t> swap;  // memory and swap together
    std::optional<std::int64_t> kernel;
    std::optional<std::int64_t> kernel_tcp;
    std::optional<std::uint64_t> swappiness;
    std::optional<bool> disable_oom_killer;
    std::optional<bool> use_hierarchy;
    std::optional<bool> check_before_update;
};

struct Cpu {
    std::optional<std::uint64_t> shares;
    std::optional<std::int64_t> quota;   // microseconds; -1: none
    std::optional<std::uint64_t> burst;  // microseconds
    std::optional<std::uint64_t> period;
    std::optional<std::int64_t> realtime_runtime;
    std::optional<std::uint64_t> realtime_period;
    std::string cpus;
    std::string mems;
    std::optional<std::int64_t> idle;
};

struct WeightDevice {
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;
};

struct ThrottleDevice {
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::uint64_t rate = 0;  // bytes or operations a second
};

struct BlockIo {
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;
    std::vector<WeightDevice> weight_device;
    std::vector<ThrottleDevice> throttle_read_bps_device;
    std::vector<ThrottleDevice> throttle_write_bps_device;
    std::vector<ThrottleDevice> throttle_read_iops_device;
    std::vector<ThrottleDevice> throttle_write_iops_device;
};

struct HugepageLimit {
    std::string page_size;  // "2MB"
    std::uint64_t limit = 0;
};

struct InterfacePriority {
    std::string name;
    std::uint32_t priority = 0;
};

struct Network {
    std::optional<std::uint32_t> class_id;
    std::vector<InterfacePriority> priorities;
};

struct Rdma {
    std::string device;
    std::optional<std::uint32_t> hca_handles;
    std::optional<std::uint32_t> hca_objects;
};

struct Resources {
    std::vector<DeviceRule> devices;
    std::optional<Memory> memory;
    std::optional<Cpu> cpu;
    std::optional<std::int64_t> pids_limit;  // below 0: no limit; so is 0 in a config of before 1.3
    std::optional<BlockIo> block_io;
    std::vector<HugepageLimit> hugepage_limits;
    std::optional<Network> network;
    std::vector<Rdma> rdma;
    StringMap unified;
};

enum class SeccompOperator { not_equal, less, less_or_equal, equal, greater_or_equal, greater, masked_equal };

struct SeccompArg {
    std::uint32_t index = 0;
    std::uint64_t value = 0;
    std::uint64_t value_two = 0;
    SeccompOperator op{};
};

enum class SeccompAction { kill_thread, kill_process, trap, errno_, trace, allow, log, notify };

struct SeccompSyscall {
    std::vector<std::string> names;
    SeccompAction action{};
    std::optional<std::uint32_t> errno_ret;
    std::vector<SeccompArg> args;
};

struct Seccomp {
    SeccompAction default_action{};
    std::optional<std::uint32_t> default_errno_ret;
    std::vector<std::string> architectures;  // SCMP_ARCH_*, of the spec's list
    // SECCOMP_FILTER_FLAG_*, of the spec's list. Absent is not empty: absent means the runtime's default.
    std::optional<std::vector<std::string>> flags;
    std::string listener_path;
    std::string listener_metadata;
    std::vector<SeccompSyscall> syscalls;
};

enum class RootfsPropagation { shared, slave, private_, unbindable };

struct IntelRdt {
    std::string clos_id;
    std::vector<std::string> schemata;
    std::string l3_cache_schema;
    std::string mem_bw_schema;
    bool enable_monitoring = false;
};

struct Personality {
    std::uint32_t domain = 0;  // PER_*
};

struct MemoryPolicy {
    int mode = 0;  // MPOL_*
    std::string nodes;
    int flags = 0;  // MPOL_F_*
};

struct Linux {
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
    StringMap sysctl;
    std::optional<Resources> resources;
    std::string cgroups_path;
    std::vector<Namespace> namespaces;
    std::vector<Device> devices;
    std::vector<NetDevice> net_devices;
    std::optional<Seccomp> seccomp;
    std::optional<RootfsPropagation> rootfs_propagation;
    std::vector<std::string> masked_paths;
    std::vector<std::string> readonly_paths;
    std::string mount_label;
    std::optional<IntelRdt> intel_rdt;
    std::optional<Personality> personality;
    std::optional<MemoryPolicy> memory_policy;
    std::vector<std::pair<std::string, TimeOffset>> time_offsets;  // "monotonic", "boottime"

    [[nodiscard]] const Namespace* find(NamespaceKind kind) const {
        for (const Namespace& ns : namespaces)
            if (ns.kind == kind) return &ns;
        return nullptr;
    }
};

struct Config {
    std::string oci_version;
    std::optional<Root> root;
    std::vector<Mount> mounts;
    std::optional<Process> process;
    std::string hostname;
    std::string domainname;
    Hooks hooks;
    StringMap annotations;
    Linux linux;
};

}  // namespace ocirt::spec
