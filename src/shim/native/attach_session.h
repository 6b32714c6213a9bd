// A client of a monitor's attach socket (monitor/attach_socket.h) with this process' stdio: what the container writes
// appears here, what is typed here reaches it.
#pragma once

#include <cstdint>

#include "common/error.h"
#include "common/fd.h"
#include "shim/native/detach_keys.h"

namespace ocirt::shim::native {

struct Attachment {
    Fd socket;              // connected
    Fd control{};           // the FIFO "ctl", which takes sizes; invalid: nothing is resized
    bool terminal = false;  // the container has one
    bool input = false;     // stdin is for the container
    DetachKeys keys;
};

struct AttachEnd {
    enum class Kind : std::uint8_t {
        socket,    // the monitor has closed it, and everything it sent has been written
        detached,  // by its keys
        signal,    // SIGINT, SIGTERM, SIGHUP, SIGQUIT
        reader,    // nobody reads our stdout any more
    };
    Kind kind = Kind::socket;
    int signal = 0;
};

// Where the container has a terminal and stdin is one, that is raw meanwhile, its keys are looked for, and it is as it
// was before on every way out. A container with a terminal gets the size of stdout's, twice, so that what is on its
// screen is drawn again, and every change of it. Without a terminal the end of stdin is the end of the container's.
// Errors: a system call failed.
[[nodiscard]] Result<AttachEnd> stay_attached(Attachment attachment);

}  // namespace ocirt::shim::native
