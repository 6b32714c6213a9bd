// What a monitor costs: memory while nothing happens, processor time for what it logs. Measured in the release build;
// with OCIRT_CONMON the figures are conmon's.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "support/host.h"
#include "support/monitor.h"
#include "support/usage.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

double processor_seconds(pid_t pid) { return std::chrono::duration<double>(cpu_time(pid)).count(); }

TEST(MonitorCost, Idle) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/sleep", "1000"}), {.options = {"-i"}});
    EXPECT_EQ(monitor.start(), 0);
    const AttachedClient client = monitor.attach();
    client.send("word\n");
    ::usleep(100000);
    const long dirty = private_dirty_kib(monitor.pid());
    std::cout << "private dirty " << dirty << " KiB\n";
    RecordProperty("private_dirty_kib", static_cast<int>(dirty));
    EXPECT_EQ(threads(monitor.pid()), 1);
#ifdef OCIRT_RELEASE
    // Debian's conmon 2.1.6 has 328 to 332.
    if (monitor_is_ocirt()) {
        EXPECT_LT(dirty, 330);
    }
#endif
}

// 4 KiB lines, at whatever rate: none is lost, and each is whole ($OCIRT_TEST_LOG_MIB of them, 64 by default).
TEST(MonitorCost, Logging) {
    constexpr std::size_t line = 4096;
    constexpr std::size_t per_file = 4096;
    const int files = std::max(asked("OCIRT_TEST_LOG_MIB", 64) / 16, 1);
    Bundle bundle;
    std::string data;
    for (std::size_t i = 0; i < per_file; ++i) {
        std::string text = std::to_string(i) + " ";
        text.resize(line - 1, 'x');
        data += text + "\n";
    }
    bundle.file("/data", data);
    const std::vector<std::string> options =
        monitor_is_ocirt() ? std::vector<std::string>{"--log-rate", "block"} : std::vector<std::string>{};
    Monitor monitor(bundle.sh("i=0; while [ $i -lt " + std::to_string(files) +
                              " ]; do cat /data; i=$((i+1)); done; echo all; read x"),
                    {.options = [&options] {
                        std::vector<std::string> all = options;
                        all.emplace_back("-i");
                        return all;
                    }()});
    const double before = processor_seconds(monitor.pid());
    EXPECT_EQ(monitor.start(), 0);
    const std::size_t prefix = 45;
    const std::size_t least = static_cast<std::size_t>(files) * per_file * (line + prefix);
    EXPECT_TRUE(eventually([&] { return fs::file_size(monitor.path("ctr.log")) > least; }, deadline * 4));
    const double seconds = processor_seconds(monitor.pid()) - before;
    std::cout << files * 16 << " MiB in " << seconds << " s of a processor: " << files * 16 / seconds << " MiB/s\n";
    std::ifstream log(monitor.path("ctr.log"));
    std::size_t records = 0;
    std::string joined;
    for (std::string record; std::getline(log, record);) {
        joined += record.substr(prefix);
        if (record[prefix - 2] == 'P') continue;
        if (joined == "all") break;
        ASSERT_EQ(joined.size(), line - 1);
        ASSERT_EQ(std::stoul(joined), records % per_file);
        joined.clear();
        ++records;
    }
    EXPECT_EQ(records, static_cast<std::size_t>(files) * per_file);
}

}  // namespace
}  // namespace ocirt::test
