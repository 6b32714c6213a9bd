#include "engines/image.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "engines/sandbox.h"
#include "support/host.h"
#include "support/process.h"

namespace ocirt::engines {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string output_of(const std::string& script) {
    const test::Finished finished = test::run({.args = {"/bin/sh", "-c", script}});
    if (finished.status != 0) throw std::runtime_error(script + ": " + finished.err);
    return finished.out;
}

void make_rootfs(const fs::path& rootfs) {
    for (const char* name : {"bin", "dev", "etc", "home/web", "proc", "root", "sys", "usr", "var"})
        fs::create_directories(rootfs / name);
    fs::create_directory(rootfs / "tmp");
    fs::permissions(rootfs / "tmp", fs::perms(01777));
    fs::copy_file("/bin/busybox", rootfs / "bin/busybox");
    for (const std::string& applet : test::split_lines(output_of("/bin/busybox --list")))
        if (applet != "busybox") fs::create_symlink("busybox", rootfs / "bin" / applet);
    std::ofstream(rootfs / "etc/passwd") << "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n";
    std::ofstream(rootfs / "etc/group") << "root:x:0:\nweb:x:1000:\nextra:x:777:web\n";
    std::ofstream(rootfs / "bin/not-executable") << "#!/bin/sh\n";
    fs::permissions(rootfs / "bin/not-executable", fs::perms(0644));
}

}  // namespace

void write_image_archive(const fs::path& archive, const ImageOptions& options) {
    const fs::path work = scratch() / "image";
    make_rootfs(work / "rootfs");
    output_of("cd " + work.string() + " && tar --sort=name -C rootfs -cf layer.tar .");
    const std::string digest = output_of("sha256sum " + (work / "layer.tar").string()).substr(0, 64);
    const Json config = {
        {"architecture", "amd64"},
        {"os", "linux"},
        {"created", "2026-01-01T00:00:00Z"},
        {"config", {{"Env", {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "FROM_IMAGE=yes"}}, {"Cmd", options.command}}},
        {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + digest}}}},
        {"history", Json::array({{{"created", "2026-01-01T00:00:00Z"}, {"created_by", "ocirt"}}})},
    };
    const Json manifest =
        Json::array({{{"Config", "config.json"}, {"RepoTags", {options.name}}, {"Layers", {"layer.tar"}}}});
    std::ofstream(work / "config.json") << config;
    std::ofstream(work / "manifest.json") << manifest;
    output_of("cd " + work.string() + " && tar -cf " + archive.string() + " manifest.json config.json layer.tar");
    fs::remove_all(work);
}

}  // namespace ocirt::engines
