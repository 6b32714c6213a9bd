// What a program says of itself to the service manager (sd_notify(3)), and how much of it a container may say.
//
// A service manager believes its service. What is about the state of the program goes on; what would change the unit
// on the host does not: which process it is (MAINPID, MAINPIDFD…), who may speak for it (NOTIFYACCESS), descriptors
// to keep (FDSTORE…), its limits (WATCHDOG_USEC) and everything that is not known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ocirt::lifecycle {

inline constexpr std::size_t notification_limit = 4096;       // of a datagram, as systemd has it
inline constexpr std::size_t notification_text_limit = 1024;  // of one text, as STATUS has one

struct Notification {
    std::string lines{};   // those that go on, each with its newline
    bool ready = false;    // READY=1 is among them
    bool barrier = false;  // it is BARRIER=1, which stands alone: its descriptor is closed once all before it was read
};

// Pure. Of a datagram longer than the limit, or with a NUL in it, nothing goes on; control characters in a text become
// blanks, as it is shown on terminals.
[[nodiscard]] Notification read_notification(std::string_view datagram);

}  // namespace ocirt::lifecycle
