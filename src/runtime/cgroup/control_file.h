// The small files of a cgroup directory: one open, one read or write, one close.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::cgroup {

// A directory by its absolute path, which must not lead through a symlink.
[[nodiscard]] Result<Fd> open_directory(const std::string& path);

// The whole text of a file in `directory`. `limit` bytes at most: a longer one is an error (EFBIG).
inline constexpr std::size_t control_file_limit = 1u << 20;
[[nodiscard]] Result<std::string> read_file(const Fd& directory, const std::string& file,
                                            std::size_t limit = control_file_limit);

// The same by absolute path; for /proc.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

// The text without the final newline.
[[nodiscard]] std::string_view chomp(std::string_view text);

// `file` in `directory`, for writing. Never creates.
[[nodiscard]] Result<Fd> open_for_writing(const Fd& directory, const std::string& file);

// The same by absolute path. No symlink can be in the way: cgroupfs has none, and the kernel told the mount point.
[[nodiscard]] Result<Fd> open_for_writing(const std::string& path);

// One write(2): the kernel takes each one as one setting.
[[nodiscard]] Result<> write_once(const Fd& file, std::string_view value, const std::string& name);

[[nodiscard]] Result<> write_file(const Fd& directory, const std::string& file, std::string_view value);

}  // namespace ocirt::cgroup
