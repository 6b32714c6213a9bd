#include "shim/monitor/take_over.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "runtime/lifecycle/processes.h"

namespace ocirt::shim::monitor {
namespace {

namespace fs = std::filesystem;

// Only a pipe is opened: to open anything else that a container holds may have an effect.
Fd find_pipe_of(pid_t pid, std::uint64_t number) {
    const fs::path wanted = "pipe:[" + std::to_string(number) + "]";
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", fs::directory_options{}, error)) {
        std::error_code gone;
        if (fs::read_symlink(entry.path(), gone) != wanted) continue;
        Fd pipe(::open(entry.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        if (pipe && pipe_number(pipe) == number) return pipe;
    }
    return {};
}

}  // namespace

std::uint64_t pipe_number(const Fd& pipe) {
    struct stat status{};
    return ::fstat(pipe.get(), &status) == 0 && S_ISFIFO(status.st_mode) ? status.st_ino : 0;
}

Fd find_pipe(const lifecycle::Container& container, std::uint64_t number) {
    if (number == 0) return {};
    if (Fd pipe = find_pipe_of(container.record.init.pid, number)) return pipe;
    const Result<std::vector<pid_t>> pids = lifecycle::pids(container);
    if (!pids) return {};
    for (const pid_t pid : *pids)
        if (Fd pipe = find_pipe_of(pid, number)) return pipe;
    return {};
}

}  // namespace ocirt::shim::monitor
