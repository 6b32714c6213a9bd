// Waits for more of a log, until no more will come: the container has ended for good and its monitor has written all,
// or the container has been deleted.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::shim::native {

class LogWatch {
   public:
    using Warn = std::function<void(const Error&)>;
    // Errors: ENOENT where the container has been deleted.
    [[nodiscard]] static Result<LogWatch> open(const std::string& root, const std::string& id, Warn warn);

    // Nothing will be written from now on. Where the monitor was killed, another one takes its place here.
    [[nodiscard]] bool is_complete();
    // Whether all of these are looked at already: what was written to the others before may have been overlooked.
    [[nodiscard]] bool looks_at(const Fd& directory, std::initializer_list<const Fd*> files);
    // Returns when something may have changed; false when there are such events (or an error) at `reader`: it is gone.
    [[nodiscard]] Result<bool> wait(const Fd& reader, short events = 0);

   private:
    LogWatch(std::string root, std::string id, Warn warn)
        : root_(std::move(root)), id_(std::move(id)), warn_(std::move(warn)) {}
    void find_monitor();
    [[nodiscard]] bool has_container() const;
    [[nodiscard]] int watch(const Fd& file, std::uint32_t events);

    std::string root_;
    std::string id_;
    Warn warn_;
    Fd container_;  // its directory
    pid_t monitor_ = 0;
    Fd monitor_end_;  // a pidfd
    Fd notices_;      // inotify(7)
    bool is_blind_ = false;
    std::vector<int> watched_;
};

}  // namespace ocirt::shim::native
