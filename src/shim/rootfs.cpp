#include "shim/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace ocirt::shim {
namespace {

struct Word {
    std::string_view word;
    unsigned long set = 0;
    unsigned long clear = 0;
};
constexpr Word words[] = {{"ro", MS_RDONLY},
                          {"rw", 0, MS_RDONLY},
                          {"bind", MS_BIND},
                          {"rbind", MS_BIND | MS_REC},
                          {"nosuid", MS_NOSUID},
                          {"suid", 0, MS_NOSUID},
                          {"nodev", MS_NODEV},
                          {"dev", 0, MS_NODEV},
                          {"noexec", MS_NOEXEC},
                          {"exec", 0, MS_NOEXEC},
                          {"noatime", MS_NOATIME},
                          {"atime", 0, MS_NOATIME},
                          {"nodiratime", MS_NODIRATIME},
                          {"diratime", 0, MS_NODIRATIME},
                          {"relatime", MS_RELATIME},
                          {"norelatime", 0, MS_RELATIME},
                          {"strictatime", MS_STRICTATIME},
                          {"sync", MS_SYNCHRONOUS},
                          {"async", 0, MS_SYNCHRONOUS},
                          {"defaults"}};

struct Parsed {
    unsigned long flags = 0;
    std::string data;
};

Parsed parse(const std::vector<std::string>& options) {
    Parsed parsed;
    for (const std::string& option : options) {
        if (const auto* word = std::ranges::find(words, option, &Word::word); word != std::end(words))
            parsed.flags = (parsed.flags & ~word->clear) | word->set;
        else
            parsed.data += (parsed.data.empty() ? "" : ",") + option;
    }
    return parsed;
}

constexpr std::string_view lower = "lowerdir=";

// mount(2) takes one page of data; an image of many layers needs more. Layers that lie in one directory are named
// relative to it, and it is the working directory meanwhile.
Result<> shorten(std::string& data) {
    if (data.size() < static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) return {};
    const std::size_t begin = data.starts_with(lower) ? 0 : data.find(",lowerdir=") + 1;
    if (begin == 0 && !data.starts_with(lower)) return {};
    const std::size_t from = begin + lower.size();
    const std::size_t end = std::min(data.find(',', from), data.size());
    std::string layers = data.substr(from, end - from);
    const std::size_t slash = layers.find(":/");
    std::string common = layers.substr(0, slash);
    for (std::size_t at = slash; at != std::string::npos; at = layers.find(":/", at + 1)) {
        const std::size_t length = std::min(layers.find(':', at + 1), layers.size()) - (at + 1);
        const auto differ = std::ranges::mismatch(common, std::string_view(layers).substr(at + 1, length));
        common.erase(differ.in1, common.end());
    }
    common.resize(common.rfind('/') + 1);
    if (common.size() < 2) return {};
    if (::chdir(common.c_str()) != 0) return fail_errno("chdir", "mount the root filesystem", common);
    std::string shorter;
    for (std::size_t at = 0; at < layers.size();) {
        const std::size_t next = std::min(layers.find(':', at), layers.size());
        shorter += (shorter.empty() ? "" : ":") + layers.substr(at + common.size(), next - at - common.size());
        at = next + 1;
    }
    data.replace(from, end - from, shorter);
    return {};
}

Result<> mount_one(const std::string& rootfs, const RootfsMount& wanted) {
    Parsed parsed = parse(wanted.options);
    const std::string target = wanted.target.empty() ? rootfs : rootfs + "/" + wanted.target;
    TRY(shorten(parsed.data));
    const bool bind = (parsed.flags & MS_BIND) != 0;
    const char* type = bind ? nullptr : wanted.type.c_str();
    if (::mount(wanted.source.c_str(), target.c_str(), type, parsed.flags, parsed.data.c_str()) != 0)
        return fail_errno("mount", "mount the root filesystem (" + wanted.type + ") on", target);
    // A bind mount takes its flags only from a second call.
    constexpr unsigned long own = MS_BIND | MS_REC;
    if (!bind || (parsed.flags & ~own) == 0) return {};
    if (::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | (parsed.flags & ~static_cast<unsigned long>(MS_REC)),
                nullptr) != 0)
        return fail_errno("mount", "set the options of", target);
    return {};
}

}  // namespace

Result<> mount_rootfs(const std::string& rootfs, const std::vector<RootfsMount>& mounts) {
    for (const RootfsMount& wanted : mounts) {
        Result<> mounted = mount_one(rootfs, wanted);
        if (mounted) continue;
        (void)unmount_rootfs(rootfs);
        return mounted;
    }
    return {};
}

Result<> unmount_rootfs(const std::string& rootfs) {
    while (::umount2(rootfs.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {}
    if (errno == EINVAL || errno == ENOENT) return {};
    return fail_errno("umount2", "unmount the root filesystem", rootfs);
}

}  // namespace ocirt::shim
