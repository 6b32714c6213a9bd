// The engines lane: Debian's container engines with ocirt as their runtime, each in a sandbox of its own, or
// in a virtual machine with systemd.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "engines/image.h"
#include "engines/machine.h"
#include "engines/sandbox.h"
#include "support/bundle.h"

namespace ocirt::engines {
namespace {

int run_tests() {
    std::filesystem::create_directories(scratch());
    write_image_archive(scratch() / "image.tar");
    return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace ocirt::engines

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    if (ocirt::engines::has_systemd()) return ocirt::engines::run_on_machine(ocirt::engines::run_tests);
    if (::getuid() != 0) {
        std::puts("SKIP: needs root");
        return 0;
    }
    const std::string runtime = std::filesystem::path(ocirt::test::runtime_path()).filename();
    return ocirt::engines::run_in_sandbox({.cgroup_v2 = runtime != "crun"}, ocirt::engines::run_tests);
}
