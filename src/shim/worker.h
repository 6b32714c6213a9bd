// Work that may block, or needs memory that the shim would not give back, in a process of its own. It is a child of the
// shim; processes that it makes for good are the shim's children, too (CLONE_PARENT). It ends with the shim.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "shim/event_loop.h"
#include "shim/reaper.h"

namespace ocirt::shim {

struct Output {
    std::string message{};  // a serialized message of messages/worker.proto, or what the caller makes of it
    std::vector<Fd> descriptors{};
};

// In the worker, which has none of the shim's descriptors.
using Work = std::function<Result<Output>()>;
using Done = std::function<void(Result<Output>)>;

// Calls `done` from the loop, once; with Fault::system where the worker could not be made, with
// Fault::corrupted where it ended without an answer.
void run_worker(EventLoop& loop, Reaper& reaper, const Work& work, Done done);

}  // namespace ocirt::shim
