// What fuzz targets of logs share: a place for the files, and the end where something does not hold.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace ocirt::fuzz {

inline void demand(bool holds) {
    if (!holds) std::abort();
}

class Directory {
   public:
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "ocirt-fuzz-XXXXXX").string();
        demand(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] std::filesystem::path log() const { return path_ / "log"; }

   private:
    std::filesystem::path path_;
};

}  // namespace ocirt::fuzz
