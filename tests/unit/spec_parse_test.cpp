// Bad values, field by field: one value of a good config is replaced, and the finding must name it.
#include "runtime/spec/parse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ocirt::spec {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* good = R"({
    "ociVersion": "1.3.0",
    "root": {"path": "rootfs"},
    "hostname": "h",
    "process": {"args": ["sh"], "cwd": "/", "env": ["A=b"], "user": {"uid": 1, "gid": 2}},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "ipc"}, {"type": "network"},
                             {"type": "time"}], "resources": {}}
})";

struct Case {
    const char* where;    // a JSON pointer into `good`
    const char* value;    // JSON to put there; nullptr: take away what is there
    const char* pointer;  // of the finding
    const char* message;  // a part of it
};

// The new value goes into the text as it is written here: 1e3 and numbers of any size stay what they are.
std::string changed(const Case& change) {
    constexpr std::string_view mark = "\"@\"";
    Json config = Json::parse(good);
    const Json::json_pointer where(change.where);
    if (change.value) {
        config[where] = "@";
    } else {
        Json& parent = config[where.parent_pointer()];
        parent.is_array() ? parent.erase(std::stoul(where.back())) : void(parent.erase(where.back()));
    }
    std::string text = config.dump(1);
    if (change.value) text.replace(text.find(mark), mark.size(), change.value);
    return text;
}

std::string all(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) text += render(finding, "config.json") + "\n";
    return text;
}

// One finding of this severity at this pointer, and no error beside it.
void expect_one(const Case& wanted, Severity severity) {
    const std::string text = changed(wanted);
    SCOPED_TRACE(std::string(wanted.where) + " = " + (wanted.value ? wanted.value : "(none)"));
    const JsonDocument document = JsonDocument::parse(text);
    const Parsed parsed = parse(document);
    EXPECT_EQ(parsed.ok(), severity == Severity::warning);
    ASSERT_EQ(parsed.findings.size(), 1U) << all(parsed.findings);
    const Finding& finding = parsed.findings.front();
    EXPECT_EQ(finding.pointer, wanted.pointer);
    EXPECT_EQ(finding.severity, severity);
    EXPECT_NE(finding.message.find(wanted.message), std::string::npos) << finding.message;
    const JsonPosition position = document.position(std::string_view(finding.pointer));
    EXPECT_EQ(finding.line, position.line);
}

TEST(SpecParse, TakesTheGoodConfigWithoutAWord) {
    const Parsed parsed = parse(JsonDocument::parse(good));
    EXPECT_TRUE(parsed.findings.empty()) << all(parsed.findings);
    EXPECT_EQ(parsed.value.process->user.uid, 1U);
    EXPECT_EQ(parsed.value.linux.namespaces.size(), 5U);
}

constexpr Case top[] = {
    {"/ociVersion", nullptr, "/ociVersion", "is missing"},
    {"/ociVersion", "1", "/ociVersion", "expected a string, found an integer"},
    {"/ociVersion", R"("1.0")", "/ociVersion", "is not a version"},
    {"/ociVersion", R"("v1.0.0")", "/ociVersion", "is not a version"},
    {"/ociVersion", R"("1.0.0-")", "/ociVersion", "is not a version"},
    {"/ociVersion", R"("1.00.0")", "/ociVersion", "is not a version"},
    {"/ociVersion", R"("")", "/ociVersion", "is not a version"},
    {"/ociVersion", R"("99999999999.0.0")", "/ociVersion", "is not a version"},
    {"/ociVersion", R"("2.0.0")", "/ociVersion", "\"2.0.0\" is not supported: ocirt knows 1.0.0 to 1.3.0"},
    {"/root", nullptr, "/root", "is missing"},
    {"/root", "null", "/root", "is missing"},
    {"/root/path", nullptr, "/root/path", "is missing"},
    {"/root/path", R"("")", "/root/path", "is empty"},
    {"/root/readonly", R"("true")", "/root/readonly", "expected true or false, found a string"},
    {"/hostname", "[]", "/hostname", "expected a string, found an array"},
    {"/annotations", R"({"a": 1})", "/annotations/a", "expected a string"},
    {"/annotations", R"({"": "x"})", "/annotations/", "has an empty key"},
    {"/mounts", "{}", "/mounts", "expected an array, found an object"},
    {"/mounts/0", "null", "/mounts/0", "expected an object, found null"},
    {"/mounts/0/destination", nullptr, "/mounts/0/destination", "is missing"},
    {"/mounts/0/destination", R"("")", "/mounts/0/destination", "is empty"},
    {"/mounts/0/options", R"(["ro", 1])", "/mounts/0/options/1", "expected a string, found an integer"},
    {"/mounts/0/uidMappings", R"([{"containerID": 0, "hostID": 0, "size": 1}])", "/mounts/0",
     "needs both uidMappings and gidMappings"},
    {"/hooks", R"({"prestart": [{}]})", "/hooks/prestart/0/path", "is missing"},
    {"/hooks", R"({"poststop": [{"path": "bin/x"}]})", "/hooks/poststop/0/path", "\"bin/x\" is not an absolute path"},
    {"/hooks", R"({"poststop": [{"path": "/x", "timeout": 0}]})", "/hooks/poststop/0/timeout",
     "0 is out of range 1..2147483647"},
    {"/hooks", R"({"createRuntime": [{"path": "/x", "env": ["A"]}]})", "/hooks/createRuntime/0/env/0", "has no '='"},
    {"/linux", "[]", "/linux", "expected an object, found an array"},
};

