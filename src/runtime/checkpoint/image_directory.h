// The directory of a checkpoint's images. What is in one may come from anywhere: its files are criu's to read, but only
// files, and only in it (threat F3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::checkpoint {

class ImageDirectory {
   public:
    // For a dump: made with the parents that are missing, 0700.
    [[nodiscard]] static Result<ImageDirectory> make(const std::string& path);
    // It must exist.
    [[nodiscard]] static Result<ImageDirectory> open(const std::string& path);

    // Refuses symbolic links, devices, sockets and FIFOs in it: criu would follow and open them. One link there may be,
    // criu's own: "parent", to the directory of an earlier dump of the memory, which has to stand the same check.
    // With `lazy_pages` the socket of `criu lazy-pages` may be in it as well, which nobody can have packed.
    [[nodiscard]] Result<> check(bool lazy_pages = false) const;

    // descriptors.json, as runc and crun write it: what stdin, stdout and stderr were, "pipe:[1234]" for instance.
    [[nodiscard]] Result<> write_descriptors(const std::vector<std::string>& descriptors) const;
    // At most three; none where the file is missing. Errors: Fault::corrupted.
    [[nodiscard]] Result<std::vector<std::string>> read_descriptors() const;

    [[nodiscard]] const Fd& fd() const { return fd_; }
    [[nodiscard]] const std::string& path() const { return path_; }

   private:
    ImageDirectory(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Fd fd_;
    std::string path_;
};

// What descriptors.json says. Pure.
[[nodiscard]] Result<std::vector<std::string>> parse_descriptors(std::string text);

}  // namespace ocirt::checkpoint
