#include "runtime/lifecycle/processes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::size_t longest_command_line = 1u << 20;
constexpr std::size_t first_field = 4;  // proc_pid_stat(5): ppid, after the state
constexpr std::size_t last_field = 24;  // rss

std::string command_line(const Fd& directory) {
    const Result<Fd> file = sys::open_at(directory, "cmdline", O_RDONLY);
    std::string text = file ? sys::read_all(*file, longest_command_line).value_or("") : "";
    while (text.ends_with('\0')) text.pop_back();
    for (char& c : text)
        if (c == '\0') c = ' ';
    return text;
}

// proc_pid_status(5), "Uid:\treal\teffective\t…". (The owner of /proc/PID is root where the process is not dumpable.)
std::uint32_t effective_id(std::string_view status, std::string_view name) {
    const std::size_t line = status.find(name);
    if (line == std::string_view::npos) return 0;
    std::size_t at = status.find('\t', line + name.size() + 1);
    if (at == std::string_view::npos) return 0;
    std::uint32_t id = 0;
    ++at;
    (void)std::from_chars(status.data() + at, status.data() + status.size(), id);
    return id;
}

}  // namespace

Result<std::vector<pid_t>> pids(const Container& container) {
    const Fd init = TRY(container.init());
    if (!container.record.complete || !init) return wrong_state(container, "list the processes of", "running");
    if (!container.record.use_cgroups || container.record.cgroups.empty())
        return std::vector<pid_t>{container.record.init.pid};
    return cgroup::Cgroup::open(container.record.cgroups).pids();
}

std::optional<ProcessInfo> parse_stat(std::string_view text, std::uint64_t ticks_per_second, std::uint64_t page_size) {
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');  // the name may hold anything
    if (open == std::string_view::npos || close == std::string_view::npos || close + 4 > text.size())
        return std::nullopt;
    ProcessInfo info;
    info.name = text.substr(open + 1, close - open - 1);
    info.state = text[close + 2];
    std::array<std::int64_t, last_field + 1> fields{};
    const char* at = text.data() + close + 3;
    const char* const end = text.data() + text.size();
    for (std::size_t field = first_field; field <= last_field; ++field) {
        while (at != end && *at == ' ') ++at;
        const auto [next, fault] = std::from_chars(at, end, fields[field]);
        if (fault != std::errc{}) return std::nullopt;
        at = next;
    }
    const auto from_ticks = [ticks_per_second](std::int64_t ticks) {
        return std::chrono::milliseconds(ticks * 1000 / static_cast<std::int64_t>(ticks_per_second));
    };
    info.parent = static_cast<pid_t>(fields[4]);
    info.group = static_cast<pid_t>(fields[5]);
    info.session = static_cast<pid_t>(fields[6]);
    info.terminal = static_cast<std::uint32_t>(fields[7]);
    info.cpu_time = from_ticks(fields[14] + fields[15]);
    info.priority = fields[18];
    info.nice = fields[19];
    info.threads = static_cast<std::uint64_t>(fields[20]);
    info.since_boot = from_ticks(fields[22]);
    info.virtual_size = static_cast<std::uint64_t>(fields[23]);
    info.resident_size = static_cast<std::uint64_t>(fields[24]) * page_size;
    return info;
}

std::optional<ProcessInfo> read_process(pid_t pid) {
    const Result<Fd> directory = sys::open("/proc/" + std::to_string(pid), O_RDONLY | O_DIRECTORY);
    if (!directory) return std::nullopt;
    const auto text = [&directory](const char* name) -> std::string {
        const Result<Fd> file = sys::open_at(*directory, name, O_RDONLY);
        return file ? sys::read_all(*file, 1u << 16).value_or("") : "";
    };
    auto info = parse_stat(text("stat"), static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)),
                           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    if (!info) return std::nullopt;
    const std::string status = text("status");
    info->pid = pid;
    info->uid = effective_id(status, "\nUid:");
    info->gid = effective_id(status, "\nGid:");
    info->command_line = command_line(*directory);
    return info;
}

}  // namespace ocirt::lifecycle