constexpr Case process[] = {
    {"/process/cwd", nullptr, "/process/cwd", "is missing"},
    {"/process/cwd", R"("work")", "/process/cwd", "\"work\" is not an absolute path"},
    {"/process/cwd", R"("")", "/process/cwd", "is empty"},
    {"/process/args", nullptr, "/process/args", "is missing"},
    {"/process/args", "[]", "/process/args", "is empty"},
    {"/process/args", R"("sh")", "/process/args", "expected an array of strings, found a string"},
    {"/process/args/0", "null", "/process/args/0", "expected a string, found null"},
    {"/process/env/0", R"("HOSTSECRET")", "/process/env/0", "\"HOSTSECRET\" has no '='"},
    {"/process/env/0", R"("=x")", "/process/env/0", "has no name"},
    {"/process/env/0", R"("")", "/process/env/0", "has no '='"},
    {"/process/user/uid", "-1", "/process/user/uid", "-1 is out of range 0..4294967294"},
    {"/process/user/uid", "4294967295", "/process/user/uid", "4294967295 is out of range"},
    {"/process/user/gid", "4294967296", "/process/user/gid", "4294967296 is out of range"},
    {"/process/user/gid", "99999999999999999999", "/process/user/gid", "is out of range"},
    {"/process/user/uid", R"("0")", "/process/user/uid", "expected an integer, found a string"},
    {"/process/user/additionalGids", "[5, -6]", "/process/user/additionalGids/1", "-6 is out of range"},
    {"/process/user/umask", "512", "/process/user/umask", "512 is out of range 0..511"},
    {"/process/terminal", "1", "/process/terminal", "expected true or false"},
    {"/process/consoleSize", R"({"height": 24})", "/process/consoleSize/width", "is missing"},
    {"/process/consoleSize", R"({"height": 24, "width": 65536})", "/process/consoleSize/width",
     "out of range 0..65535"},
    {"/process/oomScoreAdj", "1001", "/process/oomScoreAdj", "1001 is out of range -1000..1000"},
    {"/process/oomScoreAdj", "-9223372036854775809", "/process/oomScoreAdj", "is out of range"},
    {"/process/oomScoreAdj", "9223372036854775808", "/process/oomScoreAdj", "is out of range"},
    {"/process/capabilities", R"({"bounding": [7]})", "/process/capabilities/bounding/0", "expected a string"},
    {"/process/rlimits", R"([{"type": "RLIMIT_NOFILES", "soft": 1, "hard": 1}])", "/process/rlimits/0/type",
     "did you mean \"RLIMIT_NOFILE\"?"},
    {"/process/rlimits", R"([{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}])", "/process/rlimits/0",
     "soft limit 2 is above the hard limit 1"},
    {"/process/rlimits", R"([{"type": "RLIMIT_CORE", "hard": 1}])", "/process/rlimits/0/soft", "is missing"},
    {"/process/rlimits",
     R"([{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}, {"type": "RLIMIT_CORE", "soft": 1, "hard": 1}])",
     "/process/rlimits/1", "limits a resource that has been limited before"},
    {"/process/scheduler", R"({"nice": 1})", "/process/scheduler/policy", "is missing"},
    {"/process/scheduler", R"({"policy": "SCHED_FIFFO"})", "/process/scheduler/policy", "did you mean \"SCHED_FIFO\"?"},
    {"/process/scheduler", R"({"policy": "SCHED_OTHER", "nice": 20})", "/process/scheduler/nice", "-20..19"},
    {"/process/scheduler", R"({"policy": "SCHED_OTHER", "priority": 1})", "/process/scheduler", "priority is for"},
    {"/process/scheduler", R"({"policy": "SCHED_RR", "runtime": 1})", "/process/scheduler", "SCHED_DEADLINE only"},
    {"/process/scheduler", R"({"policy": "SCHED_RR", "flags": ["X"]})", "/process/scheduler/flags/0",
     "is not a scheduling flag"},
    {"/process/ioPriority", R"({"class": "IOPRIO_CLASS_RT", "priority": 8})", "/process/ioPriority/priority", "0..7"},
    {"/process/ioPriority", R"({"class": "RT"})", "/process/ioPriority/class", "is not an I/O priority class"},
    {"/process/execCPUAffinity", R"({"initial": "0-"})", "/process/execCPUAffinity/initial",
     "is not a number or a range"},
    {"/process/execCPUAffinity", R"({"final": "0-8192"})", "/process/execCPUAffinity/final", "8191"},
};

