// Updates: what is written, and how it is taken back.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/update_plan.h"

// Each case names the members that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace ocirt::cgroup {
namespace {

namespace fs = std::filesystem;

const std::vector<Place> v1_places = {{.version = Version::v1, .path = "/c/memory", .controllers = {"memory"}},
                                      {.version = Version::v1, .path = "/c/cpu", .controllers = {"cpu"}},
                                      {.version = Version::v1, .path = "/c/pids", .controllers = {"pids"}},
                                      {.version = Version::v1, .path = "/c/devices", .controllers = {"devices"}}};
const std::vector<Place> v2_places = {
    {.version = Version::v2, .path = "/c", .controllers = {"memory", "cpu", "pids", "io"}}};

std::string update(const spec::Resources& resources, const std::vector<Place>& places,
                   const CurrentLimits& current = {}) {
    const auto plan = make_update_plan(resources, places, current);
    if (!plan) return "error " + plan.error().pointer + ": " + plan.error().detail;
    std::string text;
    for (const Write& write : plan->limits) text += write.file + "=" + write.value + ";";
    return text + (plan->device_program.empty() ? "" : "program");
}

TEST(UpdatePlan, OnlyWhatIsGivenChanges) {
    for (const auto& places : {v1_places, v2_places}) {
        EXPECT_EQ(update({}, places), "");
        EXPECT_EQ(update({.memory = spec::Memory{}, .cpu = spec::Cpu{}, .block_io = spec::BlockIo{}}, places), "");
        EXPECT_EQ(update({.memory = spec::Memory{.limit = 0}, .pids_limit = 0}, places), "");
        EXPECT_EQ(update({.pids_limit = 5}, places), "pids.max=5;");
        EXPECT_EQ(update({.pids_limit = -1}, places), "pids.max=max;");
    }
}

TEST(UpdatePlan, V2KeepsTheOtherHalfOfAFile) {
    CurrentLimits current;
    parse_cpu_max("20000 50000\n", current);
    parse_memory_max("1000\n", current);
    EXPECT_EQ(update({.cpu = spec::Cpu{.quota = 7000}}, v2_places, current), "cpu.max=7000 50000;");
    EXPECT_EQ(update({.cpu = spec::Cpu{.quota = -1}}, v2_places, current), "cpu.max=max 50000;");
    EXPECT_EQ(update({.cpu = spec::Cpu{.period = 9000}}, v2_places, current), "cpu.max=20000 9000;");
    EXPECT_EQ(update({.memory = spec::Memory{.swap = 1500}}, v2_places, current), "memory.swap.max=500;");
    EXPECT_EQ(update({.memory = spec::Memory{.limit = 1200, .swap = 1500}}, v2_places, current),
              "memory.swap.max=300;memory.max=1200;");
    EXPECT_EQ(update({.memory = spec::Memory{.swap = 500}}, v2_places, current),
              "error /linux/resources/memory/swap: lower than the memory limit");
    CurrentLimits none;
    parse_cpu_max("max 100000\n", none);
    parse_memory_max("max\n", none);
    EXPECT_EQ(none.quota, -1);
    EXPECT_EQ(none.memory_limit, -1);
    EXPECT_EQ(update({.cpu = spec::Cpu{.period = 9000}}, v2_places, none), "cpu.max=max 9000;");
}

TEST(UpdatePlan, DevicesOnlyWhereGiven) {
    const std::vector<spec::DeviceRule> rules = {
        {.allow = false, .access = "rwm"},
        {.allow = true, .type = spec::DeviceType::character, .major = 10, .minor = 229, .access = "rw"}};
    EXPECT_EQ(update({.devices = rules}, v2_places), "program");
    std::string current;
    const auto lines = device_lines(effective_device_rules({}));
    ASSERT_TRUE(lines);
    for (const DeviceLine& line : *lines)
        if (line.allow) current += line.text + "\n";
    EXPECT_EQ(update({.devices = rules}, v1_places, {.device_list = current}), "devices.allow=c 10:229 rw;");
    EXPECT_EQ(update({.devices = rules}, v1_places, {.device_list = current + "c 10:229 rwm\nb 8:0 r\n"}),
              "devices.deny=c 10:229 m;devices.deny=b 8:0 r;");
    EXPECT_EQ(update({.devices = rules}, v1_places, {.device_list = current + "c 10:229 rw\n"}), "");
    EXPECT_TRUE(update({.devices = rules}, v1_places, {.device_list = "a *:* rwm\n"}).starts_with("devices.deny=a;"));
}

TEST(UpdatePlan, RulesThatSayTheSameHaveTheSameText) {
    const spec::DeviceRule all{.allow = false, .access = "rwm"};
    EXPECT_EQ(device_rules_text({all}), device_rules_text({{.allow = false, .access = ""}}));
    EXPECT_NE(device_rules_text({all}), device_rules_text({{.allow = true, .access = "rwm"}}));
    EXPECT_EQ(device_rules_text({}), "");
}

struct InverseCase {
    const char* file;
    const char* value;
    const char* before;
    const char* back;  // "FILE=VALUE"; nullptr: there is none
};

class Inverse : public testing::TestWithParam<InverseCase> {};

TEST_P(Inverse, TakesBack) {
    const InverseCase& param = GetParam();
    const auto back = inverse({.controller = "x", .file = param.file, .value = param.value}, param.file, param.before);
    EXPECT_EQ(back ? back->file + "=" + back->value : "none", param.back == nullptr ? "none" : param.back);
}

INSTANTIATE_TEST_SUITE_P(
    Files, Inverse,
    testing::Values(InverseCase{"memory.limit_in_bytes", "10", "20\n", "memory.limit_in_bytes=20"},
                    InverseCase{"cpu.max", "10 20", "max 100000\n", "cpu.max=max 100000"},
                    InverseCase{"cpuset.cpus", "0", "\n", "cpuset.cpus=\n"},
                    InverseCase{"memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\n", "memory.oom_control=0"},
                    InverseCase{"io.weight", "10", "default 100\n8:0 50\n", "io.weight=100"},
                    InverseCase{"io.weight", "8:0 10", "default 100\n8:0 50\n", "io.weight=8:0 50"},
                    InverseCase{"io.weight", "8:16 10", "default 100\n8:0 50\n", "io.weight=8:16 default"},
                    InverseCase{"io.max", "8:0 rbps=10", "8:0 rbps=max wbps=7 riops=max wiops=max\n",
                                "io.max=8:0 rbps=max wbps=7 riops=max wiops=max"},
                    InverseCase{"io.max", "8:0 rbps=10", "", "io.max=8:0 rbps=max"},
                    InverseCase{"blkio.throttle.read_bps_device", "8:0 10", "8:16 5\n",
                                "blkio.throttle.read_bps_device=8:0 0"},
                    InverseCase{"rdma.max", "mlx hca_handle=1", "mlx hca_handle=max hca_object=9\n",
                                "rdma.max=mlx hca_handle=max hca_object=9"},
                    InverseCase{"net_prio.ifpriomap", "eth0 5", "lo 0\neth0 1\n", "net_prio.ifpriomap=eth0 1"},
                    InverseCase{"net_prio.ifpriomap", "eth9 5", "lo 0\n", nullptr},
                    InverseCase{"devices.allow", "c 1:3 r", "", "devices.deny=c 1:3 r"},
                    InverseCase{"devices.deny", "c 1:3 r", "", "devices.allow=c 1:3 r"},
                    InverseCase{"devices.deny", "a", "", nullptr}));

class CgroupUpdateTest : public testing::Test {
   protected:
    CgroupUpdateTest() {
        std::string pattern = (fs::canonical(fs::temp_directory_path()) / "ocirt-update-XXXXXX").string();
        root = ::mkdtemp(pattern.data());
    }
    ~CgroupUpdateTest() override { fs::remove_all(root); }

