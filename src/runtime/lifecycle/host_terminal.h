// The terminal that this process was started from.
#pragma once

#include <termios.h>

#include "common/fd.h"

namespace ocirt::lifecycle {

class HostTerminal {
   public:
    // The terminal of stdin, stdout or stderr. Without one the object does nothing.
    HostTerminal();
    // As it was before make_raw.
    ~HostTerminal();
    HostTerminal(const HostTerminal&) = delete;
    HostTerminal& operator=(const HostTerminal&) = delete;

    // No echo, no lines, no signals from keys. Output processing stays on: what is written to it while it is raw begins
    // at the left margin.
    void make_raw();
    // Gives `console` this terminal's size.
    void copy_size(const Fd& console) const;

   private:
    Fd terminal_;
    termios before_{};
    bool raw_ = false;
};

}  // namespace ocirt::lifecycle
