// Intel RDT, on a directory that stands in for the resctrl filesystem.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "runtime/plan/describe.h"
#include "runtime/resctrl/group.h"
#include "runtime/resctrl/schemata.h"
#include "runtime/state/record.h"
#include "unit/plan_fixture.h"

namespace ocirt::resctrl {
namespace {

namespace fs = std::filesystem;

TEST(Schemata, TheSameInAnotherWriting) {
    constexpr const char* present = "    L3:0=07f0;1=001f\n    MB:0= 20;1= 70\nL3CODE:0=ff\n";
    const std::vector<std::vector<std::string>> same = {
        {}, {"L3:0=7f0;1=1f"}, {"L3:1=1F"}, {"L3: 1 = 0x1f ; 0=7F0", "MB:1=70;0=20"}, {"MB:0=12"}, {"L3CODE:0=ff"}};
    for (const auto& lines : same) EXPECT_EQ(difference(lines, present, 10), "");
}

TEST(Schemata, WhatIsDifferent) {
    constexpr const char* present = "L3:0=7f0;1=1f\nMB:0=20\n";
    EXPECT_EQ(difference({"L3:0=7f0;1=3f"}, present, 1), "L3:1 is 1f, not 3f");
    EXPECT_EQ(difference({"MB:0=12"}, present, 1), "MB:0 is 20, not 12");
    EXPECT_EQ(difference({"MB:0=21"}, present, 10), "MB:0 is 20, not 30");
    EXPECT_EQ(difference({"L2:0=1"}, present, 1), "it has no L2:0");
    EXPECT_EQ(difference({"L3:2=1"}, present, 1), "it has no L3:2");
}

// A config's intelRdt, of which a test names what it is about.
struct Wanted {
    std::string clos_id{};
    std::vector<std::string> schemata{};
    std::string l3_cache_schema{};
    std::string mem_bw_schema{};
    bool enable_monitoring = false;
};
GroupPlan group_of(const Wanted& wanted) {
    return plan_group({.clos_id = wanted.clos_id,
                       .schemata = wanted.schemata,
                       .l3_cache_schema = wanted.l3_cache_schema,
                       .mem_bw_schema = wanted.mem_bw_schema,
                       .enable_monitoring = wanted.enable_monitoring},
                      "web");
}

TEST(GroupPlan, ByTheRulesOfTheSpecification) {
    const GroupPlan own = group_of({});
    EXPECT_TRUE(own.own);
    EXPECT_EQ(own.clos, "web");
    EXPECT_EQ(own.monitor, "");
    const GroupPlan named = group_of({.clos_id = "gold",
                                      .schemata = {"L2:0=f", "L3:0=1"},
                                      .l3_cache_schema = "L3:0=7",
                                      .mem_bw_schema = "MB:0=20",
                                      .enable_monitoring = true});
    EXPECT_FALSE(named.own);
    EXPECT_EQ(named.clos, "gold");
    EXPECT_EQ(named.monitor, "web");
    EXPECT_EQ(named.schemata, (std::vector<std::string>{"L3:0=7", "MB:0=20", "L2:0=f", "L3:0=1"}));
    EXPECT_EQ(group_of({.clos_id = "/"}).clos, "");
    EXPECT_FALSE(group_of({.clos_id = "/"}).own);
    EXPECT_EQ(place_of(group_of({.clos_id = "/", .enable_monitoring = true}), "/r").monitor, "/r/mon_groups/web");
}

TEST(Resctrl, IsFoundWhereItIsMounted) {
    EXPECT_EQ(mount_point(parse_mountinfo("24 1 0:22 / /sys rw - sysfs sysfs rw\n"
                                          "31 24 0:29 / /sys/fs/resctrl rw,relatime shared:9 - resctrl resctrl rw\n")),
              "/sys/fs/resctrl");
    EXPECT_EQ(mount_point(parse_mountinfo("31 24 0:29 / /elsewhere rw - resctrl none rw")), "/elsewhere");
    EXPECT_EQ(mount_point(parse_mountinfo("24 1 0:22 / /sys/fs/resctrl rw - sysfs sysfs rw\n")), "");
    EXPECT_EQ(mount_point(parse_mountinfo("")), "");
}

class ResctrlGroup : public ::testing::Test {
   protected:
    void SetUp() override {
        std::string path = fs::temp_directory_path() / "ocirt-resctrl-XXXXXX";
        ASSERT_NE(::mkdtemp(path.data()), nullptr);
        root_ = path;
        fs::create_directories(root_ / "info/MB");
        fs::create_directory(root_ / "mon_groups");
        write("info/MB/bandwidth_gran", "10\n");
        write("info/last_cmd_status", "ok\n");
        write("schemata", "L3:0=fff\n");
        write("tasks", "");
        fs::create_directories(root_ / "gold/mon_groups");
        write("gold/schemata", "    L3:0=07f\n    MB:0= 30\n");
        write("gold/tasks", "");
    }
    void TearDown() override { fs::remove_all(root_); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(root_ / name) << text; }
    [[nodiscard]] std::string text(const std::string& name) const {
        std::stringstream stream;
        stream << std::ifstream(root_ / name).rdbuf();
        return stream.str();
    }
    [[nodiscard]] Result<Group> make(const Wanted& wanted) const { return Group::make(group_of(wanted), root_); }
    // The kernel removes a group with the files in it.
    void remove_files(const std::string& group) const {
        for (const char* file : {"/tasks", "/schemata"}) fs::remove(root_ / (group + file));
    }

