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

// A user has no daemons of root's.
void leave_out_daemons() {
    std::string filter = GTEST_FLAG_GET(filter);
    filter += filter.contains('-') ? ":" : "-";
    GTEST_FLAG_SET(filter, filter + "Docker*:Containerd*:Cri*:ShimFaults*");
}

}  // namespace
}  // namespace ocirt::engines

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (ocirt::engines::has_systemd() && ocirt::engines::is_rootless()) ocirt::engines::leave_out_daemons();
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    if (ocirt::engines::has_systemd()) return ocirt::engines::run_on_machine(ocirt::engines::run_tests);
    if (::getuid() != 0) {
        std::puts("SKIP: needs root");
        return 0;
    }
    const std::string runtime = std::filesystem::path(ocirt::test::runtime_path()).filename();
    return ocirt::engines::run_in_sandbox({.cgroup_v2 = runtime != "crun"}, ocirt::engines::run_tests);
}
