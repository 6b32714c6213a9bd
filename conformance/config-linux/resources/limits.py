"""What `resources` says stands in the files of the container's cgroup."""

from suite import cgroups, linux
from suite.case import Skip, case, check, equal
from suite.cgroups import File, expect_limit
from suite.test import Test

MIB = 1 << 20
MEMORY, CPU, BLOCK_IO = "config-linux.md#memory", "config-linux.md#cpu", "config-linux.md#block-io"
PIDS, NETWORK, RDMA = "config-linux.md#pids", "config-linux.md#network", "config-linux.md#rdma"
HUGE_PAGES, UNIFIED = "config-linux.md#huge-page-limits", "config-linux.md#unified"


def memory(name: str, value: int) -> File:
    return File("memory", name, str(value))


# name: section, sentence, resources, the file of v1, the file of v2
TABLE = {
    "memory-limit": (
        MEMORY,
        "sets limit of memory usage",
        {"memory": {"limit": 64 * MIB}},
        memory("memory.limit_in_bytes", 64 * MIB),
        memory("memory.max", 64 * MIB),
    ),
    "memory-reservation": (
        MEMORY,
        "sets soft limit of memory usage",
        {"memory": {"reservation": 32 * MIB}},
        memory("memory.soft_limit_in_bytes", 32 * MIB),
        memory("memory.low", 32 * MIB),
    ),
    "memory-swap": (
        MEMORY,
        "sets limit of memory+Swap usage",
        {"memory": {"limit": 64 * MIB, "swap": 96 * MIB}},
        memory("memory.memsw.limit_in_bytes", 96 * MIB),
        memory("memory.swap.max", 32 * MIB),
    ),
    "memory-swappiness": (
        MEMORY,
        "sets swappiness parameter of vmscan (See sysctl's vm.swappiness)",
        {"memory": {"swappiness": 17}},
        memory("memory.swappiness", 17),
        None,
    ),
    "cpu-shares": (
        CPU,
        "specifies a relative share of CPU time available to the tasks in a cgroup",
        {"cpu": {"shares": 321}},
        File("cpu", "cpu.shares", "321"),
        None,
    ),
    "cpu-quota": (
        CPU,
        "specifies the total amount of time in microseconds for which all tasks in a cgroup can run during one period",
        {"cpu": {"quota": 50000, "period": 200000}},
        File("cpu", "cpu.cfs_quota_us", "50000"),
        File("cpu", "cpu.max", "50000 200000"),
    ),
    "cpu-period": (
        CPU,
        "specifies a period of time in microseconds for how regularly a cgroup's access to CPU resources should be "
        "reallocated",
        {"cpu": {"period": 250000}},
        File("cpu", "cpu.cfs_period_us", "250000"),
        File("cpu", "cpu.max", "max 250000"),
    ),
    "cpu-burst": (
        CPU,
        "can run additionally for burst during one period",
        {"cpu": {"quota": 50000, "burst": 20000}},
        File("cpu", "cpu.cfs_burst_us", "20000"),
        File("cpu", "cpu.max.burst", "20000"),
    ),
    "cpu-realtimeRuntime": (
        CPU,
        "for the longest continuous period in which the tasks in a cgroup have access to CPU resources",
        {"cpu": {"realtimeRuntime": 1000, "realtimePeriod": 1000000}},
        File("cpu", "cpu.rt_runtime_us", "1000"),
        None,
    ),
    "cpu-realtimePeriod": (
        CPU,
        "same as **`period`** but applies to realtime scheduler only",
        {"cpu": {"realtimeRuntime": 1000, "realtimePeriod": 500000}},
        File("cpu", "cpu.rt_period_us", "500000"),
        None,
    ),
    "cpu-idle": (
        CPU,
        "cgroups are configured with minimum weight, 0: default behavior, 1: SCHED_IDLE.",
        {"cpu": {"idle": 1}},
        File("cpu", "cpu.idle", "1"),
        File("cpu", "cpu.idle", "1"),
    ),
    "cpu-cpus": (
        CPU,
        "list of CPUs the container will run on.",
        {"cpu": {"cpus": "0"}},
        File("cpuset", "cpuset.cpus", "0"),
        File("cpuset", "cpuset.cpus", "0"),
    ),
    "pids-limit": (
        PIDS,
        "specifies the maximum number of tasks in the cgroup",
        {"pids": {"limit": 77}},
        File("pids", "pids.max", "77"),
        File("pids", "pids.max", "77"),
    ),
    "block-io-weight": (
        BLOCK_IO,
        "specifies per-cgroup weight.",
        {"blockIO": {"weight": 321}},
        File("blkio", "blkio.bfq.weight", "321"),
        File("io", "io.bfq.weight", "default 321"),
    ),
    "network-class-id": (
        NETWORK,
        "is the network class identifier the cgroup's network packets will be tagged with",
        {"network": {"classID": 1048577}},
        File("net_cls", "net_cls.classid", "1048577"),
        None,
    ),
    "huge-page-limit": (
        HUGE_PAGES,
        "limit in bytes of *hugepagesize* HugeTLB reservations (if supported) or usage.",
        {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]},
        File("hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", str(4 * MIB)),
        File("hugetlb", "hugetlb.2MB.rsvd.max", str(4 * MIB)),
    ),
}

