// A mount namespace of this process' own, for a while: what is mounted meanwhile nobody else sees, and whoever is
// executed meanwhile stays in it.
#pragma once

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::lifecycle {

class PrivateMounts {
   public:
    // Nothing is propagated into it or out of it.
    [[nodiscard]] static Result<PrivateMounts> enter();

    // Back to the namespace, the root and the working directory that were before. Only once; the destructor does it
    // too.
    [[nodiscard]] Result<> leave();
    ~PrivateMounts();
    PrivateMounts(PrivateMounts&&) noexcept = default;
    PrivateMounts& operator=(PrivateMounts&&) = delete;

   private:
    PrivateMounts(Fd before, Fd root, Fd directory)
        : before_(std::move(before)), root_(std::move(root)), directory_(std::move(directory)) {}

    Fd before_;
    Fd root_;
    Fd directory_;
};

}  // namespace ocirt::lifecycle
