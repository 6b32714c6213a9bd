#include "runtime/cgroup/update_plan.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/cgroup/device_rules.h"

namespace ocirt::cgroup {

namespace {

// The container's own directories are all the layout that an update needs.
Layout layout_of(const std::vector<Place>& places) {
    Layout layout;
    layout.hierarchies.reserve(places.size());
    for (const Place& place : places)
        layout.hierarchies.push_back(
            {.version = place.version, .mount_point = place.path, .controllers = place.controllers, .own = "/"});
    return layout;
}

bool is_v2(const Layout& layout, std::string_view controller) {
    const Hierarchy* hierarchy = layout.find(controller);
    return hierarchy != nullptr && hierarchy->version == Version::v2;
}

// v2's cpu.max holds quota and period, and its swap limit is the difference to the memory limit.
void complete_v2(spec::Resources& resources, const Layout& layout, const CurrentLimits& current) {
    if (resources.cpu && is_v2(layout, "cpu")) {
        spec::Cpu& cpu = *resources.cpu;
        const bool quota = cpu.quota.value_or(0) != 0;
        const bool period = cpu.period.value_or(0) != 0;
        if (quota && !period) cpu.period = current.period;
        if (period && !quota) cpu.quota = current.quota;
    }
    if (resources.memory && is_v2(layout, "memory")) {
        spec::Memory& memory = *resources.memory;
        if (memory.swap.value_or(0) > 0 && memory.limit.value_or(0) == 0) memory.limit = current.memory_limit;
    }
}

Result<> add_devices(ResourcePlan& plan, const spec::Resources& resources, const Layout& layout,
                     const CurrentLimits& current) {
    if (resources.devices.empty()) return {};
    const auto rules = effective_device_rules(resources.devices);
    if (layout.find("devices") == nullptr) {
        plan.device_program = TRY(make_device_program(rules));
        return {};
    }
    for (DeviceLine& line : TRY(device_changes(rules, current.device_list)))
        plan.limits.push_back({.controller = "devices",
                               .file = line.allow ? "devices.allow" : "devices.deny",
                               .value = std::move(line.text),
                               .pointer = "/linux/resources/devices"});
    return {};
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

// The line that begins with this word.
std::optional<std::string_view> line_of(std::string_view text, std::string_view word) {
    while (!text.empty()) {
        const std::string_view line = first_line(text);
        if (first_word(line) == word) return line;
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return std::nullopt;
}

// A line for each device, each with its own setting: "8:0 rbps=4096", "eth0 5", "mlx4_0 hca_handle=2".
bool is_keyed(const Write& write, std::string_view file) {
    if (file == "net_prio.ifpriomap" || file == "rdma.max") return true;
    const std::string_view key = first_word(write.value);
    return key.size() < write.value.size() && key.find(':') != std::string_view::npos;
}

// What a device has that its file does not list.
std::optional<std::string> default_of(const Write& write, std::string_view file) {
    const std::string key(first_word(write.value));
    if (file == "rdma.max") return key + " hca_handle=max hca_object=max";
    if (file == "io.max")
        return key + " " + write.value.substr(key.size() + 1, write.value.find('=') - key.size()) + "max";
    if (file == "io.weight" || file == "io.bfq.weight") return key + " default";
    if (file.starts_with("blkio.")) return key + " 0";
    return std::nullopt;
}

std::optional<std::string> value_before(const Write& write, std::string_view file, std::string_view before) {
    if (is_keyed(write, file)) {
        if (const auto line = line_of(before, first_word(write.value))) return std::string(*line);
        return default_of(write, file);
    }
    std::string_view line = first_line(before);
    // "default 100" of the weights, "oom_kill_disable 0".
    for (const std::string_view prefix : {"default ", "oom_kill_disable "})
        if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    return line.empty() ? "\n" : std::string(line);
}

}  // namespace

void parse_cpu_max(std::string_view text, CurrentLimits& current) {
    const std::string_view line = first_line(text);
    const std::string_view quota = first_word(line);
    std::int64_t number = -1;
    if (quota != "max" && std::from_chars(quota.data(), quota.data() + quota.size(), number).ec != std::errc{}) return;
    current.quota = number;
    if (quota.size() == line.size()) return;
    std::uint64_t period = 0;
    const std::string_view rest = line.substr(quota.size() + 1);
    if (std::from_chars(rest.data(), rest.data() + rest.size(), period).ec == std::errc{}) current.period = period;
}

void parse_memory_max(std::string_view text, CurrentLimits& current) {
    std::int64_t number = -1;
    if (!text.starts_with("max") && std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{})
        return;
    current.memory_limit = number;
}

Result<ResourcePlan> make_update_plan(spec::Resources resources, const std::vector<Place>& places,
                                      const CurrentLimits& current) {
    const Layout layout = layout_of(places);
    const bool limit_given = resources.memory && resources.memory->limit.value_or(0) != 0;
    complete_v2(resources, layout, current);
    if (resources.pids_limit == 0) resources.pids_limit.reset();
    ResourcePlan plan = TRY(make_resource_plan(resources, layout, {.purpose = PlanFor::update, .devices = false}));
    if (!limit_given) std::erase_if(plan.limits, [](const Write& write) { return write.file == "memory.max"; });
    TRY(add_devices(plan, resources, layout, current));
    return plan;
}

std::optional<Write> inverse(const Write& write, const std::string& file, std::string_view before) {
    Write back{.controller = write.controller, .file = file, .value = {}, .pointer = write.pointer};
    if (file == "devices.allow" || file == "devices.deny") {
        if (write.value == "a") return std::nullopt;
        back.file = file == "devices.allow" ? "devices.deny" : "devices.allow";
        back.value = write.value;
        return back;
    }
    auto value = value_before(write, file, before);
    if (!value) return std::nullopt;
    back.value = *std::move(value);
    return back;
}

}  // namespace ocirt::cgroup
