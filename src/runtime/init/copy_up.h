// tmpcopyup: a new tmpfs begins with what the directory it covers holds.
#pragma once

#include "runtime/init/sys.h"

namespace ocirt::init {

// What of `source` itself is copied.
struct Inherited {
    bool mode = true;
    bool owner = true;
};

// Copies the directories, regular files and symlinks below `source` into the directory `target`, with their modes and
// owners, and of `source` itself what `inherited` says. Nothing is followed; devices, FIFOs and sockets are left out.
// At most 64 directories deep (ELOOP).
Result copy_up(int source, int target, Inherited inherited);

}  // namespace ocirt::init
