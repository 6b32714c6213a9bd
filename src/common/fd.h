// An open file descriptor that closes itself. Everything ocirt opens is close-on-exec.
#pragma once

#include <unistd.h>

#include <utility>

namespace ocirt {

class Fd {
   public:
    Fd() = default;
    explicit Fd(int number) : number_(number) {}
    Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.number_, -1));
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] explicit operator bool() const { return number_ >= 0; }
    // Gives up ownership.
    [[nodiscard]] int release() { return std::exchange(number_, -1); }
    // EINTR of close(2) is no error on Linux: the descriptor is gone either way.
    void reset(int number = -1) {
        if (number_ >= 0) ::close(number_);
        number_ = number;
    }

   private:
    int number_ = -1;
};

}  // namespace ocirt
