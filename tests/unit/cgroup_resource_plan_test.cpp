#include <gtest/gtest.h>

#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/resource_plan.h"

// Each case names the members that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace ocirt::cgroup {
namespace {

Layout v1_layout() {
    Layout layout;
    for (const char* name :
         {"cpuset", "cpu", "memory", "devices", "blkio", "pids", "hugetlb", "net_cls", "net_prio", "rdma"})
        layout.hierarchies.push_back(
            {.version = Version::v1, .mount_point = std::string("/c/") + name, .controllers = {name}, .own = "/"});
    return layout;
}

Layout v2_layout(std::vector<std::string> controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"}) {
    return {.hierarchies = {
                {.version = Version::v2, .mount_point = "/c", .controllers = std::move(controllers), .own = "/"}}};
}

std::string describe(const std::vector<Write>& writes) {
    std::string text;
    for (const Write& write : writes) {
        text += write.file + " = " + write.value;
        if (!write.fallback_file.empty()) text += " else " + write.fallback_file + " = " + write.fallback_value;
        if (write.optional) text += " optional";
        if (write.repeat_last) text += " again";
        if (!write.usage_file.empty()) text += " above " + write.usage_file;
        text += " <" + write.pointer.substr(std::string("/linux/resources").size()) + ">\n";
    }
    return text;
}

constexpr PlanOptions without_devices{.purpose = PlanFor::create, .devices = false};

std::string limits(const spec::Resources& resources, const Layout& layout, PlanOptions options = without_devices) {
    const auto plan = make_resource_plan(resources, layout, options);
    if (!plan) return "error " + plan.error().pointer + ": " + plan.error().detail;
    return describe(plan->limits);
}

spec::Resources memory(spec::Memory memory) { return {.memory = memory}; }
spec::Resources cpu(const spec::Cpu& cpu) { return {.cpu = cpu}; }

TEST(ResourcePlan, MemoryV1) {
    EXPECT_EQ(limits(memory({.limit = 100,
                             .reservation = 50,
                             .swap = 200,
                             .kernel_tcp = 7,
                             .swappiness = 0,
                             .disable_oom_killer = true}),
                     v1_layout()),
              "memory.limit_in_bytes = 100 again </memory/limit>\n"
              "memory.memsw.limit_in_bytes = 200 </memory/swap>\n"
              "memory.kmem.tcp.limit_in_bytes = 7 </memory/kernelTCP>\n"
              "memory.soft_limit_in_bytes = 50 </memory/reservation>\n"
              "memory.oom_control = 1 </memory/disableOOMKiller>\n"
              "memory.swappiness = 0 </memory/swappiness>\n");
    EXPECT_EQ(limits(memory({.limit = -1}), v1_layout()),
              "memory.limit_in_bytes = -1 again </memory/limit>\n"
              "memory.memsw.limit_in_bytes = -1 optional </memory/limit>\n");
    EXPECT_EQ(limits(memory({.limit = 0, .swap = 0}), v1_layout()), "");
}

TEST(ResourcePlan, MemoryV2) {
    EXPECT_EQ(limits(memory({.limit = 100, .reservation = 50, .swap = 300}), v2_layout()),
              "memory.swap.max = 200 </memory/swap>\nmemory.max = 100 </memory/limit>\nmemory.low = 50 "
              "</memory/reservation>\n");
    EXPECT_EQ(limits(memory({.limit = 100, .swap = 100}), v2_layout()),
              "memory.swap.max = 0 optional </memory/swap>\nmemory.max = 100 </memory/limit>\n");
    EXPECT_EQ(limits(memory({.limit = 100, .swap = -1}), v2_layout()),
              "memory.swap.max = max optional </memory/swap>\nmemory.max = 100 </memory/limit>\n");
    EXPECT_EQ(limits(memory({.limit = -1}), v2_layout()),
              "memory.swap.max = max optional </memory/limit>\nmemory.max = max </memory/limit>\n");
    EXPECT_EQ(limits(memory({.swap = 100}), v2_layout()),
              "error /linux/resources/memory/swap: a swap limit needs a memory limit");
    EXPECT_EQ(limits(memory({.limit = 100, .swap = 50}), v2_layout()),
              "error /linux/resources/memory/swap: lower than the memory limit");
    EXPECT_EQ(limits(memory({.swappiness = 5}), v2_layout()),
              "error /linux/resources/memory/swappiness: cgroup v2 has no such setting");
    EXPECT_EQ(limits(memory({.limit = 100, .check_before_update = true}), v2_layout(),
                     {.purpose = PlanFor::update, .devices = true}),
              "memory.max = 100 above memory.current </memory/limit>\n");
}

TEST(ResourcePlan, CpuV1) {
    EXPECT_EQ(limits(cpu({.shares = 512, .quota = 5000, .burst = 100, .period = 10000, .idle = 0}), v1_layout()),
              "cpu.shares = 512 again </cpu/shares>\ncpu.idle = 0 </cpu/idle>\n"
              "cpu.cfs_period_us = 10000 again </cpu/period>\ncpu.cfs_burst_us = 100 again </cpu/burst>\n"
              "cpu.cfs_quota_us = 5000 </cpu/quota>\n");
    EXPECT_EQ(limits(cpu({.shares = 1}), v1_layout()),
              "error /linux/resources/cpu/shares: the minimum allowed cpu-shares is 2");
    const auto plan = make_resource_plan(
        cpu({.realtime_runtime = 10, .realtime_period = 20, .cpus = "0-1", .mems = "0"}), v1_layout(), without_devices);
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->inherit_cpuset);
    EXPECT_EQ(describe(plan->before_attach),
              "cpuset.cpus = 0-1 </cpu/cpus>\ncpuset.mems = 0 </cpu/mems>\n"
              "cpu.rt_period_us = 20 again </cpu/realtimePeriod>\ncpu.rt_runtime_us = 10 </cpu/realtimeRuntime>\n");
}