constexpr Case linux_object[] = {
    {"/linux/namespaces/0/type", R"("mnt")", "/linux/namespaces/0/type", "\"mnt\" is not a namespace type"},
    {"/linux/namespaces/3/type", R"("netwrk")", "/linux/namespaces/3/type", "did you mean \"network\"?"},
    {"/linux/namespaces/0/type", nullptr, "/linux/namespaces/0/type", "is missing"},
    {"/linux/namespaces/1/type", R"("mount")", "/linux/namespaces/1", "of the same type as a namespace before it"},
    {"/linux/namespaces/3/path", R"("proc/1/ns/net")", "/linux/namespaces/3/path", "is not an absolute path"},
    {"/linux/uidMappings", "{}", "/linux/uidMappings", "expected an array"},
    {"/linux/devices", R"([{"type": "d", "path": "/dev/x"}])", "/linux/devices/0/type", "is not a device type"},
    {"/linux/devices", R"([{"type": "c", "path": "/dev/x", "minor": 1}])", "/linux/devices/0/major", "is missing"},
    {"/linux/devices", R"([{"type": "c", "path": "x", "major": 1, "minor": 1}])", "/linux/devices/0/path", "absolute"},
    {"/linux/devices", R"([{"type": "c", "path": "/x", "major": 4096, "minor": 1}])", "/linux/devices/0/major",
     "0..4095"},
    {"/linux/devices", R"([{"type": "p", "path": "/x", "fileMode": 65536}])", "/linux/devices/0/fileMode", "0..65535"},
    {"/linux/netDevices", R"({"eth0": {"name": 23}})", "/linux/netDevices/eth0/name", "expected a string"},
    {"/linux/netDevices", R"({"eth0": {"name": "a/b"}})", "/linux/netDevices/eth0/name",
     "not a network interface name"},
    {"/linux/netDevices", R"({"a234567890123456": {}})", "/linux/netDevices/a234567890123456",
     "not a network interface"},
    {"/linux/netDevices", R"({"a": {"name": "b"}, "b": {}})", "/linux/netDevices/b", "two devices get the name \"b\""},
    {"/linux/rootfsPropagation", R"("shard")", "/linux/rootfsPropagation", "did you mean \"shared\"?"},
    {"/linux/maskedPaths", R"(["/a", "proc/b"])", "/linux/maskedPaths/1", "is not an absolute path"},
    {"/linux/readonlyPaths", R"([""])", "/linux/readonlyPaths/0", "is empty"},
    {"/linux/cgroupsPath", R"("/a/../../b")", "/linux/cgroupsPath", "has \"..\" in it"},
    {"/linux/cgroupsPath", R"("..")", "/linux/cgroupsPath", "has \"..\" in it"},
    {"/linux/personality", R"({"domain": "BSD"})", "/linux/personality/domain", "expected LINUX or LINUX32"},
    {"/linux/personality", R"({"domain": "LINUX", "flags": ["x"]})", "/linux/personality/flags",
     "no personality flags"},
    {"/linux/timeOffsets", R"({"realtime": {}})", "/linux/timeOffsets/realtime", "expected monotonic or boottime"},
    {"/linux/timeOffsets", R"({"boottime": {"nanosecs": 1000000000}})", "/linux/timeOffsets/boottime/nanosecs",
     "range"},
    {"/linux/intelRdt", R"({"closID": "../x"})", "/linux/intelRdt/closID", "is not the name of a directory"},
    {"/linux/intelRdt", R"({"schemata": ["L3:0=1\nMB:0=9"]})", "/linux/intelRdt/schemata", "line break"},
    {"/linux/intelRdt", R"({"l3CacheSchema": "L3:0=1\nMB:0=9"})", "/linux/intelRdt/l3CacheSchema", "is not one line"},
    {"/linux/intelRdt", R"({"memBwSchema": "L3:0=1"})", "/linux/intelRdt/memBwSchema", "starts with \"MB:\""},
    {"/linux/memoryPolicy", R"({"nodes": "0"})", "/linux/memoryPolicy/mode", "is missing"},
    {"/linux/memoryPolicy", R"({"mode": "MPOL_BIND"})", "/linux/memoryPolicy/nodes", "needs nodes"},
    {"/linux/memoryPolicy", R"({"mode": "MPOL_LOCAL", "nodes": "0"})", "/linux/memoryPolicy/nodes", "takes no nodes"},
    {"/linux/memoryPolicy",
     R"({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]})",
     "/linux/memoryPolicy/flags", "exclude each other"},
};