for name, (section, sentence, resources, v1, v2) in TABLE.items():
    ((field, value),) = resources.items()
    defect = f"remove /linux/resources/{field}"
    if isinstance(value, dict) and len(value) > 1:
        defect += "/" + name.split("-", 1)[1]

    @case(section, sentence, broken=defect, name=name)
    def limit(test: Test, resources=resources, v1=v1, v2=v2):
        expect_limit(test, resources, v1, v2)


@case(
    MEMORY,
    "Values for memory specify the limit in bytes, or `-1` for unlimited memory.",
    broken="set /linux/resources/memory/limit 67108864",
)
def memory_unlimited(test: Test):
    v1 = cgroups.file_here(test, memory("memory.limit_in_bytes", 0), memory("memory.max", 0))
    test.linux["resources"]["memory"] = {"limit": -1}
    test.create("hold")
    found = (cgroups.directory(test, "memory") / v1.name).read_text().strip()
    check(found == "max" or int(found) > 1 << 60, f"the limit is {found}")


@case(
    MEMORY,
    "To disable it, specify a value of `true`.",
    broken="remove /linux/resources/memory/disableOOMKiller",
    name="memory-disableOOMKiller",
)
def disable_oom_killer(test: Test):
    cgroups.file_here(test, memory("memory.oom_control", 0), None)
    test.linux["resources"]["memory"] = {"limit": 64 * MIB, "disableOOMKiller": True}
    test.create("hold")
    lines = (cgroups.directory(test, "memory") / "memory.oom_control").read_text().splitlines()
    check("oom_kill_disable 1" in lines, f"memory.oom_control: {lines}")


@case(MEMORY, "The values are from 0 to 100.", broken=("remove /linux/resources/memory", "succeed create"))
def swappiness_out_of_range(test: Test):
    test.linux["resources"]["memory"] = {"swappiness": 101}
    test.refuse("a swappiness of 101")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken=("remove /linux/resources/memory", "succeed create"),
)
def swap_below_limit(test: Test):
    test.linux["resources"]["memory"] = {"limit": 64 * MIB, "swap": 32 * MIB}
    test.refuse("a limit of memory and swap below the one of memory")


@case(
    CPU,
    "If specified, this value MUST be no larger than any positive `quota` (runtimes MAY generate an error).",
    broken=("remove /linux/resources/cpu", "succeed create"),
    note="the kernel does not take it, so it cannot be applied",
)
def burst_above_quota(test: Test):
    cgroups.file_here(test, File("cpu", "cpu.cfs_burst_us", ""), File("cpu", "cpu.max.burst", ""))
    test.linux["resources"]["cpu"] = {"quota": 50000, "burst": 60000}
    test.refuse("a burst above the quota")


@case(
    CPU,
    "list of CPUs the container will run on.",
    broken=("remove /linux/resources/cpu", "succeed create"),
    note="`runtime.md#create`: what cannot be applied is an error",
)
def cpus_that_do_not_exist(test: Test):
    cgroups.directory(test, "cpuset")
    test.linux["resources"]["cpu"] = {"cpus": "4000"}
    test.refuse("CPUs that do not exist")


@case(
    CPU,
    "list of memory nodes the container will run on.",
    broken=("remove /linux/resources/cpu", "succeed create"),
    note="`runtime.md#create`: what cannot be applied is an error",
)
def mems_that_do_not_exist(test: Test):
    cgroups.directory(test, "cpuset")
    test.linux["resources"]["cpu"] = {"mems": "1000"}
    test.refuse("memory nodes that do not exist")


