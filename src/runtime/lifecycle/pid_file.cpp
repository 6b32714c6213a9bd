#include "runtime/lifecycle/pid_file.h"

#include "common/whole_file.h"

namespace ocirt::lifecycle {

Result<> write_pid_file(const std::string& path, pid_t pid) {
    Result<> written = write_whole_file(path, std::to_string(pid));
    if (!written) written.error().operation = "write the pid file";
    return written;
}

}  // namespace ocirt::lifecycle
