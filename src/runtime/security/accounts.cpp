#include "runtime/security/accounts.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/spec/finding.h"

namespace ocirt::security {
namespace {

constexpr std::uint32_t last_id = UINT32_MAX - 1;  // the number after it means "leave it" to system calls
constexpr std::size_t groups_limit = 65536;        // NGROUPS_MAX

// For exec, the one command that takes users by name.
std::unexpected<Error> refuse(std::string_view word, std::string detail) {
    return fail({.fault = Fault::invalid_argument,
                 .pointer = "--user",
                 .operation = "use",
                 .object = spec::quoted(word),
                 .detail = std::move(detail)});
}

// The text before the next `separator`, which is taken off `rest` as well.
std::string_view take(std::string_view& rest, char separator) {
    const std::string_view part = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
}

std::optional<std::uint32_t> number(std::string_view digits) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty() || value > last_id)
        return std::nullopt;
    return value;
}

// "name:password:gid:members".
struct GroupLine {
    std::string_view name;
    std::optional<std::uint32_t> gid;
    std::string_view members;
};

GroupLine parse_group_line(std::string_view line) {
    GroupLine group;
    group.name = take(line, ':');
    take(line, ':');
    group.gid = number(take(line, ':'));
    group.members = line;
    return group;
}

}  // namespace

Result<UserWords> parse_user_words(std::string_view text) {
    const std::size_t colon = text.find(':');
    UserWords words{.user = std::string(text.substr(0, colon)), .group = {}};
    if (colon != std::string_view::npos) words.group = text.substr(colon + 1);
    constexpr std::string_view impossible = "\n\r\t /:";
    for (const std::string* word : {&words.user, &words.group}) {
        if (word->empty() && (word == &words.user || colon != std::string_view::npos))
            return refuse(text, "expected USER or USER:GROUP");
        if (word->find_first_of(impossible) != std::string::npos || word->starts_with('-'))
            return refuse(text, "expected USER or USER:GROUP, each a number or a name");
    }
    return words;
}

Result<std::optional<std::uint32_t>> parse_id(std::string_view word) {
    const bool digits = std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return std::nullopt;
    if (const std::optional<std::uint32_t> id = number(word)) return id;
    return refuse(word, "it is out of range 0.." + std::to_string(last_id));
}

std::optional<Account> find_account(std::string_view passwd, std::string_view name) {
    while (!passwd.empty()) {
        std::string_view line = take(passwd, '\n');
        if (take(line, ':') != name) continue;
        take(line, ':');
        const std::optional<std::uint32_t> uid = number(take(line, ':'));
        const std::optional<std::uint32_t> gid = number(take(line, ':'));
        if (uid && gid) return Account{.uid = *uid, .gid = *gid};
    }
    return std::nullopt;
}

std::optional<std::uint32_t> find_group(std::string_view group, std::string_view name) {
    while (!group.empty())
        if (const GroupLine line = parse_group_line(take(group, '\n')); line.name == name && line.gid) return line.gid;
    return std::nullopt;
}

std::vector<std::uint32_t> groups_of(std::string_view group, std::string_view name) {
    std::vector<std::uint32_t> gids;
    while (!group.empty() && gids.size() < groups_limit) {
        GroupLine line = parse_group_line(take(group, '\n'));
        bool member = false;
        while (!member && !line.members.empty()) member = take(line.members, ',') == name;
        if (member && line.gid) gids.push_back(*line.gid);
    }
    std::ranges::sort(gids);
    const auto doubles = std::ranges::unique(gids);
    gids.erase(doubles.begin(), doubles.end());
    return gids;
}

}  // namespace ocirt::security
