// System calls that the C library lacks or wraps badly, and the few that many callers share: each returns a Result
// whose Error has the call's name and errno. Callers add the operation and the object.
#pragma once

#include <linux/openat2.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::sys {

// open(2), always O_CLOEXEC. `directory` may be empty for paths that are absolute or relative to the current directory.
[[nodiscard]] Result<Fd> open(const std::string& path, int flags, mode_t mode = 0);
[[nodiscard]] Result<Fd> open_at(const Fd& directory, const std::string& path, int flags, mode_t mode = 0);

// openat2(2), kernel 5.6. Always O_CLOEXEC; EAGAIN (a rename elsewhere) is tried again, a hundred times at most.
[[nodiscard]] Result<Fd> open_beneath(const Fd& directory, const std::string& path, std::uint64_t flags,
                                      std::uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

// mkdirat(2); EEXIST is no error if `existing_ok`.
[[nodiscard]] Result<> make_directory_at(const Fd& directory, const std::string& name, mode_t mode, bool existing_ok);

// The whole of a file, at most `limit` bytes (EFBIG beyond). Works on procfs and cgroupfs files too.
[[nodiscard]] Result<std::string> read_all(const Fd& file, std::size_t limit);
// All of it or an error.
[[nodiscard]] Result<> write_all(const Fd& file, const void* data, std::size_t size);
// A file of the caller's own (0600) with that text, whatever was in it.
[[nodiscard]] Result<> write_file(const std::string& path, const std::string& text);

// Whether `file` is what has that name there, and no link to it.
[[nodiscard]] bool is_at(const Fd& directory, const std::string& name, const Fd& file);

// pipe2(2), O_CLOEXEC.
struct Pipe {
    Fd reader;
    Fd writer;
};
[[nodiscard]] Result<Pipe> make_pipe();

// What a directory holds, sorted, without "." and "..". A directory opened with O_PATH will do.
[[nodiscard]] Result<std::vector<std::string>> names_in(const Fd& directory);

// pidfd_open(2), kernel 5.3.
[[nodiscard]] Result<Fd> open_pidfd(pid_t pid);
// pidfd_send_signal(2). ESRCH when the process has been reaped.
[[nodiscard]] Result<> send_signal(const Fd& pidfd, int signal);

// pidfd_getfd(2), kernel 5.6: a copy of another process' descriptor. Takes the right to ptrace it.
[[nodiscard]] Result<Fd> take_descriptor(const Fd& pidfd, int number);

// open_tree(2) of an open descriptor or a path.
[[nodiscard]] Result<Fd> open_tree(const std::string& path, unsigned flags);

}  // namespace ocirt::sys