TEST(ResourcePlan, CpuV2) {
    EXPECT_EQ(limits(cpu({.shares = 1024, .quota = 5000, .burst = 10, .idle = 1}), v2_layout()),
              "cpu.weight = 100 again </cpu/shares>\ncpu.idle = 1 </cpu/idle>\n"
              "cpu.max.burst = 10 again </cpu/burst>\ncpu.max = 5000 100000 </cpu/quota>\n");
    EXPECT_EQ(limits(cpu({.quota = -1}), v2_layout()), "cpu.max = max 100000 </cpu/quota>\n");
    EXPECT_EQ(limits(cpu({.period = 50000}), v2_layout()), "cpu.max = max 50000 </cpu/period>\n");
    EXPECT_EQ(limits(cpu({.realtime_period = 5}), v2_layout()),
              "error /linux/resources/cpu/realtimePeriod: cgroup v2 has no such setting");
    const auto plan = make_resource_plan({}, v2_layout(), without_devices);
    ASSERT_TRUE(plan);
    EXPECT_FALSE(plan->inherit_cpuset);
}

TEST(ResourcePlan, CpuWeightMeetsMinimumDefaultAndMaximum) {
    EXPECT_EQ(cpu_weight(0), 1u);
    EXPECT_EQ(cpu_weight(2), 1u);
    EXPECT_EQ(cpu_weight(512), 59u);
    EXPECT_EQ(cpu_weight(1024), 100u);
    EXPECT_EQ(cpu_weight(262144), 10000u);
    EXPECT_EQ(cpu_weight(~std::uint64_t{0}), 10000u);
    for (std::uint64_t shares = 3; shares < 262144; shares += 97)
        ASSERT_LE(cpu_weight(shares - 1), cpu_weight(shares)) << shares;
}

TEST(ResourcePlan, BlockIo) {
    spec::Resources resources;
    resources.block_io = spec::BlockIo{.weight = 500,
                                       .leaf_weight = {},
                                       .weight_device = {{8, 0, 100, {}}},
                                       .throttle_read_bps_device = {{8, 0, 1000}},
                                       .throttle_write_bps_device = {},
                                       .throttle_read_iops_device = {},
                                       .throttle_write_iops_device = {{8, 16, 0}}};
    EXPECT_EQ(limits(resources, v1_layout()),
              "blkio.weight = 500 else blkio.bfq.weight = 500 </blockIO/weight>\n"
              "blkio.weight_device = 8:0 100 else blkio.bfq.weight_device = 8:0 100 </blockIO/weightDevice/0>\n"
              "blkio.throttle.read_bps_device = 8:0 1000 </blockIO/throttleReadBpsDevice/0>\n"
              "blkio.throttle.write_iops_device = 8:16 0 </blockIO/throttleWriteIOPSDevice/0>\n");
    EXPECT_EQ(limits(resources, v2_layout()),
              "io.bfq.weight = 500 else io.weight = 4950 </blockIO/weight>\n"
              "io.bfq.weight = 8:0 100 else io.weight = 8:0 910 </blockIO/weightDevice/0>\n"
              "io.max = 8:0 rbps=1000 </blockIO/throttleReadBpsDevice/0>\n"
              "io.max = 8:16 wiops=max </blockIO/throttleWriteIOPSDevice/0>\n");
}

