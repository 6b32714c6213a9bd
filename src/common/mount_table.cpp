#include "common/mount_table.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "common/syscall.h"

namespace ocirt {
namespace {

constexpr std::size_t mountinfo_limit = std::size_t{16} << 20;

std::string_view next_word(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

// "\040" and the like stand for blanks, tabs, newlines and backslashes.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int byte = 0;
        const std::string_view digits = text.substr(std::min(i + 1, text.size()), 3);
        const char* const end = digits.empty() ? nullptr : &digits.back() + 1;
        if (text[i] == '\\' && digits.size() == 3 && std::from_chars(&digits.front(), end, byte, 8).ptr == end) {
            plain += static_cast<char>(byte);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::optional<MountEntry> parse_line(std::string_view line) {
    MountEntry entry;
    entry.id = number(next_word(line, ' '));
    entry.parent = number(next_word(line, ' '));
    entry.device = next_word(line, ' ');
    entry.root = unescape(next_word(line, ' '));
    entry.point = unescape(next_word(line, ' '));
    for (std::string_view flags = next_word(line, ' '); !flags.empty();)
        entry.readonly = next_word(flags, ',') == "ro" || entry.readonly;
    while (!line.empty() && next_word(line, ' ') != "-") {}
    entry.type = next_word(line, ' ');
    if (entry.id == 0 || entry.type.empty()) return std::nullopt;
    return entry;
}

Result<std::vector<MountEntry>> read_table(const std::string& path) {
    const Fd file = TRY(sys::open(path, O_RDONLY));
    return parse_mountinfo(TRY(sys::read_all(file, mountinfo_limit)));
}

}  // namespace

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
    std::vector<MountEntry> table;
    while (!text.empty())
        if (std::optional<MountEntry> entry = parse_line(next_word(text, '\n'))) table.push_back(std::move(*entry));
    return table;
}

const MountEntry* find_mount(const std::vector<MountEntry>& table, std::uint64_t id) {
    const auto found = std::ranges::find(table, id, &MountEntry::id);
    return found == table.end() ? nullptr : &*found;
}

bool is_at_or_below(std::string_view path, std::string_view top) {
    if (top == "/") return path.starts_with('/');
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

Result<std::vector<MountEntry>> read_mounts(pid_t pid) {
    return read_table("/proc/" + std::to_string(pid) + "/mountinfo");
}

Result<std::vector<MountEntry>> read_own_mounts() { return read_table("/proc/self/mountinfo"); }

Result<std::optional<std::uint64_t>> mount_at(const Fd& root, const std::string& path) {
    const Result<Fd> place = sys::open_beneath(root, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (!place && (place.error().errnum == ENOENT || place.error().errnum == ENOTDIR)) return std::nullopt;
    if (!place) return std::unexpected(place.error());
    struct statx status{};
    if (::statx(place->get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0)
        return fail_errno("statx", "find the mount of", path);
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return std::nullopt;
    return status.stx_mnt_id;
}

}  // namespace ocirt
