// Cgroup over directories and files that only look like cgroups: what it does to them, not what the kernel makes of it.
#include <gtest/gtest.h>

#include <unistd.h>
#include <algorithm>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/cgroup_tree.h"
#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {
namespace {

namespace fs = std::filesystem;

class CgroupTest : public testing::Test {
   protected:
    CgroupTest() {
        std::string pattern = (fs::canonical(fs::temp_directory_path()) / "ocirt-cgroup-XXXXXX").string();
        root = ::mkdtemp(pattern.data());
        layout.hierarchies = {
            {.version = Version::v1, .mount_point = root + "/memory", .controllers = {"memory"}, .own = "/"},
            {.version = Version::v1, .mount_point = root + "/cpuset", .controllers = {"cpuset"}, .own = "/"},
            {.version = Version::v2, .mount_point = root + "/unified", .controllers = {"hugetlb"}, .own = "/"}};
        for (const Hierarchy& hierarchy : layout.hierarchies) {
            fs::create_directories(hierarchy.mount_point);
            paths.push_back(hierarchy.mount_point + "/box");
        }
    }
    ~CgroupTest() override { fs::remove_all(root); }

    void put(const std::string& path, const std::string& text) const {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    [[nodiscard]] std::string get(const std::string& path) const {
        std::stringstream text;
        text << std::ifstream(root + path).rdbuf();
        return text.str();
    }

    std::string root;
    Layout layout;
    std::vector<std::string> paths;
};

TEST_F(CgroupTest, CreatesInEveryHierarchyWithParentsAndRemovesWhatItMade) {
    for (std::string& path : paths) path += "/deep/er";
    auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_TRUE(cgroup) << render(cgroup.error());
    for (const std::string& path : paths) EXPECT_TRUE(fs::is_directory(path)) << path;
    const std::vector<Place> places = cgroup->places();
    for (const std::string& path : paths)
        EXPECT_TRUE(std::ranges::any_of(places, [&path](const Place& place) { return place.path == path; })) << path;
    ASSERT_TRUE(cgroup->remove());
    EXPECT_FALSE(fs::exists(root + "/memory/box"));
    EXPECT_TRUE(fs::exists(root + "/memory"));
    EXPECT_TRUE(cgroup->remove());
}

TEST_F(CgroupTest, LeavesParentsThatWereThere) {
    fs::create_directories(root + "/memory/box");
    for (std::string& path : paths) path += "/inner";
    auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_TRUE(cgroup);
    ASSERT_TRUE(cgroup->remove());
    EXPECT_TRUE(fs::exists(root + "/memory/box"));
    EXPECT_FALSE(fs::exists(root + "/cpuset/box"));
}

TEST_F(CgroupTest, RefusesACgroupWithProcessesAndLeavesNothing) {
    put("/cpuset/box/cgroup.procs", "4242\n");
    const auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_FALSE(cgroup);
    EXPECT_EQ(cgroup.error().fault, Fault::already_exists);
    EXPECT_NE(cgroup.error().detail.find("4242"), std::string::npos);
    EXPECT_FALSE(fs::exists(root + "/memory/box"));
}

TEST_F(CgroupTest, RefusesAFrozenCgroup) {
    put("/unified/box/cgroup.procs", "");
    put("/unified/box/cgroup.freeze", "0\n");
    EXPECT_TRUE(Cgroup::create(layout, paths, {}));
    put("/unified/box/cgroup.freeze", "1\n");
    const auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_FALSE(cgroup);
    EXPECT_NE(cgroup.error().detail.find("frozen"), std::string::npos);
}

TEST_F(CgroupTest, EnablesControllersOnTheWayDown) {
    put("/unified/cgroup.subtree_control", "");
    put("/unified/box/cgroup.subtree_control", "");
    paths[2] += "/inner";
    ASSERT_TRUE(Cgroup::create(layout, paths, {.best_effort = false, .enable = {"hugetlb", "pids"}}));
    EXPECT_EQ(get("/unified/cgroup.subtree_control"), "+hugetlb +pids");
    EXPECT_EQ(get("/unified/box/cgroup.subtree_control"), "+hugetlb +pids");
}

TEST_F(CgroupTest, AttachWritesThePidWhereAsked) {
    auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_TRUE(cgroup);
    for (const char* tree : {"/memory", "/cpuset", "/unified"}) put(std::string(tree) + "/box/cgroup.procs", "");
    ASSERT_TRUE(cgroup->attach(77, Cgroup::Trees::v1));
    EXPECT_EQ(get("/memory/box/cgroup.procs"), "77");
    EXPECT_EQ(get("/unified/box/cgroup.procs"), "");
    ASSERT_TRUE(cgroup->attach(77, Cgroup::Trees::v2));
    EXPECT_EQ(get("/unified/box/cgroup.procs"), "77");
}

TEST_F(CgroupTest, CpusetComesFromTheNearestAncestorThatHasOne) {
    for (const char* where : {"/cpuset/box/cpuset.cpus", "/cpuset/box/inner/cpuset.cpus", "/cpuset/box/cpuset.mems",
                              "/cpuset/box/inner/cpuset.mems"})
        put(where, "\n");
    put("/cpuset/cpuset.cpus", "0-3\n");
    put("/cpuset/cpuset.mems", "0\n");
    auto cgroup =
        Cgroup::open({{.version = Version::v1, .path = root + "/cpuset/box/inner", .controllers = {"cpuset"}}});
    ResourcePlan plan;
    plan.inherit_cpuset = true;
    plan.before_attach = {{.controller = "cpuset", .file = "cpuset.cpus", .value = "1", .pointer = "/x"}};
    ASSERT_TRUE(cgroup.prepare(plan));
    EXPECT_TRUE(get("/cpuset/box/cpuset.cpus").starts_with("0-3"));
    EXPECT_TRUE(get("/cpuset/box/inner/cpuset.cpus").starts_with("1"));
    EXPECT_TRUE(get("/cpuset/box/inner/cpuset.mems").starts_with("0"));
}

TEST_F(CgroupTest, ApplyFallsBackAndSaysWhereItFailed) {
    put("/memory/box/b", "");
    auto cgroup = Cgroup::open({{.version = Version::v1, .path = root + "/memory/box", .controllers = {"memory"}}});
    Write write{.controller = "memory", .file = "a", .value = "1", .pointer = "/linux/x"};
    write.fallback_file = "b";
    write.fallback_value = "2";
    EXPECT_TRUE(cgroup.apply({{write}}));
    EXPECT_EQ(get("/memory/box/b"), "2");
    write.fallback_file.clear();
    const auto failed = cgroup.apply({{write}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(render(failed.error()),
              "/linux/x: write \"1\" to " + root + "/memory/box/a: no such file or directory (ENOENT)");
    write.optional = true;
    EXPECT_TRUE(cgroup.apply({{write}}));
    write.controller = "pids";
    EXPECT_FALSE(cgroup.apply({{write}}));
}

TEST_F(CgroupTest, UpdateBelowTheUsageIsRefused) {
    put("/memory/box/memory.max", "");
    put("/memory/box/memory.current", "500\n");
    auto cgroup = Cgroup::open({{.version = Version::v1, .path = root + "/memory/box", .controllers = {"memory"}}});
    Write write{.controller = "memory", .file = "memory.max", .value = "500", .pointer = "/linux/x"};
    write.usage_file = "memory.current";
    EXPECT_FALSE(cgroup.apply({{write}}));
    write.value = "501";
    EXPECT_TRUE(cgroup.apply({{write}}));
}

TEST_F(CgroupTest, PidsOfTheWholeTreeAtAnyDepth) {
    std::string path = "/memory/box";
    for (int i = 0; i < 300; ++i) {
        put(path + "/cgroup.procs", std::to_string(1000 - i) + "\n");
        path += "/d";
    }
    put("/memory/box/side/cgroup.procs", "5\n1000\n0\n");
    const auto pids = pids_below(open_directory(root + "/memory/box").value());
    ASSERT_TRUE(pids) << render(pids.error());
    EXPECT_EQ(pids->size(), 301u);
    EXPECT_EQ(pids->front(), 5);
    EXPECT_EQ(pids->back(), 1000);
}

TEST_F(CgroupTest, RemovesWhatTheContainerMadeBelow) {
    auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_TRUE(cgroup);
    std::string deep = root + "/memory/box";
    for (int i = 0; i < 300; ++i) deep += "/d";
    fs::create_directories(deep);
    fs::create_directories(root + "/memory/box/e/f");
    fs::create_directories(root + "/memory/box/e/g");
    ASSERT_TRUE(cgroup->remove());
    EXPECT_FALSE(fs::exists(root + "/memory/box"));
}

TEST_F(CgroupTest, RemoveGivesUpInTimeAndNamesTheProcess) {
    auto cgroup = Cgroup::create(layout, paths, {});
    ASSERT_TRUE(cgroup);
    put("/cpuset/box/sub/cgroup.procs", "4242\n");  // a file keeps this directory, as a process keeps a cgroup
    const auto removed = cgroup->remove(std::chrono::milliseconds(20));
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().fault, Fault::timed_out);
    EXPECT_EQ(removed.error().object, root + "/cpuset/box");
    EXPECT_NE(removed.error().detail.find("4242"), std::string::npos);
    EXPECT_FALSE(fs::exists(root + "/memory/box"));
}

TEST_F(CgroupTest, FreezerThatDoesNotFreezeIsThawed) {
    put("/unified/box/cgroup.freeze", "0");
    put("/unified/box/cgroup.events", "populated 1\nfrozen 0\n");
    auto cgroup = Cgroup::open({{.version = Version::v2, .path = root + "/unified/box", .controllers = {}}});
    const auto frozen = cgroup.freeze(std::chrono::milliseconds(30));
    ASSERT_FALSE(frozen);
    EXPECT_EQ(frozen.error().fault, Fault::timed_out);
    EXPECT_EQ(get("/unified/box/cgroup.freeze"), "0");
    put("/unified/box/cgroup.events", "populated 1\nfrozen 1\n");
    EXPECT_TRUE(cgroup.freeze(std::chrono::milliseconds(30)));
    EXPECT_EQ(cgroup.freezer_state(), FreezerState::frozen);
}

TEST_F(CgroupTest, NoHierarchyIsAnErrorUnlessBestEffort) {
    EXPECT_FALSE(Cgroup::create({}, {}, {}));
    EXPECT_TRUE(Cgroup::create({}, {}, {.best_effort = true, .enable = {}}));
}

}  // namespace
}  // namespace ocirt::cgroup
