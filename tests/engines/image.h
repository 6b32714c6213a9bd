// The image that all engines run: Debian's static busybox with all of its commands, made here, as none can be fetched.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ocirt::engines {

inline constexpr const char* image = "docker.io/library/box:1";

struct ImageOptions {
    std::string name = image;
    std::vector<std::string> command = {"/bin/sh"};  // its Cmd
};

// Writes it in the form of `docker save`, which every engine loads. Two users: root and web (1000).
void write_image_archive(const std::filesystem::path& archive, const ImageOptions& options = {});

}  // namespace ocirt::engines
