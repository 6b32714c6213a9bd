#include "common/user_names.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>

#include "common/syscall.h"

namespace ocirt {

UserNames UserNames::read() {
    const Result<Fd> file = sys::open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return parse(file ? sys::read_all(*file, 1u << 20).value_or("") : "");
}

UserNames UserNames::parse(std::string_view passwd) {
    UserNames users;
    while (!passwd.empty()) {
        const std::string_view line = passwd.substr(0, passwd.find('\n'));
        passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
        const std::size_t password = line.find(':');
        const std::size_t id = line.find(':', password + 1);
        if (password == std::string_view::npos || password == 0 || id == std::string_view::npos) continue;
        std::uint32_t uid = 0;
        const auto [end, fault] = std::from_chars(line.data() + id + 1, line.data() + line.size(), uid);
        if (fault == std::errc{} && end != line.data() + line.size() && *end == ':')
            users.names_.try_emplace(uid, line.substr(0, password));
    }
    return users;
}

std::string UserNames::name_of(std::uint32_t uid) const {
    const auto name = names_.find(uid);
    return name == names_.end() ? std::to_string(uid) : name->second;
}

}  // namespace ocirt