    void put(const std::string& name, const std::string& text) const { std::ofstream(root + "/" + name) << text; }
    [[nodiscard]] std::string get(const std::string& name) const {
        std::stringstream text;
        text << std::ifstream(root + "/" + name).rdbuf();
        return text.str();
    }
    [[nodiscard]] Cgroup cgroup() const {
        return Cgroup::open({{.version = Version::v1, .path = root, .controllers = {"x"}}});
    }
    static Write write(const std::string& file, const std::string& value) {
        return {.controller = "x", .file = file, .value = value, .pointer = "/linux/resources/" + file};
    }

    std::string root;
};

TEST_F(CgroupUpdateTest, AFailureTakesBackWhatWasWritten) {
    put("a", "1\n");
    put("b", "2\n");
    ResourcePlan plan;
    plan.before_attach = {write("a", "8")};
    plan.limits = {write("b", "9"), write("missing", "5")};
    const auto updated = cgroup().update(plan);
    ASSERT_FALSE(updated);
    EXPECT_EQ(updated.error().pointer, "/linux/resources/missing");
    EXPECT_NE(updated.error().detail.find("nothing was changed"), std::string::npos);
    EXPECT_EQ(get("a"), "1\n");
    EXPECT_EQ(get("b"), "2\n");
}

TEST_F(CgroupUpdateTest, WhatCannotBeTakenBackIsNamed) {
    put("a", "1\n");
    put("devices.deny", "");
    ResourcePlan plan;
    plan.limits = {write("a", "8"), write("devices.deny", "a"), write("missing", "5")};
    const auto updated = cgroup().update(plan);
    ASSERT_FALSE(updated);
    EXPECT_NE(updated.error().detail.find("these stay changed: devices.deny"), std::string::npos)
        << updated.error().detail;
    EXPECT_EQ(get("a"), "1\n");
}

TEST_F(CgroupUpdateTest, AllOfItWhereNothingFails) {
    put("a", "1\n");
    ResourcePlan plan;
    plan.limits = {write("a", "8")};
    EXPECT_TRUE(cgroup().update(plan));
    EXPECT_EQ(get("a"), "8\n");
}

}  // namespace
}  // namespace ocirt::cgroup