TEST(ResourcePlan, TheRest) {
    spec::Resources resources;
    resources.pids_limit = 10;
    resources.hugepage_limits = {{"2MB", 4096}};
    resources.rdma = {{"mlx5_1", 3, 10000}};
    EXPECT_EQ(limits(resources, v2_layout()),
              "pids.max = 10 </pids/limit>\n"
              "hugetlb.2MB.max = 4096 </hugepageLimits/0>\nhugetlb.2MB.rsvd.max = 4096 optional </hugepageLimits/0>\n"
              "rdma.max = mlx5_1 hca_handle=3 hca_object=10000 </rdma/mlx5_1>\n");
    resources.network = spec::Network{.class_id = 1, .priorities = {{"eth0", 5}}};
    EXPECT_EQ(limits(resources, v1_layout()),
              "pids.max = 10 </pids/limit>\n"
              "hugetlb.2MB.limit_in_bytes = 4096 </hugepageLimits/0>\n"
              "hugetlb.2MB.rsvd.limit_in_bytes = 4096 optional </hugepageLimits/0>\n"
              "net_cls.classid = 1 </network/classID>\nnet_prio.ifpriomap = eth0 5 </network/priorities/0>\n"
              "rdma.max = mlx5_1 hca_handle=3 hca_object=10000 </rdma/mlx5_1>\n");
    resources = {};
    resources.pids_limit = 0;
    EXPECT_EQ(limits(resources, v1_layout()), "pids.max = 0 </pids/limit>\n");
    resources.pids_limit = -1;
    EXPECT_EQ(limits(resources, v1_layout()), "pids.max = max </pids/limit>\n");
}

TEST(ResourcePlan, HybridWritesWhereTheControllerIs) {
    Layout layout;
    layout.hierarchies = {
        {.version = Version::v1, .mount_point = "/c/memory", .controllers = {"memory"}, .own = "/"},
        {.version = Version::v2, .mount_point = "/c/unified", .controllers = {"hugetlb"}, .own = "/"}};
    spec::Resources resources = memory({.limit = 100});
    resources.hugepage_limits = {{"2MB", 4096}};
    const auto plan = make_resource_plan(resources, layout, without_devices);
    ASSERT_TRUE(plan);
    EXPECT_EQ(describe(plan->limits),
              "memory.limit_in_bytes = 100 again </memory/limit>\n"
              "hugetlb.2MB.max = 4096 </hugepageLimits/0>\nhugetlb.2MB.rsvd.max = 4096 optional </hugepageLimits/0>\n");
    EXPECT_EQ(controllers_to_enable(layout, *plan), (std::vector<std::string>{"hugetlb"}));
    EXPECT_TRUE(controllers_to_enable(layout, ResourcePlan{}).empty());
    EXPECT_EQ(controllers_to_enable(v2_layout({"cpu", "pids"}), ResourcePlan{}),
              (std::vector<std::string>{"cpu", "pids"}));

    resources = {};
    resources.unified = {{"memory.high", "5"}};
    EXPECT_EQ(limits(resources, layout),
              "error /linux/resources/unified/memory.high: controller memory is not in the cgroup v2 tree");
}

TEST(ResourcePlan, Unified) {
    spec::Resources resources;
    resources.unified = {{"io.max", "8:0 rbps=1\n8:16 rbps=2\n"}, {"cgroup.max.depth", "3"}};
    const auto plan = make_resource_plan(resources, v2_layout(), without_devices);
    ASSERT_TRUE(plan);
    EXPECT_EQ(describe(plan->limits),
              "io.max = 8:0 rbps=1 </unified/io.max>\nio.max = 8:16 rbps=2 </unified/io.max>\n"
              "cgroup.max.depth = 3 </unified/cgroup.max.depth>\n");
    EXPECT_EQ(plan->limits.back().controller, "");
    EXPECT_EQ(limits(resources, v1_layout()), "error /linux/resources/unified/io.max: this host has no cgroup v2 tree");
    for (const char* key : {"../memory.max", "memory/x", "", ".", "..", "memory", "memory.", ".max", "a.b c"}) {
        resources.unified = {{key, "1"}};
        EXPECT_TRUE(limits(resources, v2_layout()).starts_with("error /linux/resources/unified/")) << key;
    }
}

