#include "shim/native/caller.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "shim/monitor/descriptors.h"

namespace ocirt::shim::native {

std::vector<std::string> runtime_globals(const cli::Globals& globals) {
    std::vector<std::string> words{"--root", globals.root, "--cgroup-manager", globals.cgroup_manager};
    if (!globals.log.empty()) words.insert(words.end(), {"--log", globals.log, "--log-format", globals.log_format});
    return words;
}

Result<std::string> absolute(const std::string& path) {
    if (path.empty()) return path;
    std::error_code error;
    const std::filesystem::path found = std::filesystem::absolute(path, error).lexically_normal();
    if (error) return fail_errno(error.value(), "getcwd", "find", path);
    return found.string();
}

Result<std::vector<Fd>> take_inherited(unsigned passed) {
    std::vector<Fd> taken;
    for (const int number : TRY(monitor::open_descriptors())) {
        if ((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0) continue;  // our own
        Fd fd(number);
        if (static_cast<unsigned>(number) < STDERR_FILENO + 1 + passed) taken.push_back(std::move(fd));
    }
    return taken;
}

}  // namespace ocirt::shim::native
