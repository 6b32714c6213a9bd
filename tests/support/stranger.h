// A process with a pid of a test's choosing, as the kernel would give it to somebody once it is free again.
#pragma once

#include <sys/types.h>

#include "common/fd.h"

namespace ocirt::test {

class Stranger {
   public:
    // Waits until the pid is free. Throws without the privilege (CAP_CHECKPOINT_RESTORE).
    explicit Stranger(pid_t pid);
    ~Stranger();
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;

    // Whether no signal has ended it.
    [[nodiscard]] bool is_unharmed() const;

   private:
    Fd process_;
};

}  // namespace ocirt::test
