// Where a script waits until the test lets it go on: in a hook, say.
#pragma once

#include <filesystem>
#include <string>

#include "support/fifo.h"

namespace ocirt::test {

class Gate {
   public:
    // FIFOs at this path are made, and end with their directory. Whoever still waits at the end goes on.
    explicit Gate(const std::filesystem::path& path);

    // Of a shell; `path` is the gate's as the script sees it.
    [[nodiscard]] static std::string script(const std::string& path) {
        return "echo here >" + path + ".in; read line <" + path + ".out";
    }
    bool wait_until_reached() { return reached_.wait_for("here\n"); }
    // Whoever waits there goes on; the next to come need not wait.
    void open() const;

   private:
    FifoReader reached_;
    Fd out_;
};

}  // namespace ocirt::test
