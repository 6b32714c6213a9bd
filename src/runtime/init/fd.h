// An open descriptor that closes itself. Kept plus one, so that zeroed memory holds none: a table of them costs no page
// before it is used.
#pragma once

#include "runtime/init/sys.h"

namespace ocirt::init {

class Fd {
   public:
    constexpr Fd() = default;
    constexpr explicit Fd(long number) : plus_one_(static_cast<int>(number) + 1) {}
    constexpr Fd(Fd&& other) noexcept : plus_one_(other.plus_one_) { other.plus_one_ = 0; }
    constexpr Fd& operator=(Fd&& other) noexcept {
        const int plus_one = other.plus_one_;
        other.plus_one_ = 0;
        reset();
        plus_one_ = plus_one;
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    constexpr ~Fd() { reset(); }

    [[nodiscard]] constexpr int get() const { return plus_one_ - 1; }
    [[nodiscard]] constexpr explicit operator bool() const { return plus_one_ != 0; }
    [[nodiscard]] constexpr int release() {
        const int number = get();
        plus_one_ = 0;
        return number;
    }
    constexpr void reset() {
        if (plus_one_ != 0) static_cast<void>(sys::call(__NR_close, get()));
        plus_one_ = 0;
    }

   private:
    int plus_one_ = 0;
};

}  // namespace ocirt::init
