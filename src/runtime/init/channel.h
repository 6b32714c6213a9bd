// Messages between init and its parent (plan/protocol.h).
#pragma once

#include "runtime/init/machine.h"

namespace ocirt::init {

// Waits for one message on the channel and puts its descriptors, all close-on-exec, into their slots; what stood there
// is closed. A closed channel, or bytes that are no message of `expected`, is a failure.
Result receive(Machine& machine, plan::Stage expected, plan::Message& message);

// Sends `message`, with `descriptor` on it unless that is negative. Never raises SIGPIPE.
Result send(int socket, const plan::Message& message, int descriptor = -1);

// Tells whoever waits for the program, the peer that said start or the parent of an exec, that a seccomp filter with a
// listener comes next, and waits until it is ready to take that.
Result announce_listener(Machine& machine);

}  // namespace ocirt::init
