#include "support/own_etc.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>

namespace ocirt::test {

namespace fs = std::filesystem;

OwnEtc::OwnEtc(const fs::path& scratch) : layers_(scratch / "etc") {
    fs::create_directory(layers_);
    if (::mount("tmpfs", layers_.c_str(), "tmpfs", 0, nullptr) != 0) return;
    fs::create_directories(layers_ / "upper/ocirt");
    fs::create_directory(layers_ / "work");
    const std::string options =
        "lowerdir=/etc,upperdir=" + (layers_ / "upper").string() + ",workdir=" + (layers_ / "work").string();
    there_ = ::mount("overlay", "/etc", "overlay", 0, options.c_str()) == 0;
}

OwnEtc::~OwnEtc() {
    if (there_) ::umount2("/etc", MNT_DETACH);
    ::umount2(layers_.c_str(), MNT_DETACH);
}

void OwnEtc::write(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string path = "/etc/ocirt/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
}

}  // namespace ocirt::test
