// Who init is.
#pragma once

#include "runtime/init/sys.h"

namespace ocirt::init {

// PR_SET_DUMPABLE 0 again. The kernel sets the flag anew (to fs.suid_dumpable) with every change of credentials, and a
// dumpable init could be ptraced from inside the container (threat C2).
Result stay_invisible();

}  // namespace ocirt::init
