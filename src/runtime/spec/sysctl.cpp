#include "runtime/spec/sysctl.h"

#include <algorithm>
#include <array>

namespace ocirt::spec {

std::optional<std::string> sysctl_path(std::string_view key) {
    std::string path(key);
    if (const std::size_t first = key.find_first_of("./"); first != key.npos && key[first] == '.')
        for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
    std::string_view rest = path;
    for (bool more = true; more;) {
        const std::size_t slash = rest.find('/');
        const std::string_view name = rest.substr(0, slash);
        if (name.empty() || name == "." || name == "..") return std::nullopt;
        more = slash != rest.npos;
        if (more) rest.remove_prefix(slash + 1);
    }
    return path;
}

std::optional<NamespaceKind> sysctl_namespace(std::string_view path) {
    // ipc_namespaces(7), uts_namespaces(7)
    static constexpr std::array<std::string_view, 8> ipc{"kernel/msgmax", "kernel/msgmnb",         "kernel/msgmni",
                                                         "kernel/sem",    "kernel/shmall",         "kernel/shmmax",
                                                         "kernel/shmmni", "kernel/shm_rmid_forced"};
    if (path.starts_with("net/")) return NamespaceKind::network;
    if (path.starts_with("fs/mqueue/") || std::ranges::find(ipc, path) != ipc.end()) return NamespaceKind::ipc;
    if (path == "kernel/hostname" || path == "kernel/domainname") return NamespaceKind::uts;
    return std::nullopt;
}

}  // namespace ocirt::spec
