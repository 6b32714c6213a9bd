#include "runtime/cli/stats_table.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "common/json_writer.h"

namespace ocirt::cli {
namespace {

constexpr const char* unknown = "--";
constexpr std::size_t columns = 6;
using Cells = std::array<std::string, columns>;

std::uint64_t sum(const std::vector<cgroup::BlockIoEntry>& entries, std::string_view operation) {
    std::uint64_t bytes = 0;
    for (const cgroup::BlockIoEntry& entry : entries)
        if (entry.operation == operation) bytes += entry.value;
    return bytes;
}

// v1 counts the children's in total_inactive_file, v2 in inactive_file.
std::uint64_t used_memory(const cgroup::MemoryStats& memory) {
    const bool v1 =
        std::ranges::find(memory.raw, "total_inactive_file", &cgroup::Counters::value_type::first) != memory.raw.end();
    const std::uint64_t unused = cgroup::counter(memory.raw, v1 ? "total_inactive_file" : "inactive_file");
    return memory.usage.usage - std::min(memory.usage.usage, unused);
}

std::optional<double> cpu_percent(const CpuTime& now, const std::optional<CpuTime>& before) {
    // Less than before: another container of the same id.
    if (!before || now.at <= before->at || now.used < before->used) return std::nullopt;
    return 100.0 * std::chrono::duration<double>(now.used - before->used) /
           std::chrono::duration<double>(now.at - before->at);
}

std::optional<double> memory_percent(const StatsRow& row) {
    if (!row.memory || row.memory_limit == 0) return std::nullopt;
    return 100.0 * static_cast<double>(*row.memory) / static_cast<double>(row.memory_limit);
}

std::string percent(const std::optional<double>& share) {
    if (!share) return unknown;
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.2f%%", *share);
    return text.data();
}

Cells cells_of(const StatsRow& row) {
    if (!row.running) return {row.id, unknown, "-- / --", unknown, "-- / --", unknown};
    std::string pids = row.pids ? std::to_string(*row.pids) : unknown;
    if (row.pids_limit) pids += " / " + std::to_string(*row.pids_limit);
    return {row.id,
            percent(row.cpu_percent),
            row.memory ? readable_size(*row.memory) + " / " + readable_size(row.memory_limit) : "-- / --",
            percent(memory_percent(row)),
            readable_size(row.read) + " / " + readable_size(row.written),
            pids};
}

void member(JsonWriter& json, std::string_view name, const auto& value) {
    json.key(name);
    value ? json.value(*value) : json.value(nullptr);
}

}  // namespace

StatsRow stats_row(std::string id, const cgroup::Stats& stats, const CpuTime& now, const std::optional<CpuTime>& before,
                   std::uint64_t memory_of_host) {
    StatsRow row{.id = std::move(id), .running = true, .cpu_percent = cpu_percent(now, before), .cpu = now.used};
    // Without the controller there is no file of counters.
    if (!stats.memory.raw.empty()) {
        row.memory = used_memory(stats.memory);
        row.memory_limit = std::min(stats.memory.usage.limit, memory_of_host);
    }
    row.read = sum(stats.block_io.service_bytes, "Read");
    row.written = sum(stats.block_io.service_bytes, "Write");
    if (stats.pids.current > 0) {
        row.pids = stats.pids.current;
        if (stats.pids.limit != cgroup::unlimited) row.pids_limit = stats.pids.limit;
    }
    return row;
}

std::string stats_table(const std::vector<StatsRow>& rows) {
    std::vector<Cells> lines{{"ID", "CPU %", "MEM USAGE / LIMIT", "MEM %", "BLOCK IO", "PIDS"}};
    for (const StatsRow& row : rows) lines.push_back(cells_of(row));
    std::array<std::size_t, columns> widths{};
    for (const Cells& line : lines)
        for (std::size_t i = 0; i < columns; ++i) widths.at(i) = std::max(widths.at(i), line.at(i).size());
    std::string text;
    for (const Cells& line : lines) {
        for (std::size_t i = 0; i < columns; ++i) {
            text += line.at(i);
            text.append(i + 1 < columns ? widths.at(i) - line.at(i).size() + 3 : 0, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string stats_array(const std::vector<StatsRow>& rows) {
    JsonWriter json;
    json.begin_array();
    for (const StatsRow& row : rows) {
        const auto known = [&row](std::uint64_t value) { return row.running ? std::optional(value) : std::nullopt; };
        json.begin_object();
        json.member("id", row.id);
        json.member("running", row.running);
        member(json, "cpu_percent", row.cpu_percent);
        member(json, "cpu_nanoseconds", known(static_cast<std::uint64_t>(row.cpu.count())));
        member(json, "memory_usage", row.memory);
        member(json, "memory_limit", row.memory ? std::optional(row.memory_limit) : std::nullopt);
        member(json, "memory_percent", memory_percent(row));
        member(json, "block_read", known(row.read));
        member(json, "block_written", known(row.written));
        member(json, "pids", row.pids);
        member(json, "pids_limit", row.pids_limit);
        json.end_object();
    }
    json.end_array();
    return std::move(json).take() + "\n";
}

std::string readable_size(std::uint64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.4g%s", size, units.at(unit));
    return text.data();
}

std::string redrawn(std::string_view text, unsigned rows, unsigned columns) {
    std::string drawn = "\033[H";
    // The last row stays empty: a line's end there would move all of it.
    for (unsigned row = 1; !text.empty() && (rows == 0 || row < rows); ++row) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        drawn += line.substr(0, columns == 0 ? line.npos : columns);
        drawn += "\033[K\n";
    }
    return drawn + "\033[J";
}

}  // namespace ocirt::cli
