// Signals by name, as command lines and engines write them, and back. Numbers are the kernel's on x86_64 and aarch64
// (signal(7)); real-time ones count from 34, as glibc, runc and crun have them: 32 and 33 belong to the thread library.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

namespace ocirt {

inline constexpr int signal_rtmin = 34;
inline constexpr int signal_rtmax = 64;

// "KILL", "SIGKILL", "sigkill", "9", "RTMIN", "RTMIN+3", "SIGRTMAX-1" as a number 0..64. 0 is kill(2)'s question
// whether the process exists. Anything else: Fault::invalid_argument, with the nearest name as hint.
[[nodiscard]] Result<int> parse_signal(std::string_view text);

// "SIGKILL" for 9, "SIGRTMIN+1" for 35, "SIGRTMAX-1" for 63; the number itself for one without a name. parse_signal
// reads every answer for 0..64 back.
[[nodiscard]] std::string signal_name(int number);

}  // namespace ocirt
