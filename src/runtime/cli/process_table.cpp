#include "runtime/cli/process_table.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace ocirt::cli {

struct ProcessColumn {
    std::string_view name;  // as -o has it
    std::string_view heading;
    bool right = false;  // numbers
    std::string (*text)(const lifecycle::ProcessInfo&, const ProcessTableHost&);
};

namespace {

using lifecycle::ProcessInfo;
using Host = ProcessTableHost;
using std::chrono::milliseconds;

// Nothing that a container's process calls itself may move a terminal's cursor.
std::string printable(std::string text) {
    for (char& c : text)
        if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f) c = '?';
    return text;
}

std::string clock_time(milliseconds time) {
    const auto seconds = time.count() / 1000;
    std::array<char, 48> text{};
    const auto days = seconds / 86400;
    std::snprintf(text.data(), text.size(), "%02ld:%02ld:%02ld", static_cast<long>(seconds / 3600 % 24),
                  static_cast<long>(seconds / 60 % 60), static_cast<long>(seconds % 60));
    return (days > 0 ? std::to_string(days) + "-" : "") + text.data();
}

// "[[DD-]HH:]MM:SS"
std::string elapsed_time(milliseconds time) {
    std::string text = clock_time(time);
    return text.starts_with("00:") ? text.substr(3) : text;
}

milliseconds age(const ProcessInfo& process, const Host& host) {
    return std::max(host.uptime - process.since_boot, milliseconds(0));
}

std::string cpu_percent(const ProcessInfo& process, const Host& host) {
    const auto lived = std::max<std::int64_t>(age(process, host).count(), 1);
    return std::to_string(std::min<std::int64_t>(process.cpu_time.count() * 100 / lived, 99));
}

// The time of today, the day of this year, the year: the user's time zone, as localtime(3) has it.
std::string start_time(const ProcessInfo& process, const Host& host) {
    const std::time_t now = std::chrono::system_clock::to_time_t(host.now);
    const std::time_t started = std::chrono::system_clock::to_time_t(host.now - age(process, host));
    std::tm today{};
    std::tm day{};
    ::localtime_r(&now, &today);
    ::localtime_r(&started, &day);
    const char* form = "%Y";
    if (day.tm_year == today.tm_year) form = day.tm_yday == today.tm_yday ? "%H:%M" : "%b%d";
    std::array<char, 16> text{};
    return {text.data(), std::strftime(text.data(), text.size(), form, &day)};
}

// proc_pid_stat(5): minor in the bits 31..20 and 7..0. 4 is tty, 5 the consoles, 136..143 pts.
std::string terminal(const ProcessInfo& process, const Host&) {
    if (process.terminal == 0) return "?";
    const unsigned kind = (process.terminal >> 8) & 0xfff;
    const unsigned number = (process.terminal & 0xff) | ((process.terminal >> 12) & 0xfff00);
    if (kind >= 136 && kind <= 143) return "pts/" + std::to_string(number + (kind - 136) * 256);
    if (kind == 4) return number < 64 ? "tty" + std::to_string(number) : "ttyS" + std::to_string(number - 64);
    return std::to_string(kind) + ":" + std::to_string(number);
}

std::string command(const ProcessInfo& process, const Host&) {
    const std::string shown = process.command_line.empty() ? "[" + process.name + "]" : process.command_line;
    return printable(shown) + (process.state == 'Z' ? " <defunct>" : "");
}

std::string name(const ProcessInfo& process, const Host&) {
    return printable(process.name) + (process.state == 'Z' ? " <defunct>" : "");
}

template <auto member>
std::string number(const ProcessInfo& process, const Host&) {
    return std::to_string(process.*member);
}
template <auto member>
std::string kibibytes(const ProcessInfo& process, const Host&) {
    return std::to_string(process.*member / 1024);
}
std::string user(const ProcessInfo& process, const Host& host) { return host.users.name_of(process.uid); }
std::string cpu_time(const ProcessInfo& process, const Host&) { return clock_time(process.cpu_time); }
std::string state(const ProcessInfo& process, const Host&) { return {process.state}; }
std::string elapsed(const ProcessInfo& process, const Host& host) { return elapsed_time(age(process, host)); }

