#include "runtime/lifecycle/pid_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/syscall.h"

namespace ocirt::lifecycle {

Result<> write_pid_file(const std::string& path, pid_t pid) {
    const std::string draft = path + ".ocirt-new";
    const std::string text = std::to_string(pid);
    const Fd file = TRY(sys::open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
    TRY(sys::write_all(file, text.data(), text.size()));
    if (::rename(draft.c_str(), path.c_str()) == 0) return {};
    const int errnum = errno;
    ::unlink(draft.c_str());
    return fail_errno(errnum, "rename", "write the pid file", path);
}

}  // namespace ocirt::lifecycle
