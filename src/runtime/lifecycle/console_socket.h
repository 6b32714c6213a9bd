// --console-socket: whoever shall hold a container's terminal listens on a socket and gets the master end over it, with
// the terminal's name as the message (runc's docs/terminals.md; conmon, containerd's shim and crun speak it too).
#pragma once

#include <string>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::lifecycle {

// A connection to the stream socket at `path`, of any length.
[[nodiscard]] Result<Fd> connect_console_socket(const std::string& path);

// Hands the master end over.
[[nodiscard]] Result<> send_console(const Fd& connection, const Fd& console);

}  // namespace ocirt::lifecycle
