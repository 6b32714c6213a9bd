// Compiled seccomp programs as files: a Docker-like profile takes libseccomp longer to compile than the rest of a start
// takes the runtime (docs/architecture.md has the numbers).
//
// A file is named by a hash of its key and holds the whole key: everything that the program depends on. So a collision,
// another library version or another generator is a miss, and the hash need not be a strong one. The file is trusted
// only if root (or whoever runs ocirt) alone could have written it.
//
// Nothing here fails: a cache that cannot be read is a miss, one that cannot be written stays as it is.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "runtime/spec/config.h"

namespace ocirt::security {

// The profile's canonical bytes, the library's version, the architecture and the generator's version. Bytes, not text.
[[nodiscard]] std::string seccomp_key(const spec::Seccomp& profile);

class SeccompCache {
   public:
    static constexpr std::size_t file_limit = 64;             // files in the directory; the oldest go first
    static constexpr std::size_t file_size_limit = 4u << 20;  // bytes; larger ones are neither written nor read

    // `directory` must be owned by the effective user and closed to all others (0700), or nothing is read or written.
    explicit SeccompCache(Fd directory);

    // The program stored for exactly this key.
    [[nodiscard]] std::optional<std::vector<std::byte>> find(std::string_view key) const;

    // Replaces the key's file in one step. Not synced: a torn file is a miss.
    void store(std::string_view key, std::span<const std::byte> program) const;

   private:
    Fd directory_;  // invalid: not to be trusted
};

}  // namespace ocirt::security
