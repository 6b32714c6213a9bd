// AppArmor profiles of the tests' own.
#pragma once

#include <filesystem>
#include <string>

namespace ocirt::test {

bool has_apparmor();

// A profile that lets everything happen but writing below /denied, loaded for as long as the object lives, by a
// name that no other process of the tests has; `rules`: what else it allows.
class AppArmorProfile {
   public:
    explicit AppArmorProfile(const std::string& name, const std::string& rules = "");
    ~AppArmorProfile();
    AppArmorProfile(const AppArmorProfile&) = delete;
    AppArmorProfile& operator=(const AppArmorProfile&) = delete;

    [[nodiscard]] bool loaded() const { return loaded_; }
    [[nodiscard]] const std::string& name() const { return name_; }

   private:
    [[nodiscard]] bool parse(const char* what) const;

    std::string name_;
    std::filesystem::path path_ = "/tmp/" + name_ + ".profile";
    bool loaded_ = false;
};

}  // namespace ocirt::test