constexpr std::array columns{
    ProcessColumn{"user", "USER", false, user},
    ProcessColumn{"uid", "UID", true, number<&ProcessInfo::uid>},
    ProcessColumn{"gid", "GID", true, number<&ProcessInfo::gid>},
    ProcessColumn{"pid", "PID", true, number<&ProcessInfo::pid>},
    ProcessColumn{"ppid", "PPID", true, number<&ProcessInfo::parent>},
    ProcessColumn{"pgid", "PGID", true, number<&ProcessInfo::group>},
    ProcessColumn{"sid", "SID", true, number<&ProcessInfo::session>},
    ProcessColumn{"c", "C", true, cpu_percent},
    ProcessColumn{"stime", "STIME", false, start_time},
    ProcessColumn{"tty", "TTY", false, terminal},
    ProcessColumn{"time", "TIME", true, cpu_time},
    ProcessColumn{"etime", "ELAPSED", true, elapsed},
    ProcessColumn{"stat", "STAT", false, state},
    ProcessColumn{"s", "S", false, state},
    ProcessColumn{"pri", "PRI", true, number<&ProcessInfo::priority>},
    ProcessColumn{"ni", "NI", true, number<&ProcessInfo::nice>},
    ProcessColumn{"nlwp", "NLWP", true, number<&ProcessInfo::threads>},
    ProcessColumn{"vsz", "VSZ", true, kibibytes<&ProcessInfo::virtual_size>},
    ProcessColumn{"rss", "RSS", true, kibibytes<&ProcessInfo::resident_size>},
    ProcessColumn{"comm", "COMMAND", false, name},
    ProcessColumn{"args", "COMMAND", false, command},
    ProcessColumn{"cmd", "CMD", false, command},
};
// `ps -f` calls the user's name UID.
constexpr ProcessColumn full_user{"user", "UID", false, user};

const ProcessColumn* find_column(std::string_view name) {
    if (name == "command") name = "args";
    if (name == "ucmd") name = "comm";
    if (name == "tt" || name == "tname") name = "tty";
    if (name == "state") name = "s";
    const auto* column = std::ranges::find(columns, name, &ProcessColumn::name);
    return column == columns.end() ? nullptr : column;
}

ProcessColumns full_columns() {
    ProcessColumns full{&full_user};
    for (const char* name : {"pid", "ppid", "c", "stime", "tty", "time", "cmd"}) full.push_back(find_column(name));
    return full;
}

std::unexpected<Error> unsupported(const std::string& word, std::string detail) {
    return fail(
        {.fault = Fault::unsupported,
         .operation = "use the ps option",
         .object = "\"" + word + "\"",
         .detail = std::move(detail),
         .hint = "-e, -A, -f and -o COLUMN,… are known; `ps -p PID,…` of the host takes the pids of --format json"});
}

Result<> add_columns(const std::string& list, ProcessColumns& chosen) {
    for (std::size_t start = 0; start <= list.size();) {
        const std::size_t end = std::min(list.find(',', start), list.size());
        const std::string name = list.substr(start, end - start);
        const ProcessColumn* column = find_column(name);
        if (column == nullptr) return unsupported(name, "no such column");
        chosen.push_back(column);
        start = end + 1;
    }
    return {};
}

std::string pad(const std::string& text, std::size_t width, bool right) {
    const std::string space(width > text.size() ? width - text.size() : 0, ' ');
    return right ? space + text : text + space;
}

}  // namespace

Result<ProcessColumns> parse_ps_options(std::span<const std::string> words) {
    ProcessColumns chosen;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        const bool list_follows = word == "-o" || word == "o" || word == "--format";
        if (list_follows && i + 1 == words.size()) return unsupported(word, "a list of columns must follow");
        if (list_follows) {
            TRY(add_columns(words[++i], chosen));
        } else if (word.starts_with("-o")) {
            TRY(add_columns(word.substr(2), chosen));
        } else if (word.starts_with("--format=")) {
            TRY(add_columns(word.substr(9), chosen));
        } else if (word.size() < 2 || word.find_first_not_of("eAf", 1) != std::string::npos || word.front() != '-') {
            return unsupported(word, "ocirt makes the table itself, and runs no ps of the host's");
        }
    }
    return chosen.empty() ? full_columns() : chosen;
}

std::string process_table(const ProcessColumns& columns, std::span<const ProcessInfo> processes, const Host& host) {
    std::vector<std::vector<std::string>> rows(1);
    for (const ProcessColumn* column : columns) rows.front().emplace_back(column->heading);
    for (const ProcessInfo& process : processes) {
        std::vector<std::string>& row = rows.emplace_back();
        for (const ProcessColumn* column : columns) row.push_back(column->text(process, host));
    }
    std::string text;
    std::vector<std::size_t> widths(columns.size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool last = i + 1 == row.size();
            text += last && !columns[i]->right ? row[i] : pad(row[i], widths[i], columns[i]->right);
            text += last ? "\n" : " ";
        }
    }
    return text;
}

}  // namespace ocirt::cli
