// Statistics over directories and files that only look like cgroups: v1, v2 and a hybrid.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/cgroup/stats.h"
#include "runtime/cgroup/stats_text.h"
#include "runtime/cli/stats_json.h"

namespace ocirt::cgroup {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;

class StatsTest : public testing::Test {
   protected:
    StatsTest() {
        std::string pattern = (fs::canonical(fs::temp_directory_path()) / "ocirt-stats-XXXXXX").string();
        root = ::mkdtemp(pattern.data());
    }
    ~StatsTest() override { fs::remove_all(root); }

    void put(const std::string& path, const std::string& text) const {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    [[nodiscard]] Place place(Version version, const std::string& path, std::vector<std::string> controllers) const {
        fs::create_directories(root + path);
        return {.version = version, .path = root + path, .controllers = std::move(controllers)};
    }
    [[nodiscard]] static Stats read(const std::vector<Place>& places) {
        auto stats = read_stats(places);
        EXPECT_TRUE(stats) << render(stats.error());
        return stats.value_or(Stats{});
    }

    std::string root;
};

TEST_F(StatsTest, CpuOfV1) {
    put("/cpu/cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_time 700\nnr_bursts 3\nburst_time 11\n");
    put("/cpuacct/cpuacct.usage", "1000\n");
    put("/cpuacct/cpuacct.usage_percpu", "400 600 \n");
    put("/cpuacct/cpuacct.usage_all", "cpu user system\n0 300 100\n1 500 100\n");
    put("/cpuacct/cpuacct.stat", "user 2\nsystem 1\n");
    const Stats stats = read({place(Version::v1, "/cpu", {"cpu"}), place(Version::v1, "/cpuacct", {"cpuacct"})});
    EXPECT_EQ(stats.cpu.total, nanoseconds(1000));
    EXPECT_EQ(stats.cpu.per_cpu, (std::vector<std::uint64_t>{400, 600}));
    EXPECT_EQ(stats.cpu.per_cpu_user, (std::vector<std::uint64_t>{300, 500}));
    EXPECT_EQ(stats.cpu.per_cpu_kernel, (std::vector<std::uint64_t>{100, 100}));
    EXPECT_EQ(stats.cpu.user, nanoseconds(std::chrono::seconds(2)) / ::sysconf(_SC_CLK_TCK));
    EXPECT_EQ(stats.cpu.kernel, nanoseconds(std::chrono::seconds(1)) / ::sysconf(_SC_CLK_TCK));
    EXPECT_EQ(stats.cpu.periods, 5u);
    EXPECT_EQ(stats.cpu.throttled_periods, 2u);
    EXPECT_EQ(stats.cpu.throttled, nanoseconds(700));
    EXPECT_EQ(stats.cpu.bursts, 3u);
    EXPECT_EQ(stats.cpu.burst, nanoseconds(11));
}

TEST_F(StatsTest, MemoryOfV1) {
    put("/memory/memory.usage_in_bytes", "100\n");
    put("/memory/memory.max_usage_in_bytes", "200\n");
    put("/memory/memory.limit_in_bytes", "300\n");
    put("/memory/memory.failcnt", "4\n");
    put("/memory/memory.memsw.usage_in_bytes", "150\n");
    put("/memory/memory.kmem.usage_in_bytes", "50\n");
    put("/memory/memory.kmem.tcp.usage_in_bytes", "5\n");
    put("/memory/memory.stat", "cache 7\nrss 8\ntotal_rss 9\n");
    put("/memory/memory.use_hierarchy", "0\n");
    put("/memory/memory.soft_limit_in_bytes", "77\n");
    put("/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n");
    put("/memory/memory.numa_stat", "total=5 N0=3 N1=2\n");
    const MemoryStats memory = read({place(Version::v1, "/memory", {"memory"})}).memory;
    EXPECT_EQ(memory.usage.usage, 100u);
    EXPECT_EQ(memory.usage.max, 200u);
    EXPECT_EQ(memory.usage.limit, 300u);
    EXPECT_EQ(memory.usage.failures, 4u);
    EXPECT_EQ(memory.swap.usage, 150u);
    EXPECT_EQ(memory.kernel.usage, 50u);
    EXPECT_EQ(memory.kernel_tcp.usage, 5u);
    EXPECT_EQ(memory.cache, 7u);
    EXPECT_EQ(memory.raw, (Counters{{"cache", 7}, {"rss", 8}, {"total_rss", 9}}));
    EXPECT_FALSE(memory.use_hierarchy);
    EXPECT_EQ(memory.soft_limit, 77u);
    EXPECT_EQ(counter(memory.events, "oom_kill"), 6u);
    ASSERT_EQ(memory.numa.size(), 1u);
    EXPECT_EQ(memory.numa[0].name, "total");
    EXPECT_EQ(memory.numa[0].nodes[1], (std::pair<std::uint32_t, std::uint64_t>{1, 2}));
}

// What no scheduler counts the throttling's files do.
TEST_F(StatsTest, BlockIoOfV1ComesFromWhoeverCounts) {
    put("/blkio/blkio.bfq.io_service_bytes_recursive", "Total 0\n");
    put("/blkio/blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 0\n8:0 Total 4096\nTotal 4096\n");
    put("/blkio/blkio.bfq.io_serviced_recursive", "8:0 Read 3\n");
    put("/blkio/blkio.throttle.io_serviced_recursive", "8:0 Read 9\n");
    put("/blkio/blkio.sectors_recursive", "8:16 12\n");
    const BlockIoStats io = read({place(Version::v1, "/blkio", {"blkio"})}).block_io;
    ASSERT_EQ(io.service_bytes.size(), 3u);
    EXPECT_EQ(io.service_bytes[0].operation, "Read");
    EXPECT_EQ(io.service_bytes[0].value, 4096u);
    ASSERT_EQ(io.serviced.size(), 1u);
    EXPECT_EQ(io.serviced[0].value, 3u);
    ASSERT_EQ(io.sectors.size(), 1u);
    EXPECT_EQ(io.sectors[0].minor, 16u);
    EXPECT_EQ(io.sectors[0].operation, "");
}

TEST_F(StatsTest, HugetlbOfV1WithReservations) {
    put("/hugetlb/hugetlb.2MB.usage_in_bytes", "1\n");
    put("/hugetlb/hugetlb.2MB.limit_in_bytes", "2\n");
    put("/hugetlb/hugetlb.2MB.failcnt", "3\n");
    put("/hugetlb/hugetlb.2MB.rsvd.usage_in_bytes", "4\n");
    put("/hugetlb/hugetlb.1GB.usage_in_bytes", "5\n");
    const auto hugetlb = read({place(Version::v1, "/hugetlb", {"hugetlb"})}).hugetlb;
    ASSERT_EQ(hugetlb.size(), 2u);
    EXPECT_EQ(hugetlb[0].page_size, "1GB");
    EXPECT_FALSE(hugetlb[0].reserved);
    EXPECT_EQ(hugetlb[1].usage.failures, 3u);
    ASSERT_TRUE(hugetlb[1].reserved);
    EXPECT_EQ(hugetlb[1].reserved->usage, 4u);
}

TEST_F(StatsTest, EverythingOfV2) {
    const Place box = place(Version::v2, "/box", {"cpu", "cpuset", "memory", "pids", "io", "hugetlb", "rdma", "misc"});
    put("/box/cpu.stat",
        "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnr_periods 9\nnr_throttled 8\nthrottled_usec 7\nburst_usec 6\n");
    put("/box/cpu.pressure",
        "some avg10=0.05 avg60=1.50 avg300=20.00 total=33\nfull avg10=0.01 avg60=0.00 avg300=0.00 total=3\n");
    put("/box/cpuset.cpus.effective", "0-2,5\n");
    put("/box/memory.current", "100\n");
    put("/box/memory.peak", "120\n");
    put("/box/memory.max", "max\n");
    put("/box/memory.high", "90\n");
    put("/box/memory.swap.current", "10\n");
    put("/box/memory.swap.max", "50\n");
    put("/box/memory.stat", "anon 1\nfile 2\nkernel 3\nsock 4\n");
    put("/box/memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n");
    put("/box/memory.events.local", "oom_kill 1\n");
    put("/box/memory.numa_stat", "anon N0=1 N1=0\n");
    put("/box/pids.current", "4\n");
    put("/box/pids.max", "max\n");
    put("/box/pids.events", "max 12\n");
    put("/box/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n8:16\n");
    put("/box/hugetlb.2MB.current", "2097152\n");
    put("/box/hugetlb.2MB.max", "max\n");
    put("/box/hugetlb.2MB.events", "max 2\n");
    put("/box/rdma.current", "mlx4_0 hca_handle=2 hca_object=20\n");
    put("/box/rdma.max", "mlx4_0 hca_handle=max hca_object=2000\n");
    put("/box/misc.current", "sev 1\n");
    put("/box/misc.max", "sev max\n");
    const Stats stats = read({box});
    EXPECT_EQ(stats.cpu.total, std::chrono::microseconds(3));
    EXPECT_EQ(stats.cpu.throttled, std::chrono::microseconds(7));
    EXPECT_EQ(stats.cpu.burst, std::chrono::microseconds(6));
    ASSERT_TRUE(stats.cpu.pressure);
    EXPECT_DOUBLE_EQ(stats.cpu.pressure->some.avg60, 1.5);
    EXPECT_EQ(stats.cpu.pressure->full.total, std::chrono::microseconds(3));
    EXPECT_EQ(stats.cpuset.cpus, (std::vector<std::uint16_t>{0, 1, 2, 5}));
    EXPECT_EQ(stats.memory.usage.limit, unlimited);
    EXPECT_EQ(stats.memory.usage.max, 120u);
    EXPECT_EQ(stats.memory.usage.failures, 2u);
    EXPECT_EQ(stats.memory.high, 90u);
    EXPECT_EQ(stats.memory.swap.usage, 110u);
    EXPECT_EQ(stats.memory.swap.limit, unlimited);
    ASSERT_TRUE(stats.memory.swap_only);
    EXPECT_EQ(stats.memory.swap_only->limit, 50u);
    EXPECT_EQ(stats.memory.cache, 2u);
    EXPECT_EQ(stats.memory.kernel.usage, 3u);
    EXPECT_EQ(counter(stats.memory.events, "oom_group_kill"), 5u);
    EXPECT_EQ(counter(stats.memory.local_events, "oom_kill"), 1u);
    EXPECT_EQ(stats.memory.numa[0].nodes.size(), 2u);
    EXPECT_EQ(stats.pids.limit, unlimited);
    EXPECT_EQ(stats.pids.refused_forks, 12u);
    ASSERT_EQ(stats.block_io.service_bytes.size(), 3u);
    EXPECT_EQ(stats.block_io.service_bytes[2].operation, "Discard");
    EXPECT_EQ(stats.block_io.serviced[1].value, 4u);
    ASSERT_EQ(stats.block_io.other.size(), 1u);
    EXPECT_EQ(stats.block_io.other[0].operation, "cost.usage");
    EXPECT_EQ(stats.hugetlb[0].usage.failures, 2u);
    EXPECT_EQ(stats.rdma[0].hca_handles, 2u);
    EXPECT_EQ(stats.rdma[0].hca_handles_limit, unlimited);
    EXPECT_EQ(stats.rdma[0].hca_objects_limit, 2000u);
    EXPECT_EQ(stats.misc[0].resource, "sev");
}

// The v2 tree of a hybrid counts CPU time and pressure without any controller; v1's word on the former stands.
TEST_F(StatsTest, AHybridTakesEachFromWhereItIs) {
    put("/cpuacct/cpuacct.usage", "1000\n");
    put("/unified/cpu.stat", "usage_usec 99\n");
    put("/unified/memory.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n");
    put("/unified/hugetlb.2MB.current", "8\n");
    put("/memory/memory.usage_in_bytes", "100\n");
    const Stats stats = read({place(Version::v2, "/unified", {"hugetlb"}), place(Version::v1, "/cpuacct", {"cpuacct"}),
                              place(Version::v1, "/memory", {"memory"})});
    EXPECT_EQ(stats.cpu.total, nanoseconds(1000));
    EXPECT_EQ(stats.memory.usage.usage, 100u);
    ASSERT_TRUE(stats.memory.pressure);
    EXPECT_DOUBLE_EQ(stats.memory.pressure->some.avg10, 1);
    EXPECT_EQ(stats.hugetlb.size(), 1u);
}

TEST_F(StatsTest, ADirectoryThatIsGoneIsLeftOutAndAllOfThemAreAnError) {
    const Place gone{.version = Version::v1, .path = root + "/gone", .controllers = {"memory"}};
    put("/pids/pids.current", "2\n");
    EXPECT_EQ(read({gone, place(Version::v1, "/pids", {"pids"})}).pids.current, 2u);
    EXPECT_EQ(read_stats(std::vector<Place>{gone}).error().errnum, ENOENT);
}

TEST(StatsText, SkipsWhatMakesNoSense) {
    EXPECT_EQ(parse_counters("a 1\nb\nc x\nd 18446744073709551616\ne 2"), (Counters{{"a", 1}, {"e", 2}}));
    EXPECT_EQ(parse_number("12\n"), 12u);
    EXPECT_EQ(parse_number("12x"), std::nullopt);
    EXPECT_EQ(parse_number(""), std::nullopt);
    EXPECT_TRUE(parse_number_list("").empty());
    EXPECT_TRUE(parse_number_list("5-99999999").empty());
    EXPECT_TRUE(parse_block_io("Total 5\n8 Read 5\n:\n8:0 Read\n").empty());
}

// Members that monitors of runc read, with their names.
TEST(StatsJson, IsRuncs) {
    Stats stats;
    stats.cpu.total = nanoseconds(10);
    stats.cpu.per_cpu = {4, 6};
    stats.cpu.pressure.emplace().some.avg10 = 0.25;
    stats.memory.usage.usage = 5;
    stats.memory.raw = {{"cache", 1}};
    stats.memory.events = {{"oom_kill", 3}};
    stats.pids = {.current = 2, .limit = unlimited};
    stats.block_io.service_bytes = {{.major = 8, .minor = 0, .operation = "Read", .value = 9}};
    stats.hugetlb = {{.page_size = "2MB", .usage = {.usage = 7}, .reserved = {}}};
    const std::string text = cli::stats_event("web", stats);
    EXPECT_TRUE(text.starts_with(
        R"({"type":"stats","id":"web","data":{"cpu":{"usage":{"total":10,"percpu":[4,6],"kernel":0,"user":0},)"
        R"("throttling":{},"psi":{"some":{"avg10":0.25,)"))
        << text;
    for (const char* part :
         {R"("raw":{"cache":1})", R"("oom_kill":3)", R"("pids":{"current":2})",
          R"("blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":9}]})",
          R"("hugetlb":{"2MB":{"usage":7,"failcnt":0}})", R"("intel_rdt":{},"network_interfaces":null}})"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    EXPECT_EQ(cli::oom_event("web"), "{\"type\":\"oom\",\"id\":\"web\"}\n");
}

}  // namespace
}  // namespace ocirt::cgroup