TEST(ResourcePlan, AbsentControllerIsAnErrorOnlyWhenAValueIsAskedFor) {
    const Layout none = v2_layout({});
    EXPECT_EQ(limits(memory({.limit = 100}), none),
              "error /linux/resources/memory/limit: controller memory is not available: it is mounted nowhere");
    EXPECT_EQ(limits(memory({.limit = -1}), none), "");
    EXPECT_EQ(limits(cpu({.shares = 0}), none), "");
    EXPECT_EQ(limits(cpu({.cpus = "0"}), none),
              "error /linux/resources/cpu/cpus: controller cpuset is not available: it is mounted nowhere");
    spec::Resources resources;
    resources.pids_limit = -1;
    EXPECT_EQ(limits(resources, none), "");
    resources.block_io = spec::BlockIo{};
    EXPECT_EQ(limits(resources, none), "");
    resources.hugepage_limits = {{"2MB/../x", 1}};
    EXPECT_TRUE(limits(resources, v2_layout()).starts_with("error /linux/resources/hugepageLimits/0/pageSize"));
}

TEST(ResourcePlan, DevicesV1AreADefaultAndExceptions) {
    spec::Resources resources;
    resources.devices = {
        {.allow = false, .type = spec::DeviceType::any, .major = {}, .minor = {}, .access = "rwm"},
        {.allow = true, .type = spec::DeviceType::character, .major = 10, .minor = 229, .access = "rw"}};
    const auto plan = make_resource_plan(resources, v1_layout(), {});
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->limits.size(), 14u);
    EXPECT_EQ(plan->limits[0].file + " " + plan->limits[0].value, "devices.deny a");
    EXPECT_EQ(plan->limits[1].file + " " + plan->limits[1].value, "devices.allow c 10:229 rw");
    EXPECT_EQ(plan->limits[2].value, "c *:* m");
    EXPECT_EQ(plan->limits[3].value, "b *:* m");
    EXPECT_EQ(plan->limits[4].value, "c 1:3 rwm");
    EXPECT_TRUE(plan->device_program.empty());
    EXPECT_FALSE(make_resource_plan(resources, v2_layout(), {})->device_program.empty());
    EXPECT_EQ(make_resource_plan(resources, Layout{}, {}).error().pointer, "/linux/resources/devices");
}

std::string lines_of(std::vector<spec::DeviceRule> rules) {
    const auto lines = device_lines(rules);
    if (!lines) return "error " + lines.error().pointer;
    std::string text;
    for (const DeviceLine& line : *lines) text += (line.allow ? "+" : "-") + line.text + "; ";
    return text;
}

TEST(DeviceRules, AllowAllTakesInWhatIsAllowedAfterIt) {
    using enum spec::DeviceType;
    EXPECT_EQ(lines_of(effective_device_rules({{.allow = true, .type = any, .major = {}, .minor = {}, .access = ""}})),
              "+a; ");
    EXPECT_EQ(lines_of({{true, any, {}, {}, "rwm"}, {false, block, 8, 0, "w"}, {false, block, 8, 0, "r"}}),
              "+a; -b 8:0 rw; ");
}

TEST(DeviceRules, NarrowRuleForAnyTypeIsTwoRules) {
    using enum spec::DeviceType;
    EXPECT_EQ(lines_of({{true, any, {}, {}, "m"}}), "-a; +b *:* m; +c *:* m; ");
    EXPECT_EQ(lines_of({{true, any, 8, {}, "rwm"}}), "-a; +b 8:* rwm; +c 8:* rwm; ");
}

TEST(DeviceRules, HoleInAWiderRuleIsRefused) {
    using enum spec::DeviceType;
    EXPECT_EQ(lines_of({{true, character, 1, {}, "rw"}, {false, character, 1, 3, "w"}}),
              "error /linux/resources/devices/1");
    EXPECT_EQ(lines_of({{true, character, 1, {}, "r"}, {false, character, 1, 3, "w"}}), "-a; +c 1:* r; ");
    EXPECT_EQ(lines_of({{true, character, 1, 3, "rw"}, {false, character, 1, {}, "w"}}), "-a; +c 1:3 r; ");
}

}  // namespace
}  // namespace ocirt::cgroup
