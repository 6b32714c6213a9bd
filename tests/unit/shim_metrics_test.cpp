// The numbers of a container's cgroups in containerd's messages.
#include <gtest/gtest.h>

#include "common.pb.h"
#include "metrics_v1.pb.h"
#include "metrics_v2.pb.h"
#include "shim/containerd/metrics.h"

namespace ocirt::shim {
namespace {

using namespace std::chrono_literals;

cgroup::Stats some_stats() {
    cgroup::Stats stats;
    stats.pids = {.current = 3, .peak = 4, .limit = 100, .refused_forks = 0};
    stats.cpu.total = 9ms;
    stats.cpu.user = 5ms;
    stats.cpu.kernel = 4ms;
    stats.cpu.per_cpu = {8'000'000, 1'000'000};
    stats.cpu.periods = 11;
    stats.cpu.throttled_periods = 2;
    stats.cpu.throttled = 7ms;
    stats.cpu.bursts = 6;
    stats.cpu.burst = 3ms;
    stats.cpu.pressure = cgroup::Pressure{.some = {.avg10 = 1.5, .total = 12us}, .full = {.avg300 = 0.25}};
    stats.memory.usage = {.usage = 4096, .max = 8192, .limit = 65536, .failures = 1};
    stats.memory.swap = {.usage = 5000, .max = 0, .limit = 70000, .failures = 0};
    stats.memory.swap_only = cgroup::Gauge{.usage = 904, .max = 950, .limit = 4464};
    stats.memory.raw = {{"cache", 21}, {"total_rss", 22}, {"anon", 23}, {"file", 24}, {"thp_collapse_alloc", 25}};
    stats.memory.events = {{"oom_kill", 2}, {"under_oom", 1}, {"high", 5}};
    stats.block_io.service_bytes = {{.major = 8, .minor = 1, .operation = "Read", .value = 512},
                                    {.major = 8, .minor = 1, .operation = "Write", .value = 1024}};
    stats.block_io.serviced = {{.major = 8, .minor = 1, .operation = "Read", .value = 1},
                               {.major = 8, .minor = 2, .operation = "Write", .value = 2}};
    stats.hugetlb = {{.page_size = "2MB", .usage = {.usage = 2, .max = 3, .limit = 4, .failures = 5}, .reserved = {}}};
    stats.rdma = {{.device = "mlx", .hca_handles = 1, .hca_objects = 2}};
    return stats;
}

template <class Metrics>
Metrics encoded(const char* type, cgroup::Version version) {
    const cgroup::Place place{.version = version, .path = "/x", .controllers = {"memory"}};
    wire::Any any;
    EXPECT_TRUE(any.ParseFromString(encode_metrics(some_stats(), {&place, 1})));
    EXPECT_EQ(any.type_url(), type);
    Metrics metrics;
    EXPECT_TRUE(metrics.ParseFromString(any.value()));
    return metrics;
}

TEST(ShimMetrics, OfV1) {
    const auto metrics = encoded<wire::v1::Metrics>("io.containerd.cgroups.v1.Metrics", cgroup::Version::v1);
    EXPECT_EQ(metrics.pids().current(), 3U);
    EXPECT_EQ(metrics.pids().limit(), 100U);
    EXPECT_EQ(metrics.cpu().usage().total(), 9'000'000U);
    EXPECT_EQ(metrics.cpu().usage().kernel(), 4'000'000U);
    EXPECT_EQ(metrics.cpu().usage().per_cpu(1), 1'000'000U);
    EXPECT_EQ(metrics.cpu().throttling().throttled_time(), 7'000'000U);
    EXPECT_EQ(metrics.memory().usage().max(), 8192U);
    EXPECT_EQ(metrics.memory().usage().failcnt(), 1U);
    EXPECT_EQ(metrics.memory().swap().usage(), 5000U);
    EXPECT_EQ(metrics.memory().cache(), 21U);
    EXPECT_EQ(metrics.memory().total_rss(), 22U);
    EXPECT_EQ(metrics.memory_oom_control().oom_kill(), 2U);
    EXPECT_EQ(metrics.memory_oom_control().under_oom(), 1U);
    ASSERT_EQ(metrics.blkio().io_service_bytes_recursive_size(), 2);
    EXPECT_EQ(metrics.blkio().io_service_bytes_recursive(1).op(), "Write");
    EXPECT_EQ(metrics.blkio().io_service_bytes_recursive(1).value(), 1024U);
    EXPECT_EQ(metrics.hugetlb(0).pagesize(), "2MB");
    EXPECT_EQ(metrics.hugetlb(0).failcnt(), 5U);
    EXPECT_EQ(metrics.rdma().current(0).hca_objects(), 2U);
    EXPECT_EQ(metrics.rdma().limit(0).hca_handles(), ~0U);
}

TEST(ShimMetrics, OfV2) {
    const auto metrics = encoded<wire::v2::Metrics>("io.containerd.cgroups.v2.Metrics", cgroup::Version::v2);
    EXPECT_EQ(metrics.pids().current(), 3U);
    EXPECT_EQ(metrics.cpu().usage_usec(), 9000U);
    EXPECT_EQ(metrics.cpu().throttled_usec(), 7000U);
    EXPECT_EQ(metrics.cpu().nr_bursts(), 6U);
    EXPECT_EQ(metrics.cpu().burst_usec(), 3000U);
    EXPECT_EQ(metrics.cpu().psi().some().avg10(), 1.5);
    EXPECT_EQ(metrics.cpu().psi().some().total(), 12U);
    EXPECT_EQ(metrics.cpu().psi().full().avg300(), 0.25);
    EXPECT_FALSE(metrics.memory().has_psi());
    EXPECT_EQ(metrics.memory().anon(), 23U);
    EXPECT_EQ(metrics.memory().file(), 24U);
    EXPECT_EQ(metrics.memory().thp_collapse_alloc(), 25U);
    EXPECT_EQ(metrics.memory().usage(), 4096U);
    EXPECT_EQ(metrics.memory().max_usage(), 8192U);
    EXPECT_EQ(metrics.memory().swap_limit(), 4464U);
    EXPECT_EQ(metrics.memory().swap_max_usage(), 950U);
    EXPECT_EQ(metrics.memory_events().high(), 5U);
    EXPECT_EQ(metrics.memory_events().oom_kill(), 2U);
    ASSERT_EQ(metrics.io().usage_size(), 2);
    EXPECT_EQ(metrics.io().usage(0).rbytes(), 512U);
    EXPECT_EQ(metrics.io().usage(0).wbytes(), 1024U);
    EXPECT_EQ(metrics.io().usage(0).rios(), 1U);
    EXPECT_EQ(metrics.io().usage(1).wios(), 2U);
    EXPECT_EQ(metrics.hugetlb(0).max(), 4U);
}

}  // namespace
}  // namespace ocirt::shim
