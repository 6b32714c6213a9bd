#include "runtime/lifecycle/security_modules.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "common/syscall.h"

namespace ocirt::lifecycle {
namespace {

// securityfs need not be mounted, and says nothing inside containers: the module's parameter does.
bool has_apparmor() {
    constexpr std::size_t page = 4096;  // what a file of sysfs says that it has
    const Result<Fd> file = sys::open("/sys/module/apparmor/parameters/enabled", O_RDONLY);
    return file && sys::read_all(*file, page).value_or("").starts_with('Y');
}

bool has_selinux() {
    struct statfs filesystem{};
    return ::statfs("/sys/fs/selinux", &filesystem) == 0 && filesystem.f_type == SELINUX_MAGIC;
}

}  // namespace

plan::SecurityModules probe_security_modules(const spec::Config& config) {
    const bool confined = config.process && !config.process->apparmor_profile.empty();
    const bool labelled =
        (config.process && !config.process->selinux_label.empty()) || !config.linux.mount_label.empty();
    return {.apparmor = confined && has_apparmor(), .selinux = labelled && has_selinux()};
}

}  // namespace ocirt::lifecycle
