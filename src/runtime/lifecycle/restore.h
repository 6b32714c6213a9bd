// `restore`: a container made of a checkpoint's image and of its bundle. The image says what its processes were doing;
// what they may do and see is config.json's to say.
#pragma once

#include "common/error.h"
#include "common/log.h"
#include "runtime/checkpoint/options.h"
#include "runtime/lifecycle/create.h"

namespace ocirt::lifecycle {

struct RestoreRequest {
    CreateRequest create;
    checkpoint::Options options;
    bool detach = false;  // nothing waits
    bool keep = false;    // the stopped container stays for `delete`
};

// A container that runs on. Fields that its caller did not ask for are empty.
struct Restored {
    Container container;
    Fd pidfd;
    Fd console;        // the master end of its terminal, if it is kept
    Fd notifications;  // notify_relay.h
};

// As restore(), but nobody waits. The process is a child of this one.
[[nodiscard]] Result<Restored> restore_detached(const RestoreRequest& request, const Log& log);

// As run(): the program's exit status, or 128 plus the signal that ended it; 0 when detached. The hooks prestart and
// createRuntime run once the namespaces are there, as runc has it; createContainer, startContainer and poststart do
// not: the program started long ago. On an error nothing is left. Errors: Fault::corrupted for an image that asks for
// more than config.json gives.
[[nodiscard]] Result<int> restore(const RestoreRequest& request, const Log& log);

}  // namespace ocirt::lifecycle
