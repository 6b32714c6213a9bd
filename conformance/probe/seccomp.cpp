// System calls for filters to decide about.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "facts.h"

namespace probe {

// Calls that do no harm and that neither libc nor a runtime makes on the way here.
Json system_call(Words words) {
    constexpr std::pair<std::string_view, long> calls[] = {
        {"getpriority", SYS_getpriority},
        {"sched_get_priority_max", SYS_sched_get_priority_max},
        {"getsid", SYS_getsid},
        {"getpgid", SYS_getpgid},
        {"sched_getscheduler", SYS_sched_getscheduler},
    };
    long arguments[6] = {};
    for (std::size_t i = 1; i < words.size() && i < 7; ++i)
        arguments[i - 1] = static_cast<long>(std::strtoull(words[i], nullptr, 0));
    for (const auto& [name, call] : calls) {
        if (name != words[0]) continue;
        errno = 0;
        const long result =
            syscall(call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        return result == -1 && errno ? refused() : number(static_cast<int64_t>(result));
    }
    return object({{"unknown", text(words[0])}});
}

Json foreign_call(Words words) {
#ifdef __x86_64__
    long result = std::atol(words[0]);
    asm volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    if (result >= 0) return number(static_cast<int64_t>(result));
    errno = static_cast<int>(-result);
    return refused();
#else
    (void)words;
    return object({{"errno", text("none")}});
#endif
}

}  // namespace probe
