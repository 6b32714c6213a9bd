// What a monitor of a container's own costs, and that it loses nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "native/monitored.h"
#include "support/host.h"
#include "support/usage.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

TEST(NativeCost, Idle) {
    Monitored container;
    container.bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(container.run().status, 0);
    ::usleep(100000);
    const auto used = cpu_time(container.monitor());
    std::cout << "private dirty " << private_dirty_kib(container.monitor()) << " KiB\n";
    EXPECT_EQ(threads(container.monitor()), 1);
#ifdef OCIRT_RELEASE
    EXPECT_LT(private_dirty_kib(container.monitor()), 330) << "Debian's conmon 2.1.6 has 328 to 332";
#endif
    container.kill_monitor();
    ASSERT_EQ(container.bundle.command_without_id({"list"}).status, 0);
    ::usleep(100000);
    std::cout << "that took over: " << private_dirty_kib(container.monitor()) << " KiB\n";
#ifdef OCIRT_RELEASE
    EXPECT_LT(private_dirty_kib(container.monitor()), 330);
#endif
    EXPECT_LT(used.count(), 1'000'000'000);
}

// Ends come at any time: none is lost, and no monitor stays ($OCIRT_TEST_MONITORS of them).
TEST(NativeCost, ManyShortContainers) {
    for (int i = 0, count = asked("OCIRT_TEST_MONITORS", 50); i < count; ++i) {
        Monitored container;
        container.bundle.sh("echo " + std::to_string(i) + "; exit " + std::to_string(i % 200));
        ASSERT_EQ(container.run().status, 0);
        ASSERT_EQ(container.wait(), std::to_string(i % 200));
        ASSERT_EQ(container.log(), "T stdout F " + std::to_string(i) + "\n");
        ASSERT_EQ(container.bundle.remove().status, 0);
    }
}

// The log takes as much as its disk; what it does not take the container keeps ($OCIRT_TEST_LOG_MIB).
TEST(NativeCost, EveryByteAtAnyRate) {
    const int mib = asked("OCIRT_TEST_LOG_MIB", 64);
    Monitored container;
    container.bundle.sh("dd if=/dev/zero bs=1048576 count=" + std::to_string(mib) + " 2>/dev/null");
    const fs::path log = container.bundle.scratch() / "log.of.it";
    ASSERT_EQ(container.run({"--log-rate", "block", "--log-path", log}).status, 0);
    EXPECT_EQ(container.wait(), "0");
    // Records of one read each, as parts of a line without an end.
    EXPECT_GT(fs::file_size(log), static_cast<std::uintmax_t>(mib) << 20);
    std::ifstream file(log, std::ios::binary);
    std::uintmax_t zeros = 0;
    std::vector<char> block(1 << 20);
    while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0)
        zeros += static_cast<std::uintmax_t>(std::count(block.begin(), block.begin() + file.gcount(), '\0'));
    EXPECT_EQ(zeros, static_cast<std::uintmax_t>(mib) << 20);
}

}  // namespace
}  // namespace ocirt::test