constexpr Case resources[] = {
    {"/linux/resources", "3", "/linux/resources", "expected an object, found an integer"},
    {"/linux/resources/devices", R"([{"access": "rwm"}])", "/linux/resources/devices/0/allow", "is missing"},
    {"/linux/resources/devices", R"([{"allow": true, "type": "p"}])", "/linux/resources/devices/0/type",
     "expected a, b or c"},
    {"/linux/resources/devices", R"([{"allow": true, "access": "rx"}])", "/linux/resources/devices/0/access",
     "is not made of"},
    {"/linux/resources/devices", R"([{"allow": true, "major": -2}])", "/linux/resources/devices/0/major", "-1..4095"},
    {"/linux/resources/memory", R"({"limit": 1e3})", "/linux/resources/memory/limit",
     "1e3 is written with a fraction or an exponent: expected an integer"},
    {"/linux/resources/memory", R"({"limit": 1.0})", "/linux/resources/memory/limit", "fraction or an exponent"},
    {"/linux/resources/memory", R"({"limit": -2})", "/linux/resources/memory/limit", "-2 is out of range -1.."},
    {"/linux/resources/memory", R"({"limit": 9223372036854775808})", "/linux/resources/memory/limit", "out of range"},
    {"/linux/resources/memory", R"({"swappiness": 101})", "/linux/resources/memory/swappiness", "0..100"},
    {"/linux/resources/memory", R"({"limit": 20, "swap": 10})", "/linux/resources/memory", "is below limit"},
    {"/linux/resources/memory", R"({"disableOOMKiller": 0})", "/linux/resources/memory/disableOOMKiller",
     "true or false"},
    {"/linux/resources/cpu", R"({"shares": -1})", "/linux/resources/cpu/shares",
     "out of range 0..18446744073709551615"},
    {"/linux/resources/cpu", R"({"quota": -2})", "/linux/resources/cpu/quota", "out of range"},
    {"/linux/resources/cpu", R"({"idle": 2})", "/linux/resources/cpu/idle", "0..1"},
    {"/linux/resources/cpu", R"({"cpus": "0-3,x"})", "/linux/resources/cpu/cpus", "\"x\" is not a number or a range"},
    {"/linux/resources/cpu", R"({"mems": "3-0"})", "/linux/resources/cpu/mems", "\"3-0\" is not a number or a range"},
    {"/linux/resources/pids", R"({"limit": "1"})", "/linux/resources/pids/limit", "expected an integer"},
    {"/linux/resources/blockIO", R"({"weight": 65536})", "/linux/resources/blockIO/weight", "0..65535"},
    {"/linux/resources/blockIO", R"({"weightDevice": [{"major": 8, "weight": 5}]})",
     "/linux/resources/blockIO/weightDevice/0/minor", "is missing"},
    {"/linux/resources/blockIO", R"({"weightDevice": [{"major": 8, "minor": 0}]})",
     "/linux/resources/blockIO/weightDevice/0", "neither weight nor leafWeight"},
    {"/linux/resources/blockIO", R"({"throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": -1}]})",
     "/linux/resources/blockIO/throttleReadIOPSDevice/0/rate", "out of range"},
    {"/linux/resources/hugepageLimits", R"([{"pageSize": "64kB", "limit": 1}])",
     "/linux/resources/hugepageLimits/0/pageSize", "is not a page size"},
    {"/linux/resources/hugepageLimits", R"([{"pageSize": "02MB", "limit": 1}])",
     "/linux/resources/hugepageLimits/0/pageSize", "is not a page size"},
    {"/linux/resources/hugepageLimits", R"([{"pageSize": "MB", "limit": 1}])",
     "/linux/resources/hugepageLimits/0/pageSize", "is not a page size"},
    {"/linux/resources/hugepageLimits", R"([{"pageSize": "2MB"}])", "/linux/resources/hugepageLimits/0/limit",
     "missing"},
    {"/linux/resources/network", R"({"classID": 4294967296})", "/linux/resources/network/classID", "out of range"},
    {"/linux/resources/network", R"({"priorities": [{"name": "eth0"}]})",
     "/linux/resources/network/priorities/0/priority", "is missing"},
    {"/linux/resources/rdma", R"({"mlx5_1": {}})", "/linux/resources/rdma/mlx5_1", "neither hcaHandles nor hcaObjects"},
    {"/linux/resources/rdma", R"({"mlx5_1": {"hcaHandles": "x"}})", "/linux/resources/rdma/mlx5_1/hcaHandles",
     "integer"},
    {"/linux/resources/unified", R"({"memory.high": 1})", "/linux/resources/unified/memory.high", "expected a string"},
    {"/linux/resources/unified", R"({"../x": "1"})", "/linux/resources/unified/..~1x", "is not the name of a file"},
};

