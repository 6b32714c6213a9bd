// Kernel's Documentation/admin-guide/cgroup-v1/{memory,blkio-controller}.rst, scheduler/sched-{bwc,rt-group}.rst.
#include "runtime/cgroup/plan_builder.h"

namespace ocirt::cgroup {

namespace {

void plan_real_time(PlanBuilder& builder, const spec::Cpu& cpu) {
    // Before the attach: the kernel refuses a real-time process where there is no real-time budget.
    if (is_set(cpu.realtime_period))
        builder.before_attach("cpu", "cpu.rt_period_us", text(*cpu.realtime_period), "/cpu/realtimePeriod")
            .repeat_last = is_set(cpu.realtime_runtime);
    if (is_set(cpu.realtime_runtime))
        builder.before_attach("cpu", "cpu.rt_runtime_us", text(*cpu.realtime_runtime), "/cpu/realtimeRuntime");
}

void plan_throttle_v1(PlanBuilder& builder, const std::vector<spec::ThrottleDevice>& devices, const char* file,
                      const std::string& pointer) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const spec::ThrottleDevice& device = devices[i];
        builder.limit("blkio", file, text(device.major) + ":" + text(device.minor) + " " + text(device.rate),
                      pointer + "/" + text(i));
    }
}

}  // namespace

Result<> plan_memory_v1(PlanBuilder& builder, const spec::Memory& memory) {
    // limit <= memsw.limit holds at any time. Raising both, the first write is refused and comes again after the
    // second.
    if (is_set(memory.limit)) {
        Write& write = builder.limit("memory", "memory.limit_in_bytes", text(*memory.limit), "/memory/limit");
        write.repeat_last = true;
        write.hint = "memory that is in use already cannot be taken away";
    }
    if (is_set(memory.swap)) {
        builder.limit("memory", "memory.memsw.limit_in_bytes", text(*memory.swap), "/memory/swap").hint =
            "where the file is missing, swap is not accounted: boot with swapaccount=1";
    } else if (memory.limit == -1) {  // no limit for memory means none for memory and swap
        builder.limit("memory", "memory.memsw.limit_in_bytes", "-1", "/memory/limit").optional = true;
    }
    if (memory.kernel) builder.warn("/memory/kernel", "ignored: deprecated, and gone from the kernel since Linux 5.16");
    if (is_set(memory.kernel_tcp))
        builder.limit("memory", "memory.kmem.tcp.limit_in_bytes", text(*memory.kernel_tcp), "/memory/kernelTCP");
    if (is_set(memory.reservation))
        builder.limit("memory", "memory.soft_limit_in_bytes", text(*memory.reservation), "/memory/reservation");
    if (memory.disable_oom_killer.value_or(false))
        builder.limit("memory", "memory.oom_control", "1", "/memory/disableOOMKiller");
    if (memory.swappiness) builder.limit("memory", "memory.swappiness", text(*memory.swappiness), "/memory/swappiness");
    if (memory.use_hierarchy == false)
        builder.warn("/memory/useHierarchy", "ignored: the kernel accounts hierarchically since Linux 5.11");
    return {};
}

Result<> plan_cpu_v1(PlanBuilder& builder, const spec::Cpu& cpu) {
    if (is_set(cpu.shares)) {
        // The kernel clamps silently; a user shall hear it.
        if (*cpu.shares < 2) return PlanBuilder::invalid("/cpu/shares", "the minimum allowed cpu-shares is 2");
        if (*cpu.shares > 262144)
            return PlanBuilder::invalid("/cpu/shares", "the maximum allowed cpu-shares is 262144");
        builder.limit("cpu", "cpu.shares", text(*cpu.shares), "/cpu/shares").repeat_last = cpu.idle.has_value();
    }
    if (cpu.idle) builder.limit("cpu", "cpu.idle", text(*cpu.idle), "/cpu/idle");
    // A period or a burst that does not fit the old quota fits the new one.
    const bool quota = is_set(cpu.quota);
    if (is_set(cpu.period))
        builder.limit("cpu", "cpu.cfs_period_us", text(*cpu.period), "/cpu/period").repeat_last = quota;
    if (cpu.burst) {
        Write& burst = builder.limit("cpu", "cpu.cfs_burst_us", text(*cpu.burst), "/cpu/burst");
        burst.repeat_last = quota;
        burst.optional = *cpu.burst == 0;
        burst.hint = "cpu.cfs_burst_us exists since Linux 5.14";
    }
    if (quota) builder.limit("cpu", "cpu.cfs_quota_us", text(*cpu.quota), "/cpu/quota");
    plan_real_time(builder, cpu);
    return {};
}

Result<> plan_block_io_v1(PlanBuilder& builder, const spec::BlockIo& block_io) {
    // blkio.weight went away with CFQ (Linux 5.0); the BFQ scheduler has its own.
    if (is_set(block_io.weight)) {
        Write& write = builder.limit("blkio", "blkio.weight", text(*block_io.weight), "/blockIO/weight");
        write.fallback_file = "blkio.bfq.weight";
        write.fallback_value = write.value;
        write.hint = "weights need the BFQ scheduler";
    }
    if (is_set(block_io.leaf_weight))
        builder.limit("blkio", "blkio.leaf_weight", text(*block_io.leaf_weight), "/blockIO/leafWeight").hint =
            "leaf weights went away with Linux 5.0";
    for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
        const spec::WeightDevice& device = block_io.weight_device[i];
        const std::string number = text(device.major) + ":" + text(device.minor) + " ";
        const std::string pointer = "/blockIO/weightDevice/" + text(i);
        if (is_set(device.weight)) {
            Write& write = builder.limit("blkio", "blkio.weight_device", number + text(*device.weight), pointer);
            write.fallback_file = "blkio.bfq.weight_device";
            write.fallback_value = write.value;
            write.hint = "weights need the BFQ scheduler";
        }
        if (is_set(device.leaf_weight))
            builder.limit("blkio", "blkio.leaf_weight_device", number + text(*device.leaf_weight), pointer).hint =
                "leaf weights went away with Linux 5.0";
    }
    plan_throttle_v1(builder, block_io.throttle_read_bps_device, "blkio.throttle.read_bps_device",
                     "/blockIO/throttleReadBpsDevice");
    plan_throttle_v1(builder, block_io.throttle_write_bps_device, "blkio.throttle.write_bps_device",
                     "/blockIO/throttleWriteBpsDevice");
    plan_throttle_v1(builder, block_io.throttle_read_iops_device, "blkio.throttle.read_iops_device",
                     "/blockIO/throttleReadIOPSDevice");
    plan_throttle_v1(builder, block_io.throttle_write_iops_device, "blkio.throttle.write_iops_device",
                     "/blockIO/throttleWriteIOPSDevice");
    return {};
}

}  // namespace ocirt::cgroup
