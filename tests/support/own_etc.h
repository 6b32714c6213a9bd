// An /etc of a test's own, over the machine's, in the private mount namespace of the tests: what is written there is
// gone with it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace ocirt::test {

class OwnEtc {
   public:
    // `scratch`: an existing directory, for its layers.
    explicit OwnEtc(const std::filesystem::path& scratch);
    ~OwnEtc();
    OwnEtc(const OwnEtc&) = delete;
    OwnEtc& operator=(const OwnEtc&) = delete;

    // False where the kernel lays no overlay on /etc.
    [[nodiscard]] bool is_there() const { return there_; }
    // Writes a file of /etc/ocirt, which is there and empty at first.
    void write(const std::string& name, const std::string& text, mode_t mode = 0644) const;

   private:
    std::filesystem::path layers_;
    bool there_ = false;
};

}  // namespace ocirt::test