constexpr Case seccomp[] = {
    {"/linux/seccomp", "{}", "/linux/seccomp/defaultAction", "is missing"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ERNO"})", "/linux/seccomp/defaultAction",
     "did you mean \"SCMP_ACT_ERRNO\"?"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1})", "/linux/seccomp/defaultErrnoRet",
     "is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE only"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096})",
     "/linux/seccomp/defaultErrnoRet", "out of range 0..4095"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86-64"]})",
     "/linux/seccomp/architectures/0", "did you mean \"SCMP_ARCH_X86_64\"?"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]})",
     "/linux/seccomp/flags/0", "is not a seccomp flag"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_NOTIFY"})", "/linux/seccomp", "needs listenerPath"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"})",
     "/linux/seccomp/listenerMetadata", "listenerPath names none"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "x.sock"})",
     "/linux/seccomp/listenerPath", "is not an absolute path"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_LOG", "names": []}]})",
     "/linux/seccomp/syscalls/0/names", "is empty"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_LOG", "names": ["x"],
     "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})",
     "/linux/seccomp/syscalls/0/args/0/index", "0..5"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_LOG", "names": ["x"],
     "args": [{"index": 0, "value": 1, "op": "=="}]}]})",
     "/linux/seccomp/syscalls/0/args/0/op", "expected SCMP_CMP_NE"},
};

constexpr Case between_members[] = {
    {"/linux/namespaces/1", nullptr, "/hostname", "needs a namespace of type uts"},
    {"/linux/uidMappings", R"([{"containerID": 0, "hostID": 0, "size": 1}])", "/linux/uidMappings", "type user"},
    {"/linux/sysctl", R"({"kernel.core_pattern": "x"})", "/linux/sysctl/kernel.core_pattern", "is of the whole host"},
    {"/linux/sysctl", R"({"net/ipv4/../../kernel/core_pattern": "x"})",
     "/linux/sysctl/net~1ipv4~1..~1..~1kernel~1core_pattern", "is not the name of a sysctl"},
    {"/linux/sysctl", R"({"kernel..sem": "x"})", "/linux/sysctl/kernel..sem", "is not the name of a sysctl"},
    {"/linux/sysctl", R"({"net.a.b": 1})", "/linux/sysctl/net.a.b", "expected a string"},
    {"/linux/sysctl", R"({"kernel.hostname": "x"})", "/linux/sysctl/kernel.hostname", "contradicts /hostname"},
    {"/linux/sysctl", R"({"net.a.b": "1", "net/a/b": "2"})", "/linux/sysctl", "net/a/b is set twice"},
};

