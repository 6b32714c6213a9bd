// Sealed anonymous files: what is handed to another process and must not change.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt {

// A memfd with `content`, offset 0, sealed against writing, growing, shrinking and further seals.
[[nodiscard]] Result<Fd> make_sealed_memfd(const char* name, std::span<const std::byte> content);
[[nodiscard]] Result<Fd> make_sealed_memfd(const char* name, std::string_view content);

// The same for a reader that compares the seals with these four: older journalds do, and take a file with F_SEAL_EXEC
// (Linux 6.3) for one that is not sealed. Where the kernel insists on that one (sysctl vm.memfd_noexec) it is there.
[[nodiscard]] Result<Fd> make_sealed_message(const char* name, std::string_view content);

// The same for a program to be executed with execveat(AT_EMPTY_PATH). Where memfds cannot be executed
// (sysctl vm.memfd_noexec, kernel 6.3) it is a file of a detached tmpfs, read-only once written.
[[nodiscard]] Result<Fd> make_sealed_executable(const char* name, std::span<const std::byte> content);

// A memfd of `size` zero bytes, to be mapped shared.
[[nodiscard]] Result<Fd> make_shared_memfd(const char* name, std::size_t size);

}  // namespace ocirt
