// A container that `ocirt run --detach --monitor` has started.
#pragma once

#include <string>
#include <vector>

#include "support/bundle.h"

namespace ocirt::test {

class Monitored {
   public:
    Monitored() = default;
    Monitored(const Monitored&) = delete;
    Monitored& operator=(const Monitored&) = delete;
    // Deletes the container; the test fails if its monitor stays.
    ~Monitored();

    Finished run(const std::vector<std::string>& more = {"--monitor"});
    Finished command(const std::string& name, std::vector<std::string> more = {});
    // What `wait` prints.
    std::string wait();
    // 0: there is none.
    [[nodiscard]] pid_t monitor() const;
    void kill_monitor() const;
    // The log in the bundle, each time as "T".
    [[nodiscard]] std::string log() const;

    Bundle bundle;
};

// Whether the kernel tells how somebody else's child ended (Linux 6.15).
[[nodiscard]] bool kernel_tells_exit_status();

}  // namespace ocirt::test