TEST(SpecParse, NamesEveryBadValue) {
    for (const Case& bad : top) expect_one(bad, Severity::error);
    for (const Case& bad : process) expect_one(bad, Severity::error);
    for (const Case& bad : linux_object) expect_one(bad, Severity::error);
    for (const Case& bad : resources) expect_one(bad, Severity::error);
    for (const Case& bad : seccomp) expect_one(bad, Severity::error);
}

TEST(SpecParse, NamesWhatDoesNotGoTogether) {
    for (const Case& bad : between_members) expect_one(bad, Severity::error);
}

TEST(SpecParse, WarnsWhereNothingIsLost) {
    constexpr Case warned[] = {
        {"/ociVersion", R"("1.4.0")", "/ociVersion", "is newer than ocirt's 1.3.0"},
        {"/ociVersion", R"("0.5.0-dev")", "/ociVersion", "is a draft of the spec"},
        {"/process", nullptr, "/process", "is missing"},
        {"/mounts/0/destination", R"("proc")", "/mounts/0/destination", "is relative"},
        {"/ociversion", R"("1.0.0")", "/ociversion", "did you mean \"ociVersion\"?"},
        {"/process/noNewPrivilege", "true", "/process/noNewPrivilege", "did you mean \"noNewPrivileges\"?"},
        {"/process/capabilities", R"({"bounding": ["CAP_FLY"]})", "/process/capabilities/bounding/0",
         "not a capability"},
        {"/process/capabilities", R"({"bounding": ["chown"]})", "/process/capabilities/bounding/0", "not a capability"},
        {"/linux/resources/memory", R"({"kernel": 1})", "/linux/resources/memory/kernel", "are ignored"},
        {"/linux/resources/memory", R"({"kernelTCP": 1})", "/linux/resources/memory/kernelTCP", "cgroup v1 only"},
        {"/linux/resources/pids", "{}", "/linux/resources/pids", "says nothing without limit"},
        {"/vm", "{}", "/vm", "is ignored"},
        {"/linux/namespaces/0", nullptr, "/mounts", "are made on the host"},
    };
    for (const Case& warning : warned) expect_one(warning, Severity::warning);
}

TEST(SpecParse, TakesWhatTheSpecAndEnginesAllow) {
    constexpr Case taken[] = {
        {"/ociVersion", R"("1.0.2-dev")", "", ""},
        {"/ociVersion", R"("1.2.1+dev")", "", ""},
        {"/mounts", "null", "", ""},
        {"/somethingElseEntirely", R"({"a": [1.5]})", "", ""},
        {"/process/user/uid", "2147483648", "", ""},
        {"/process/user/uid", "4294967294", "", ""},
        {"/process/user/umask", "511", "", ""},
        {"/process/env/0", R"("A=b\nB=1")", "", ""},
        {"/process/env/0", R"("A=")", "", ""},
        {"/linux/rootfsPropagation", R"("rslave")", "", ""},
        {"/linux/cgroupsPath", R"("system.slice:docker:0123..4")", "", ""},
        {"/linux/devices", R"([{"type": "c", "path": "/dev/x", "major": 10, "minor": 229, "fileMode": 8624}])", "", ""},
        {"/linux/devices", R"([{"type": "p", "path": "/x"}])", "", ""},
        {"/linux/resources/devices", R"([{"allow": true, "type": "c", "major": -1, "minor": 5}])", "", ""},
        {"/linux/resources/cpu", R"({"cpus": "0-3, 7,8-15:2/4,", "mems": "", "quota": -1, "idle": 1})", "", ""},
        {"/linux/resources/hugepageLimits", R"([{"pageSize": "1GB", "limit": 9223372036854772000}])", "", ""},
        {"/linux/sysctl", R"({"net.ipv4.ip_forward": "1", "kernel.sem": "1 2 3 4", "fs.mqueue.msg_max": "9"})", "", ""},
        {"/linux/sysctl", R"({"net/ipv4/conf/eth0.1/forwarding": "1+kernel.core_pattern=x"})", "", ""},
        {"/linux/sysctl", R"({"kernel.domainname": "x"})", "", ""},
        {"/windows", "{}", "", ""},
    };
    for (const Case& change : taken) {
        const Parsed parsed = parse(JsonDocument::parse(changed(change)));
        EXPECT_TRUE(parsed.findings.empty()) << change.where << " = " << change.value << "\n" << all(parsed.findings);
    }
}

