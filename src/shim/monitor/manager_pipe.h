// The pipes that a manager hands over by number: _OCI_SYNCPIPE (told what happened), _OCI_STARTPIPE (waited for),
// _OCI_ATTACHPIPE (told that clients may come).
#pragma once

#include <string_view>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::shim::monitor {

struct ManagerPipes {
    Fd sync{};
    Fd start{};
    Fd attach{};
};
// From the environment; those that it does not name are invalid. Errors: Fault::invalid_argument.
[[nodiscard]] Result<ManagerPipes> take_manager_pipes();

// Waits for a word of the manager's, or its end of the pipe to be closed. Without a pipe there is nothing to wait for.
[[nodiscard]] Result<> await_word(const Fd& pipe);

// What a number on a pipe is called.
enum class Answer : std::uint8_t {
    data,       // --api-version: all of them
    pid,        // before it: a container's
    exit_code,  // before it: that of an exec
};

// One line of JSON, {"data":NUMBER,"message":MESSAGE}. A manager that is gone does not matter.
void tell(const Fd& pipe, Answer answer, int number, std::string_view message = {});

}  // namespace ocirt::shim::monitor
