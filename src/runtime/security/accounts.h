// Users and groups by name, in the texts of a container's passwd(5) and group(5): never the host's, never by NSS. Pure;
// the texts are the image's work and may hold anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::security {

// "USER[:GROUP]", each a number or a name.
struct UserWords {
    std::string user;
    std::string group;  // empty: not given
};

// Fails with Fault::invalid_argument for an empty part, or one that no passwd file could hold.
[[nodiscard]] Result<UserWords> parse_user_words(std::string_view text);

// The number that `word` is: 0..4294967294. nullopt: it is a name. Fails with Fault::invalid_argument for digits out of
// that range; a name in passwd cannot be all digits.
[[nodiscard]] Result<std::optional<std::uint32_t>> parse_id(std::string_view word);

struct Account {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};
// The first line of that name whose ids are numbers in range.
[[nodiscard]] std::optional<Account> find_account(std::string_view passwd, std::string_view name);
[[nodiscard]] std::optional<std::uint32_t> find_group(std::string_view group, std::string_view name);
// The groups that have `name` among their members, ascending, each once.
[[nodiscard]] std::vector<std::uint32_t> groups_of(std::string_view group, std::string_view name);

}  // namespace ocirt::security
