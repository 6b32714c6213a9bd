// A list by which the administrator of the host allows what is off otherwise: a file of /etc/ocirt with a name on a
// line; "#" begins a comment.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ocirt {

struct AdministratorsList {
    std::vector<std::string> names{};
    std::string distrust{};  // why it counts for nothing: "/etc/ocirt/FILE cannot be read"
};

// Pure.
[[nodiscard]] std::vector<std::string> parse_administrators_list(std::string_view text);

// std::nullopt: there is none. It counts only if it and its directory are root's and nobody else can write them.
// `unprivileged`: for a caller in a user namespace, to whom the host's root is the overflow user.
[[nodiscard]] std::optional<AdministratorsList> read_administrators_list(const std::string& file,
                                                                         bool unprivileged = false);

}  // namespace ocirt
