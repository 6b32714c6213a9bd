// Kernel's Documentation/admin-guide/cgroup-v2.rst.
#include <cmath>

#include "runtime/cgroup/plan_builder.h"

namespace ocirt::cgroup {

namespace {

std::string max_or(std::int64_t value) { return value < 0 ? "max" : text(value); }

// The spec's swap is memory and swap together, v2's is swap alone. Empty: leave it.
Result<std::string> swap_max(const spec::Memory& memory) {
    if (!is_set(memory.swap)) return memory.limit == -1 ? "max" : "";  // as on v1: no limit for memory, none for swap
    if (*memory.swap < 0) return "max";
    if (!is_set(memory.limit))
        return PlanBuilder::invalid("/memory/swap", "a swap limit needs a memory limit",
                                    "swap counts memory and swap together");
    if (*memory.limit < 0) return text(*memory.swap);
    if (*memory.swap < *memory.limit)
        return PlanBuilder::invalid("/memory/swap", "lower than the memory limit",
                                    "swap counts memory and swap together");
    return text(*memory.swap - *memory.limit);
}

// blkio's 10..1000 on io.weight's 1..10000.
std::uint64_t io_weight(std::uint16_t weight) { return weight < 10 ? 1 : 1 + (weight - 10u) * 9999u / 990u; }

void plan_throttle_v2(PlanBuilder& builder, const std::vector<spec::ThrottleDevice>& devices, const char* key,
                      const std::string& pointer) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const spec::ThrottleDevice& device = devices[i];
        // Zero lifts the limit on v1 and is refused by v2, which has a word for it.
        const std::string rate = device.rate == 0 ? "max" : text(device.rate);
        builder.limit("io", "io.max", text(device.major) + ":" + text(device.minor) + " " + key + "=" + rate,
                      pointer + "/" + text(i));
    }
}

}  // namespace

std::uint64_t cpu_weight(std::uint64_t shares) {
    if (shares <= 2) return 1;
    if (shares >= 262144) return 10000;
    const double power = std::log2(static_cast<double>(shares));
    const double exponent = (power * power + 125 * power) / 612.0 - 7.0 / 34.0;
    return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

Result<> plan_memory_v2(PlanBuilder& builder, const spec::Memory& memory) {
    if (is_set(memory.kernel_tcp)) return PlanBuilder::only_v1("/memory/kernelTCP");
    if (memory.disable_oom_killer.value_or(false)) return PlanBuilder::only_v1("/memory/disableOOMKiller");
    if (memory.swappiness) return PlanBuilder::only_v1("/memory/swappiness");
    if (memory.kernel) builder.warn("/memory/kernel", "ignored: the v2 tree accounts kernel memory with the rest");
    if (memory.use_hierarchy == false)
        builder.warn("/memory/useHierarchy", "ignored: the v2 tree accounts hierarchically");

    const std::string swap = TRY(swap_max(memory));
    // Lowered below what is used, memory.max calls the OOM killer at once: whoever updates may ask for a check first.
    const bool check = builder.options().purpose == PlanFor::update && memory.check_before_update.value_or(false);
    if (!swap.empty()) {
        Write& write =
            builder.limit("memory", "memory.swap.max", swap, is_set(memory.swap) ? "/memory/swap" : "/memory/limit");
        write.optional = swap == "max" || swap == "0";  // a kernel without swap accounting has nothing to limit
        write.hint = "where the file is missing, swap is not accounted: boot with swapaccount=1";
    }
    if (is_set(memory.limit)) {
        Write& write = builder.limit("memory", "memory.max", max_or(*memory.limit), "/memory/limit");
        if (check && *memory.limit > 0) write.usage_file = "memory.current";
    }
    if (is_set(memory.reservation))
        builder.limit("memory", "memory.low", max_or(*memory.reservation), "/memory/reservation");
    return {};
}

Result<> plan_cpu_v2(PlanBuilder& builder, const spec::Cpu& cpu) {
    if (is_set(cpu.realtime_period)) return PlanBuilder::only_v1("/cpu/realtimePeriod");
    if (is_set(cpu.realtime_runtime)) return PlanBuilder::only_v1("/cpu/realtimeRuntime");
    // An idle cgroup takes no weight: leaving idle, the weight comes again after it.
    if (is_set(cpu.shares))
        builder.limit("cpu", "cpu.weight", text(cpu_weight(*cpu.shares)), "/cpu/shares").repeat_last =
            cpu.idle.has_value();
    if (cpu.idle) builder.limit("cpu", "cpu.idle", text(*cpu.idle), "/cpu/idle");
    const bool max = is_set(cpu.quota) || is_set(cpu.period);
    if (cpu.burst) {
        Write& burst = builder.limit("cpu", "cpu.max.burst", text(*cpu.burst), "/cpu/burst");
        burst.repeat_last = max;
        burst.optional = *cpu.burst == 0;
        burst.hint = "cpu.max.burst exists since Linux 5.14";
    }
    if (max) {
        const std::string quota = cpu.quota.value_or(0) > 0 ? text(*cpu.quota) : "max";
        const std::uint64_t period = is_set(cpu.period) ? *cpu.period : 100000;  // the kernel's default
        builder.limit("cpu", "cpu.max", quota + " " + text(period), is_set(cpu.quota) ? "/cpu/quota" : "/cpu/period");
    }
    return {};
}

Result<> plan_block_io_v2(PlanBuilder& builder, const spec::BlockIo& block_io) {
    if (is_set(block_io.leaf_weight)) return PlanBuilder::only_v1("/blockIO/leafWeight");
    if (is_set(block_io.weight)) {
        Write& write = builder.limit("io", "io.bfq.weight", text(*block_io.weight), "/blockIO/weight");
        write.fallback_file = "io.weight";
        write.fallback_value = text(io_weight(*block_io.weight));
        write.hint = "weights need the BFQ scheduler or the io.cost controller";
    }
    for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
        const spec::WeightDevice& device = block_io.weight_device[i];
        const std::string pointer = "/blockIO/weightDevice/" + text(i);
        if (is_set(device.leaf_weight)) return PlanBuilder::only_v1(pointer + "/leafWeight");
        if (!is_set(device.weight)) continue;
        const std::string number = text(device.major) + ":" + text(device.minor) + " ";
        Write& write = builder.limit("io", "io.bfq.weight", number + text(*device.weight), pointer);
        write.fallback_file = "io.weight";
        write.fallback_value = number + text(io_weight(*device.weight));
        write.hint = "weights need the BFQ scheduler or the io.cost controller";
    }
    plan_throttle_v2(builder, block_io.throttle_read_bps_device, "rbps", "/blockIO/throttleReadBpsDevice");
    plan_throttle_v2(builder, block_io.throttle_write_bps_device, "wbps", "/blockIO/throttleWriteBpsDevice");
    plan_throttle_v2(builder, block_io.throttle_read_iops_device, "riops", "/blockIO/throttleReadIOPSDevice");
    plan_throttle_v2(builder, block_io.throttle_write_iops_device, "wiops", "/blockIO/throttleWriteIOPSDevice");
    return {};
}

}  // namespace ocirt::cgroup