@case(CPU, "list of memory nodes the container will run on.", broken="remove /linux/resources/cpu")
def mems(test: Test):
    if len(linux.cpus(open("/sys/devices/system/node/online").read())) < 2:
        raise Skip("this host has one memory node")
    expect_limit(test, {"cpu": {"mems": "0"}}, *[File("cpuset", "cpuset.mems", "0")] * 2)


@case(CPU, "list of CPUs the container will run on.", broken="remove /linux/resources/cpu")
def cpus_are_the_programs(test: Test):
    cgroups.directory(test, "cpuset")
    test.linux["resources"]["cpu"] = {"cpus": "0"}
    equal(test.ask("scheduling")["cpus"], [0], "the program's CPUs")


@case(PIDS, "`0` is a valid limit value for the `pids` cgroup controller", broken="set /linux/resources/pids/limit 77")
def pids_zero(test: Test):
    test.config["ociVersion"] = "1.3.0"  # new in this version
    expect_limit(test, {"pids": {"limit": 0}}, *[File("pids", "pids.max", "0")] * 2)


@case(PIDS, "with `-1` indicating no limit (`max`).", broken="set /linux/resources/pids/limit 77")
def pids_unlimited(test: Test):
    expect_limit(test, {"pids": {"limit": -1}}, *[File("pids", "pids.max", "max")] * 2)


for name, v1_name, unit in [
    ("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
    ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
    ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
    ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"),
]:

    @case(BLOCK_IO, f"**`{name}`**", broken="remove /linux/resources/blockIO", name=name)
    def throttle(test: Test, name=name, v1_name=v1_name, unit=unit):
        major, minor = cgroups.block_device()
        file = cgroups.file_here(test, File("blkio", v1_name, ""), File("io", "io.max", ""))
        test.linux["resources"]["blockIO"] = {name: [{"major": major, "minor": minor, "rate": 123456}]}
        test.create("hold")
        words = (cgroups.directory(test, file.controller) / file.name).read_text().split()
        expected = f"{unit}=123456" if linux.is_unified() else "123456"
        check(f"{major}:{minor}" in words and expected in words, f"{file.name}: {words}")


@case(
    BLOCK_IO,
    "You MUST specify at least one of `weight` or `leafWeight` in a given entry",
    broken=("remove /linux/resources/blockIO", "succeed create"),
)
def weight_device_without_weight(test: Test):
    major, minor = cgroups.block_device()
    test.linux["resources"]["blockIO"] = {"weightDevice": [{"major": major, "minor": minor}]}
    test.refuse("a device without any weight")


@case(
    NETWORK,
    "specifies a list of objects of the priorities assigned to traffic originating from processes in the group",
    broken="remove /linux/resources/network",
)
def network_priorities(test: Test):
    test.linux["resources"]["network"] = {"priorities": [{"name": "lo", "priority": 5}]}
    directory = cgroups.directory(test, "net_prio")
    test.create("hold")
    check("lo 5" in (directory / "net_prio.ifpriomap").read_text().splitlines(), "lo does not have its priority")


@case(
    UNIFIED,
    "The runtime MUST generate an error when the configuration refers to a cgroup controller that is not present "
    "or that cannot be enabled.",
    broken=("remove /linux/resources/unified", "succeed create"),
)
def unified_without_controller(test: Test):
    test.linux["resources"]["unified"] = {"nosuchcontroller.max": "1"}
    test.refuse("a controller of cgroup v2 that is not there")


@case(
    UNIFIED,
    "Configuration unknown to the runtime MUST still be written to the relevant file.",
    broken="remove /linux/resources/unified",
)
def unified(test: Test):
    if not linux.is_unified():
        raise Skip("this host has cgroup v1")
    expect_limit(test, {"unified": {"pids.max": "66"}}, None, File("pids", "pids.max", "66"))


@case(
    "runtime.md#create",
    "If the runtime cannot apply a property as specified in the configuration, it MUST generate an "
    "error and a new container MUST NOT be created.",
    broken=("remove /linux/resources/rdma", "succeed create"),
)
def rdma_device_that_does_not_exist(test: Test):
    test.linux["resources"]["rdma"] = {"nosuchdevice": {"hcaHandles": 3}}
    test.refuse("a limit of an RDMA device that does not exist")


@case(
    RDMA,
    "You MUST specify at least one of the `hcaHandles` or `hcaObjects` in a given entry",
    broken=("remove /linux/resources/rdma", "succeed create"),
)
def rdma_without_a_limit(test: Test):
    test.linux["resources"]["rdma"] = {"mlx5_1": {}}
    test.refuse("an RDMA device without any limit")
