// The CRI: what containers and pods use, and what they may use.
#include <gtest/gtest.h>

#include "engines/cri.h"

namespace ocirt::engines {
namespace {

// So much work and memory that it shows.
const std::vector<std::string> busy{"sh", "-c", "for i in $(seq 1 20000); do :; done; echo ready; sleep 1000"};

void expect_used(const Json& stats) {
    EXPECT_GT(number_of(stats["cpu"]["usage_core_nano_seconds"]["value"]), 1'000'000) << stats;
    EXPECT_GT(number_of(stats["memory"]["working_set_bytes"]["value"]), 10'000) << stats;
}

TEST_F(Cri, StatisticsOfContainers) {
    const Pod pod = run_pod();
    const std::string one = run_container(pod, busy);
    const std::string two = run_container(pod, busy, {{"metadata", {{"name", "c2"}}}});
    for (const std::string& container : {one, two}) ASSERT_TRUE(eventually([&] { return !log_of(container).empty(); }));
    const Json all = call("ListContainerStats", {{"filter", {{"pod_sandbox_id", pod.id}}}})["stats"];
    ASSERT_EQ(all.size(), 2U) << all;
    for (const Json& stats : all) expect_used(stats);
    const Json alone = call("ListContainerStats", {{"filter", {{"id", two}}}})["stats"];
    ASSERT_EQ(alone.size(), 1U) << alone;
    EXPECT_EQ(alone[0]["attributes"]["id"], two);
}

TEST_F(Cri, StatisticsOfPods) {
    const Pod pod = run_pod();
    const std::string container = run_container(pod, busy);
    ASSERT_TRUE(eventually([&] { return !log_of(container).empty(); }));
    const Json stats = call("PodSandboxStats", {{"pod_sandbox_id", pod.id}})["stats"]["linux"];
    expect_used(stats);
    EXPECT_GE(number_of(stats["process"]["process_count"]["value"]), 1) << stats;
    ASSERT_EQ(stats["containers"].size(), 1U) << stats;
    expect_used(stats["containers"][0]);
}

TEST_F(Cri, ResourcesOfARunningContainer) {
    const Pod pod = run_pod();
    const Json resources = {{"cpu_shares", 512}, {"memory_limit_in_bytes", 32 << 20}};
    const std::string container = run_container(pod, {"sleep", "1000"}, {{"linux", {{"resources", resources}}}});
    const std::string cgroup = pod.cgroup_of(container);
    expect_limit(cgroup, "memory.limit_in_bytes", std::to_string(32 << 20));
    expect_limit(cgroup, "cpu.shares", "512");
    const Json more = {
        {"cpu_shares", 256}, {"cpu_period", 50000}, {"cpu_quota", 25000}, {"memory_limit_in_bytes", 64 << 20}};
    call("UpdateContainerResources", {{"container_id", container}, {"linux", more}});
    expect_limit(cgroup, "memory.limit_in_bytes", std::to_string(64 << 20));
    expect_limit(cgroup, "cpu.shares", "256");
    expect_limit(cgroup, "cpu.cfs_period_us", "50000");
    expect_limit(cgroup, "cpu.cfs_quota_us", "25000");
}

}  // namespace
}  // namespace ocirt::engines
