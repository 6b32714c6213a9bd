#pragma once

#include <filesystem>
#include <string>

namespace ocirt::test {

// A directory that is removed with what it holds.
class TemporaryDirectory {
   public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void write(const std::string& name, const std::string& content) const;
    [[nodiscard]] std::string read(const std::string& name) const;

   private:
    std::filesystem::path path_;
};

}  // namespace ocirt::test
