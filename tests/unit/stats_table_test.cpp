// The table of `stats`: what it says of a container, how it is aligned and drawn.
#include <gtest/gtest.h>

#include "runtime/cli/stats_table.h"

namespace ocirt::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = 1u << 20;
const std::chrono::steady_clock::time_point noon{};

cgroup::Stats busy() {
    cgroup::Stats stats;
    stats.memory.usage = {.usage = 12 * mib, .limit = 64 * mib};
    stats.memory.raw = {{"anon", 8 * mib}, {"inactive_file", 4 * mib}};
    stats.pids = {.current = 3, .limit = 100};
    stats.block_io.service_bytes = {{8, 0, "Read", 1024}, {8, 16, "Read", 512}, {8, 0, "Write", 10}, {8, 0, "Sync", 7}};
    return stats;
}

StatsRow row(const cgroup::Stats& stats, std::uint64_t host = 8192 * mib) {
    return stats_row("web", stats, {.used = 1500ms, .at = noon + 2s}, CpuTime{.used = 1s, .at = noon}, host);
}

TEST(StatsTable, SizesAreDockers) {
    EXPECT_EQ(readable_size(0), "0B");
    EXPECT_EQ(readable_size(1023), "1023B");
    EXPECT_EQ(readable_size(1024), "1KiB");
    EXPECT_EQ(readable_size(3 * mib / 2), "1.5MiB");
    EXPECT_EQ(readable_size(8'190'000'000), "7.628GiB");
    EXPECT_EQ(readable_size(~std::uint64_t{0}), "16EiB");
}

TEST(StatsTable, ShareOfOneCpuOverTheTimeBetween) {
    EXPECT_DOUBLE_EQ(*row(busy()).cpu_percent, 25.0);
    const CpuTime now{.used = 4s, .at = noon + 1s};
    EXPECT_DOUBLE_EQ(*stats_row("web", {}, now, CpuTime{.used = 0s, .at = noon}, 0).cpu_percent, 400.0);
    EXPECT_FALSE(stats_row("web", {}, now, std::nullopt, 0).cpu_percent);
    EXPECT_FALSE(stats_row("web", {}, now, CpuTime{.used = 5s, .at = noon}, 0).cpu_percent) << "another container's";
    EXPECT_FALSE(stats_row("web", {}, now, now, 0).cpu_percent);
}

TEST(StatsTable, MemoryIsWithoutTheCacheThatIsNotInUse) {
    cgroup::Stats stats = busy();
    EXPECT_EQ(row(stats).memory, 8 * mib);
    EXPECT_EQ(row(stats).memory_limit, 64 * mib);
    stats.memory.raw.emplace_back("total_inactive_file", 5 * mib);  // v1: with the children's
    EXPECT_EQ(row(stats).memory, 7 * mib);
    stats.memory.raw.back().second = 13 * mib;
    EXPECT_EQ(row(stats).memory, 0u);
    stats.memory.usage.limit = cgroup::unlimited;
    EXPECT_EQ(row(stats).memory_limit, 8192 * mib);
    stats.memory = {};
    EXPECT_FALSE(row(stats).memory) << "no controller";
}

TEST(StatsTable, PidsAndTheirLimit) {
    cgroup::Stats stats = busy();
    EXPECT_EQ(row(stats).pids, 3u);
    EXPECT_EQ(row(stats).pids_limit, 100u);
    stats.pids.limit = cgroup::unlimited;
    EXPECT_FALSE(row(stats).pids_limit);
    stats.pids = {};
    EXPECT_FALSE(row(stats).pids);
}

TEST(StatsTable, IsAligned) {
    EXPECT_EQ(stats_table({}), "ID   CPU %   MEM USAGE / LIMIT   MEM %   BLOCK IO   PIDS\n");
    EXPECT_EQ(stats_table({{.id = "a-longer-one"}, row(busy())}),
              "ID             CPU %    MEM USAGE / LIMIT   MEM %    BLOCK IO       PIDS\n"
              "a-longer-one   --       -- / --             --       -- / --        --\n"
              "web            25.00%   8MiB / 64MiB        12.50%   1.5KiB / 10B   3 / 100\n");
}

TEST(StatsTable, JsonHasPlainNumbers) {
    EXPECT_EQ(stats_array({}), "[]\n");
    EXPECT_EQ(stats_array({row(busy()), {.id = "x"}}),
              R"([{"id":"web","running":true,"cpu_percent":25,"cpu_nanoseconds":1500000000,"memory_usage":8388608,)"
              R"("memory_limit":67108864,"memory_percent":12.5,"block_read":1536,"block_written":10,"pids":3,)"
              R"("pids_limit":100},{"id":"x","running":false,"cpu_percent":null,"cpu_nanoseconds":null,)"
              R"("memory_usage":null,"memory_limit":null,"memory_percent":null,"block_read":null,)"
              R"("block_written":null,"pids":null,"pids_limit":null}])"
              "\n");
}

TEST(StatsTable, IsDrawnOverTheOneBefore) {
    EXPECT_EQ(redrawn("one\ntwo\n", 24, 80), "\033[Hone\033[K\ntwo\033[K\n\033[J");
    EXPECT_EQ(redrawn("one\ntwo\n", 2, 2), "\033[Hon\033[K\n\033[J") << "what does not fit is left out";
    EXPECT_EQ(redrawn("one\ntwo\n", 0, 0), redrawn("one\ntwo\n", 24, 80));
}

}  // namespace
}  // namespace ocirt::cli