TEST(SpecParse, ChecksIdMappings) {
    const auto first_message = [](const char* mappings) {
        Json config = Json::parse(good);
        config["process"].erase("user");
        config["linux"]["namespaces"].push_back({{"type", "user"}});
        config["linux"]["uidMappings"] = Json::parse(mappings);
        config["linux"]["gidMappings"] = Json::parse(R"([{"containerID": 0, "hostID": 100000, "size": 65536}])");
        const Parsed parsed = parse(JsonDocument::parse(config.dump()));
        return parsed.findings.empty() ? std::string() : parsed.findings.front().message;
    };
    EXPECT_EQ(
        first_message(R"([{"containerID": 0, "hostID": 1000, "size": 1}, {"containerID": 1, "hostID": 5, "size": 9}])"),
        "");
    EXPECT_EQ(first_message(R"([{"containerID": 0, "hostID": 0, "size": 4294967295}])"), "");
    EXPECT_EQ(first_message("[]"), "is missing: a new user namespace needs mappings");
    EXPECT_EQ(first_message(R"([{"containerID": 0, "hostID": 1000, "size": 0}])"), "0 is out of range 1..4294967295");
    EXPECT_EQ(first_message(R"([{"containerID": 1, "hostID": 0, "size": 4294967295}])"),
              "reaches past the last id, 4294967294");
    EXPECT_EQ(
        first_message(R"([{"containerID": 0, "hostID": 10, "size": 5}, {"containerID": 4, "hostID": 90, "size": 1}])"),
        "mappings 0 and 1 overlap in the container");
    EXPECT_EQ(
        first_message(R"([{"containerID": 0, "hostID": 10, "size": 5}, {"containerID": 9, "hostID": 6, "size": 5}])"),
        "mappings 0 and 1 overlap on the host");
}

TEST(SpecParse, WarnsOfNetDevicesOnTheHostsNetwork) {
    Json config = Json::parse(good);
    config["linux"]["namespaces"].erase(3);
    config["linux"]["netDevices"] = {{"eth0", Json::object()}};
    const Parsed parsed = parse(JsonDocument::parse(config.dump()));
    EXPECT_TRUE(parsed.ok());
    ASSERT_EQ(parsed.findings.size(), 1U);
    EXPECT_EQ(parsed.findings.front().pointer, "/linux/netDevices");
    EXPECT_EQ(parsed.value.linux.net_devices.size(), 1U);
}

TEST(SpecParse, AUserExistsWhereHeIsMapped) {
    const auto pointers = [](const char* user, const char* path, const Json& annotations) {
        Json config = Json::parse(good);
        config["process"]["user"] = Json::parse(user);
        config["annotations"] = annotations;
        config["linux"]["namespaces"].push_back({{"type", "user"}});
        if (*path != 0)
            config["linux"]["namespaces"].back()["path"] = path;
        else
            for (const char* list : {"uidMappings", "gidMappings"})
                config["linux"][list] = Json::parse(R"([{"containerID": 0, "hostID": 7, "size": 1},
                                                        {"containerID": 20, "hostID": 100000, "size": 10}])");
        std::vector<std::string> all;
        for (const Finding& finding : parse(JsonDocument::parse(config.dump())).findings)
            all.push_back(finding.pointer);
        return all;
    };
    using Pointers = std::vector<std::string>;
    constexpr const char* mapped = R"({"uid": 0, "gid": 20, "additionalGids": [0, 29]})";
    constexpr const char* nobody = R"({"uid": 19, "gid": 30, "additionalGids": [0, 4294967294, 1]})";
    EXPECT_EQ(pointers(mapped, "", Json::object()), Pointers{});
    EXPECT_EQ(pointers(nobody, "", Json::object()),
              (Pointers{"/process/user/uid", "/process/user/gid", "/process/user/additionalGids/1",
                        "/process/user/additionalGids/2"}));
    EXPECT_EQ(pointers(nobody, "", {{"run.oci.keep_original_groups", "1"}}),
              (Pointers{"/process/user/uid", "/process/user/gid"}));
    EXPECT_EQ(pointers(nobody, "/proc/7/ns/user", Json::object()), Pointers{}) << "its maps are another's";
}

