#include "shim/daemon.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <charconv>

#include "common/syscall.h"

namespace ocirt::shim {

void point_stdio_to_null() {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), number);
}

std::optional<int> oom_score() {
    const Result<Fd> file = sys::open("/proc/self/oom_score_adj", O_RDONLY);
    const Result<std::string> text = file ? sys::read_all(*file, 16) : std::string();
    int score = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), score).ec != std::errc{})
        return std::nullopt;
    return score;
}

void keep_little_memory() {
    constexpr int limit = 64 << 10;
    ::mallopt(M_MMAP_THRESHOLD, limit);
    ::mallopt(M_TRIM_THRESHOLD, limit);
    ::malloc_trim(0);
}

}  // namespace ocirt::shim
