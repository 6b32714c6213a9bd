// What changes in directories, by their names: inotify(7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::lifecycle {

class DirectoryWatch {
   public:
    struct Change {
        int directory = -1;  // what add() gave; -1 with IN_Q_OVERFLOW
        std::uint32_t mask = 0;
        std::string name{};
    };

    [[nodiscard]] static Result<DirectoryWatch> make();

    // A number of the directory's own, which never comes again for another one: the same each time that it is added.
    // Errors: ENOENT, ENOTDIR; ENOSPC, with a hint: the user has too many watches.
    [[nodiscard]] Result<int> add(const std::string& path, std::uint32_t mask) const;
    void remove(int directory) const;

    // To poll(2) for POLLIN.
    [[nodiscard]] const Fd& fd() const { return fd_; }

    // Those that have come by now, in their order.
    [[nodiscard]] std::vector<Change> take() const;

   private:
    explicit DirectoryWatch(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
};

}  // namespace ocirt::lifecycle