    fs::path root_;
};

TEST_F(ResctrlGroup, OfTheContainersOwn) {
    const Result<Group> group = make({.l3_cache_schema = "L3:0=7", .mem_bw_schema = "MB:0=20"});
    ASSERT_TRUE(group) << render(group.error());
    EXPECT_EQ(text("web/schemata"), "L3:0=7\nMB:0=20\n");
    ASSERT_TRUE(enter(group->place(), 42));
    EXPECT_EQ(text("web/tasks"), "42");
    remove_files("web");
    ASSERT_TRUE(remove(group->place()));
    EXPECT_FALSE(fs::exists(root_ / "web"));
    EXPECT_TRUE(remove(group->place())) << "a delete may be repeated";
}

TEST_F(ResctrlGroup, OfTheContainersOwnMustBeNew) {
    fs::create_directory(root_ / "web");
    const Result<Group> group = make({});
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().errnum, EEXIST);
    EXPECT_EQ(group.error().pointer, "/linux/intelRdt");
    EXPECT_TRUE(fs::exists(root_ / "web"));
}

// Without schemata none is written.
TEST_F(ResctrlGroup, ThatIsThere) {
    const Result<Group> group = make({.clos_id = "gold", .enable_monitoring = true});
    ASSERT_TRUE(group) << render(group.error());
    EXPECT_TRUE(text("gold/schemata").contains("07f"));
    ASSERT_TRUE(enter(group->place(), 42));
    EXPECT_EQ(text("gold/tasks"), "42");
    EXPECT_EQ(text("gold/mon_groups/web/tasks"), "42");
    remove_files("gold/mon_groups/web");
    remove_files("gold");
    ASSERT_TRUE(remove(group->place()));
    EXPECT_FALSE(fs::exists(root_ / "gold/mon_groups/web"));
    EXPECT_TRUE(fs::exists(root_ / "gold")) << "it is not the container's";
}

TEST_F(ResctrlGroup, ThatIsThereIsCompared) {
    EXPECT_TRUE(make({.clos_id = "gold", .l3_cache_schema = "L3:0=7f", .mem_bw_schema = "MB:0=25"}));
    EXPECT_TRUE(make({.clos_id = "gold", .schemata = {"L3:0=7F"}}));
    const Result<Group> other = make({.clos_id = "gold", .l3_cache_schema = "L3:0=3f"});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().fault, Fault::invalid_config);
    EXPECT_TRUE(other.error().detail.contains("L3:0 is 7f, not 3f")) << other.error().detail;
    EXPECT_TRUE(text("gold/schemata").contains("07f"));
    EXPECT_TRUE(make({.clos_id = "/", .schemata = {"L3:0=fff"}}));
    EXPECT_FALSE(make({.clos_id = "/", .schemata = {"L3:0=1"}}));
}

TEST_F(ResctrlGroup, ByNameIsMadeAndStays) {
    const Result<Group> group = make({.clos_id = "new", .schemata = {"L3:0=1", "L2:0=1"}});
    ASSERT_TRUE(group);
    EXPECT_EQ(text("new/schemata"), "L3:0=1\nL2:0=1\n");
    remove_files("new");
    ASSERT_TRUE(remove(group->place()));
    EXPECT_TRUE(fs::exists(root_ / "new"));
}

TEST_F(ResctrlGroup, ByNameWithoutSchemataMustBeThere) {
    const Result<Group> group = make({.clos_id = "none"});
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().fault, Fault::invalid_config);
    EXPECT_FALSE(fs::exists(root_ / "none"));
    EXPECT_TRUE(make({.clos_id = "/"}));
}

// No room for a monitoring group: a fake's new directory has no mon_groups.
TEST_F(ResctrlGroup, LeavesNothingWhenItFails) {
    write("info/last_cmd_status", "Out of RMIDs\n");
    const Result<Group> group = make({.enable_monitoring = true});
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().detail, "Out of RMIDs");
    EXPECT_FALSE(fs::exists(root_ / "web"));
}

TEST_F(ResctrlGroup, IsTakenBack) {
    Result<Group> group = make({});
    ASSERT_TRUE(group && fs::exists(root_ / "web"));
    group->take_back();
    EXPECT_FALSE(fs::exists(root_ / "web"));
}

TEST(ResctrlRecord, ComesBack) {
    state::Record record;
    EXPECT_EQ(state::from_json(state::to_json(record)).value().resctrl.clos, "");
    record.resctrl = {.clos = "/r/web", .monitor = "/r/web/mon_groups/web", .remove_clos = true};
    const Result<state::Record> read = state::from_json(state::to_json(record));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->resctrl.clos, "/r/web");
    EXPECT_EQ(read->resctrl.monitor, "/r/web/mon_groups/web");
    EXPECT_TRUE(read->resctrl.remove_clos);
}

TEST(PlanResctrl, IsShown) {
    using namespace plan;
    const Plan plan = *plan_of(patched_default(
        {{"linux", {{"intelRdt", {{"closID", "gold"}, {"schemata", {"L3:0=7"}}, {"enableMonitoring", true}}}}}}));
    const std::string story = describe(plan);
    EXPECT_TRUE(story.contains("make or find the class of service gold"));
    EXPECT_TRUE(story.contains("write L3:0=7 to its schemata"));
    EXPECT_TRUE(story.contains("make the monitoring group web in it"));
    EXPECT_EQ(Json::parse(describe_json(plan))["resctrl"],
              (Json{{"clos", "gold"}, {"own", false}, {"schemata", {"L3:0=7"}}, {"monitor", "web"}}));
}

}  // namespace
}  // namespace ocirt::resctrl
