// The questions that the probe answers. A fact takes its words and returns one JSON value; what the kernel refused is
// {"errno": "ENOENT"}.
#pragma once

#include <cerrno>
#include <cstring>
#include <span>
#include <string>

#include "json.h"

namespace probe {

using Words = std::span<char* const>;  // what follows the fact's name

// {"errno": …} of the present errno.
inline Json refused() {
    const char* name = strerrorname_np(errno);
    return object({{"errno", text(name ? name : std::to_string(errno))}});
}

// What a system call that returns -1 has said: true, or the errno.
inline Json outcome(long result) { return result == -1 ? refused() : boolean(true); }

// files.cpp
Json read_file(Words words);    // PATH: its content
Json list(Words words);         // DIRECTORY: sorted names
Json link_target(Words words);  // PATH
Json stat_file(Words words);    // PATH: type, mode, uid, gid, major, minor, size (symbolic links are not followed)
Json write_file(Words words);   // PATH TEXT: creates it or writes over it
Json open_file(Words words);    // PATH r|w|rw
Json make_node(Words words);    // PATH c|b MAJOR MINOR
Json bind_mount(Words words);   // SOURCE TARGET

// process.cpp
Json arguments(Words words);  // the words themselves, with the program's name
Json environment(Words words);
Json working_directory(Words words);
Json identity(Words words);     // pid, uid, gid, groups, umask
Json limits(Words words);       // {"RLIMIT_CORE": [soft, hard], …}
Json descriptors(Words words);  // numbers of the open descriptors
Json terminal(Words words);     // which of 0, 1, 2 are terminals, their device, the window's size
Json scheduling(Words words);   // policy, nice, priority, flags, io class and priority, CPUs
Json memory_policy(Words words);
Json machine(Words words);     // uname and personality
Json clocks(Words words);      // seconds of CLOCK_MONOTONIC and CLOCK_BOOTTIME
Json interfaces(Words words);  // {name: {"up": bool, "addresses": [...]}}

// seccomp.cpp
Json system_call(Words words);   // NAME ARGUMENT…: what it returns
Json foreign_call(Words words);  // NUMBER: a system call by the 32-bit entry (x86)

// These do not answer but act.
[[noreturn]] void hold();             // says which signals arrive until SIGTERM; its exit code is 15 then
[[noreturn]] void hook(Words words);  // FILE [fail|sleep]: appends a line about itself to FILE

extern char** own_environment;
extern char** own_arguments;

}  // namespace probe
