// Whoever listens on a stream socket for one descriptor: a terminal (--console-socket) or a pidfd (--pidfd-socket).
#pragma once

#include <string>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::lifecycle {

class Receiver {
   public:
    // `option` is what named the socket: "--console-socket". The path may be of any length.
    [[nodiscard]] static Result<Receiver> connect(const std::string& path, const std::string& option);

    // The descriptor on a message that says `name`.
    [[nodiscard]] Result<> send(const std::string& name, const Fd& descriptor) const;

   private:
    Receiver(Fd socket, std::string option) : socket_(std::move(socket)), option_(std::move(option)) {}

    Fd socket_;
    std::string option_;
};

}  // namespace ocirt::lifecycle