TEST(SpecParse, NumbersNetDevicesByTemplate) {
    Json config = Json::parse(good);
    config["linux"]["netDevices"] = {{"a", {{"name", "eth%d"}}}, {"b", {{"name", "eth%d"}}}};
    EXPECT_TRUE(parse(JsonDocument::parse(config.dump())).ok());
    for (const char* bad : {"%d%d", "%s", "eth%", "eth%d%", "a234567890123456%d"}) {
        config["linux"]["netDevices"] = {{"a", {{"name", bad}}}};
        EXPECT_FALSE(parse(JsonDocument::parse(config.dump())).ok()) << bad;
    }
}

TEST(SpecParse, RefusesConfigsOfOtherPlatforms) {
    const Parsed parsed = parse(JsonDocument::parse(
        R"({"ociVersion": "1.3.0", "root": {"path": "r"}, "hostname": "h", "mounts": [{"destination": "/dev"}], "zos": {}})"));
    ASSERT_EQ(parsed.findings.size(), 1U) << all(parsed.findings);
    EXPECT_EQ(parsed.findings.front().pointer, "/zos");
}

TEST(SpecParse, TellsAllMistakesAtOnceInTheOrderOfTheText) {
    const JsonDocument document = JsonDocument::parse(
        "{\n"
        "  \"ociVersion\": \"9.0.0\",\n"
        "  \"hostname\": \"box\",\n"
        "  \"process\": {\n"
        "    \"args\": [],\n"
        "    \"cwd\": \"tmp\",\n"
        "    \"cwd\": \"/tmp\",\n"
        "    \"env\": [\"A=1\", \"B\"],\n"
        "    \"user\": { \"uid\": 4294967296, \"gid\": 1.5 }\n"
        "  },\n"
        "  \"linux\": { \"namespaces\": [ {\"type\": \"pid\"} ], \"sysctl\": { \"vm.overcommit\": \"1\" } }\n"
        "}\n");
    const Parsed parsed = parse(document);
    EXPECT_FALSE(parsed.ok());
    EXPECT_EQ(
        all(parsed.findings),
        "config.json:1:1: /root: is missing\n"
        "config.json:2:17: /ociVersion: \"9.0.0\" is not supported: ocirt knows 1.0.0 to 1.3.0\n"
        "config.json:3:15: /hostname: needs a namespace of type uts in /linux/namespaces\n"
        "config.json:5:13: /process/args: is empty: there is no program to execute\n"
        "config.json:6:12: /process/cwd: \"tmp\" is not an absolute path\n"
        "config.json:7:5: duplicate key at /process/cwd\n"
        "config.json:8:20: /process/env/1: \"B\" has no '=': expected NAME=value\n"
        "config.json:9:22: /process/user/uid: 4294967296 is out of range 0..4294967294\n"
        "config.json:9:41: /process/user/gid: 1.5 is written with a fraction or an exponent: expected an integer\n"
        "config.json:11:78: /linux/sysctl/vm.overcommit: is of the whole host: no namespace holds it\n");
    const Error error = to_error(parsed.findings, "config.json");
    EXPECT_EQ(error.fault, Fault::invalid_config);
    EXPECT_EQ(ocirt::render(error), "config.json:1:1: /root: is missing (and 9 more: `ocirt validate` lists all)");
}

TEST(SpecParse, KeepsErrorsThatComeAfterAFloodOfWarnings) {
    Json config = Json::parse(good);
    for (int i = 0; i < 1000; ++i)
        config["process"]["capabilities"]["bounding"].push_back("CAP_NO_" + std::to_string(i));
    config["process"]["cwd"] = "x";
    const Parsed parsed = parse(JsonDocument::parse(config.dump()));
    EXPECT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.findings.size(), Findings::limit + 1);
}

TEST(SpecParse, ReadsAProcessOrResourcesAlone) {
    const auto process = parse_process(JsonDocument::parse(R"({"args": ["a", "b"], "cwd": "/w"})"));
    EXPECT_TRUE(process.ok());
    EXPECT_EQ(process.value.args.size(), 2U);
    const auto resources = parse_resources(JsonDocument::parse(R"({"pids": {"limit": 7}, "memory": {"limit": "x"}})"));
    EXPECT_FALSE(resources.ok());
    EXPECT_EQ(resources.value.pids_limit, 7);
    EXPECT_EQ(resources.findings.at(0).pointer, "/memory/limit");
    EXPECT_FALSE(parse(JsonDocument::parse("[]")).ok());
    EXPECT_FALSE(parse(JsonDocument::parse("")).ok());
}

}  // namespace
}  // namespace ocirt::spec
