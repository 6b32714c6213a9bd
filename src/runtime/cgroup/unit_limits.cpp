#include "runtime/cgroup/unit_limits.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>

#include "runtime/spec/number_list.h"

namespace ocirt::cgroup {
namespace {

constexpr std::uint64_t no_limit = UINT64_MAX;  // systemd's "infinity"
constexpr std::uint64_t second = 1'000'000;     // in µs
constexpr std::uint64_t percent = second / 100;
constexpr std::uint64_t default_period = 100'000;

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// v2's word for no limit, and v1's.
std::optional<std::uint64_t> limit(std::string_view text) {
    if (text == "max" || text.starts_with('-')) return no_limit;
    return number(text);
}

// CPUs and memory nodes as bits, the lowest first.
std::optional<std::vector<std::uint8_t>> bit_mask(std::string_view list) {
    if (!spec::number_list_fault(list, spec::cpu_limit).empty()) return std::nullopt;
    std::vector<std::uint8_t> bytes;
    for (const std::uint64_t word : spec::number_mask(list))
        for (unsigned shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
    return bytes;
}

// systemd writes an IOWeight of 1 to 10000 to BFQ's file as one of 1 to 1000, with the default of both at 100.
std::uint64_t io_weight_of_bfq(std::uint64_t weight) { return weight <= 100 ? weight : 100 + (weight - 100) * 11; }

// systemd keeps whole percents of a CPU. The limit is rounded up: what is below it may be set to what the config says.
std::uint64_t quota_per_second(std::uint64_t quota, std::uint64_t period) {
    if (quota > no_limit / second) return no_limit;
    const std::uint64_t exact = quota * second / period;
    return (exact + percent - 1) / percent * percent;
}

class Limits {
   public:
    void take(const Write& write) {
        if (write.file == "cpu.max") return take_cpu_max(write.value);
        if (write.file == "cpu.cfs_quota_us") quota_ = limit(write.value);
        if (write.file == "cpu.cfs_period_us") period_ = number(write.value);
        if (write.file == "cpu.idle") idle_ = write.value == "1";
        if (write.file == "pids.max" && write.value == "0") return;  // systemd has no such limit
        if (write.file == "io.bfq.weight" || write.file == "blkio.bfq.weight") return take_bfq_weight(write);
        if (const char* name = find(masks, write.file)) set(name, bit_mask(write.value));
        if (const char* name = find(numbers, write.file)) set(name, limit(write.value));
    }

    std::vector<BusProperty> finish() && {
        if (quota_) {
            const std::uint64_t period = period_.value_or(default_period);
            const bool limited = *quota_ != no_limit && period != 0;
            set("CPUQuotaPerSecUSec", std::optional(limited ? quota_per_second(*quota_, period) : no_limit));
        }
        if (period_) set("CPUQuotaPeriodUSec", period_);
        if (idle_) set("CPUWeight", std::optional(std::uint64_t{0}));  // systemd's "idle"
        return std::move(properties_);
    }

   private:
    struct Name {
        std::string_view file;
        const char* property;
    };
    static constexpr Name masks[] = {{"cpuset.cpus", "AllowedCPUs"}, {"cpuset.mems", "AllowedMemoryNodes"}};
    static constexpr Name numbers[] = {
        {"memory.max", "MemoryMax"}, {"memory.high", "MemoryHigh"},        {"memory.low", "MemoryLow"},
        {"memory.min", "MemoryMin"}, {"memory.swap.max", "MemorySwapMax"}, {"memory.limit_in_bytes", "MemoryLimit"},
        {"cpu.weight", "CPUWeight"}, {"cpu.shares", "CPUShares"},          {"pids.max", "TasksMax"},
        {"io.weight", "IOWeight"},   {"blkio.weight", "BlockIOWeight"},
    };

    template <std::size_t size>
    static const char* find(const Name (&names)[size], std::string_view file) {
        const Name* found = std::ranges::find(names, file, &Name::file);
        return found == std::end(names) ? nullptr : found->property;
    }

    // A value that is no value is the kernel's to refuse.
    template <class Value>
    void set(const char* name, const std::optional<Value>& value) {
        if (!value) return;
        const auto known = std::ranges::find(properties_, name, &BusProperty::name);
        if (known != properties_.end())
            known->value = *value;
        else
            properties_.push_back({.name = name, .value = *value});
    }

    void take_cpu_max(std::string_view value) {
        const std::size_t space = value.find(' ');
        quota_ = limit(value.substr(0, space));
        if (space != std::string_view::npos) period_ = number(value.substr(space + 1));
    }

    // A device's own weight ("8:0 300") is another property's.
    void take_bfq_weight(const Write& write) {
        const auto weight = number(write.value);
        if (!weight) return;
        if (write.file == "io.bfq.weight")
            set("IOWeight", std::optional(io_weight_of_bfq(*weight)));
        else
            set("BlockIOWeight", weight);
    }

    std::vector<BusProperty> properties_{};
    std::optional<std::uint64_t> quota_{};
    std::optional<std::uint64_t> period_{};
    bool idle_ = false;
};

// "136 pts" of the section "Character devices:"; empty where nobody has that major.
std::string_view major_name(std::string_view proc_devices, char type, std::string_view major) {
    const std::size_t section = proc_devices.find(type == 'b' ? "Block devices:" : "Character devices:");
    if (section == std::string_view::npos) return {};
    std::string_view rest = proc_devices.substr(section);
    for (bool first = true; !rest.empty(); first = false) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (first) continue;
        if (line.empty()) return {};
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const std::size_t space = line.find(' ');
        if (space != std::string_view::npos && line.substr(0, space) == major) return line.substr(space + 1);
    }
    return {};
}

// "c 10:229 rwm" as systemd names a device; empty for what it has no name for.
std::string device_name(std::string_view line, std::string_view proc_devices) {
    const std::size_t colon = line.find(':');
    if (line.size() < 5 || colon == std::string_view::npos) return {};
    const std::string kind = line[0] == 'b' ? "block" : "char";
    const std::string_view major = line.substr(2, colon - 2);
    const std::string_view minor = line.substr(colon + 1, line.rfind(' ') - colon - 1);
    if (major == "*") return minor == "*" ? kind + "-*" : "";
    if (minor != "*") return "/dev/" + kind + "/" + std::string(major) + ":" + std::string(minor);
    const std::string_view name = major_name(proc_devices, line[0], major);
    return name.empty() ? "" : kind + "-" + std::string(name);
}

BusProperty strict_devices() { return {.name = "DevicePolicy", .value = std::string("strict")}; }

std::vector<BusPair> named_devices(const std::vector<DeviceLine>& lines, std::string_view proc_devices) {
    std::vector<BusPair> allowed;
    for (const DeviceLine& line : lines) {
        if (!line.allow) continue;
        std::string name = device_name(line.text, proc_devices);
        if (!name.empty()) allowed.emplace_back(std::move(name), line.text.substr(line.text.rfind(' ') + 1));
    }
    return allowed;
}

std::vector<BusPair> every_device() { return {{"block-*", "rwm"}, {"char-*", "rwm"}}; }

}  // namespace

std::vector<BusProperty> unit_limits(const ResourcePlan& plan) {
    Limits limits;
    for (const Write& write : plan.before_attach) limits.take(write);
    for (const Write& write : plan.limits) limits.take(write);
    return std::move(limits).finish();
}

std::vector<BusProperty> unit_first_limits(const ResourcePlan& plan) {
    bool group = false;
    for (const Write& write : plan.limits)
        if (write.file == "memory.oom.group") group = write.value == "1";
    if (!group) return {};
    return {{.name = "OOMPolicy", .value = std::string("kill")}};
}

std::vector<BusProperty> unit_device_rules(const std::vector<DeviceLine>& lines, std::string_view proc_devices) {
    const bool all = !lines.empty() && lines.front().text == "a" && lines.front().allow;
    // An empty list takes away those that it has; a list is added to them.
    return {strict_devices(),
            {.name = "DeviceAllow", .value = std::vector<BusPair>{}},
            {.name = "DeviceAllow", .value = all ? every_device() : named_devices(lines, proc_devices)}};
}

std::vector<BusProperty> unit_first_device_rules() {
    return {strict_devices(), {.name = "DeviceAllow", .value = every_device()}};
}

}  // namespace ocirt::cgroup
