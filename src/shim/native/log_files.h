// A log's file, and those that it has been rotated to: FILE is the newest, FILE.1 the one before it.
//
// A monitor may rotate them at any moment: the names change, the files do not. So a reader goes from an open file to
// the next one by where the open one stands now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"

struct stat;

namespace ocirt::shim::native {

class LogFiles {
   public:
    // `rotated`: how many there may be. Errors: the directory's.
    [[nodiscard]] static Result<LogFiles> open(const std::string& path, std::int64_t rotated);

    // Errors: there is none, or it is a symlink or no regular file.
    [[nodiscard]] Result<Fd> newest() const;
    [[nodiscard]] Result<Fd> oldest() const;

    // What was written before and after the records of `file`, which may have been removed; invalid where there is no
    // such file (yet).
    [[nodiscard]] Result<Fd> before(const Fd& file) const;
    [[nodiscard]] Result<Fd> after(const Fd& file) const;
    [[nodiscard]] bool is_newest(const Fd& file) const { return place_of(file) == 0U; }
    // It has been removed, or somebody else has renamed it.
    [[nodiscard]] bool is_gone(const Fd& file) const { return !place_of(file); }

    [[nodiscard]] static bool is_same(const Fd& one, const Fd& other);

    [[nodiscard]] const Fd& directory() const { return directory_; }

   private:
    [[nodiscard]] std::string name_at(unsigned place) const;
    [[nodiscard]] std::optional<struct stat> status_at(unsigned place) const;
    [[nodiscard]] std::optional<unsigned> place_of(const Fd& file) const;
    [[nodiscard]] std::optional<unsigned> first_after(const Fd& removed) const;
    [[nodiscard]] unsigned end() const;
    [[nodiscard]] Result<Fd> open_at(unsigned place) const;

    Fd directory_;
    std::string path_;
    std::string name_;
    unsigned rotated_ = 0;
};

}  // namespace ocirt::shim::native
