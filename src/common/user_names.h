// The host's user names, for tables that people read. From /etc/passwd alone: a static program has no name services.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace ocirt {

class UserNames {
   public:
    // An unreadable file gives no names.
    [[nodiscard]] static UserNames read();
    // passwd(5) lines. Pure.
    [[nodiscard]] static UserNames parse(std::string_view passwd);

    // The first name of the id; its number where it has none.
    [[nodiscard]] std::string name_of(std::uint32_t uid) const;

   private:
    std::map<std::uint32_t, std::string> names_;
};

}  // namespace ocirt
