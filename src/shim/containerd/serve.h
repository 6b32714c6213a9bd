// The shim itself: one process that serves until nothing is left to look after.
#pragma once

#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "common/log.h"
#include "shim/containerd/bootstrap.h"
#include "shim/containerd/flags.h"

namespace ocirt::shim {

// `log`: where containerd reads it. The caller has made this process one of its own.
[[nodiscard]] Result<> serve(const Bootstrap& bootstrap, const Flags& flags, Fd listener, const Log& log);

}  // namespace ocirt::shim
