// The image that all engines run: Debian's static busybox with all of its commands, made here, as none can be fetched.
#pragma once

#include <filesystem>
#include <string>

namespace ocirt::engines {

inline constexpr const char* image = "docker.io/library/box:1";

// Writes it in the form of `docker save`, which every engine loads. Its Cmd is /bin/sh. Two users: root and web (1000).
void write_image_archive(const std::filesystem::path& archive);

}  // namespace ocirt::engines
