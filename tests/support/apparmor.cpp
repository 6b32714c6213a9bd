#include "support/apparmor.h"

#include <unistd.h>

#include <fstream>

#include "support/host.h"
#include "support/process.h"

namespace ocirt::test {

bool has_apparmor() { return read_file("/sys/module/apparmor/parameters/enabled").starts_with('Y'); }

AppArmorProfile::AppArmorProfile(const std::string& name, const std::string& rules)
    : name_(name + "-" + std::to_string(::getpid())) {
    std::ofstream(path_) << "profile " << name_ << " flags=(attach_disconnected,mediate_deleted) {\n"
                         << "  file,\n  capability,\n  network,\n  mount,\n  umount,\n  pivot_root,\n  signal,\n"
                         << "  ptrace,\n  unix,\n  deny /denied/** w,\n"
                         << rules << "}\n";
    loaded_ = parse("--replace");
}

AppArmorProfile::~AppArmorProfile() {
    if (loaded_) (void)parse("--remove");
    std::filesystem::remove(path_);
}

bool AppArmorProfile::parse(const char* what) const {
    const char* parser = "/sbin/apparmor_parser";
    if (!std::filesystem::exists(parser)) return false;
    return run({.args = {parser, "--skip-cache", what, path_}}).status == 0;
}

}  // namespace ocirt::test
