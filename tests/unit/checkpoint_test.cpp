// What checkpoint and restore decide: names of external mounts, options, criu's log, descriptors.json.
#include <gtest/gtest.h>

#include "common/mount_table.h"
#include "runtime/checkpoint/criu_log.h"
#include "runtime/checkpoint/external_mounts.h"
#include "runtime/checkpoint/image_directory.h"
#include "runtime/checkpoint/options.h"

namespace ocirt::checkpoint {
namespace {

TEST(MountTable, ReadsMountinfo) {
    const std::vector<MountEntry> table = parse_mountinfo(
        "55 38 0:25 /b/rootfs / rw,relatime master:13 - tmpfs tmpfs rw\n"
        "44 56 0:36 / /a\\040b ro,relatime shared:1 master:2 - tmpfs tmpfs ro\n"
        "nonsense\n"
        "\n");
    ASSERT_EQ(table.size(), 2u);
    EXPECT_EQ(table[0].root, "/b/rootfs");
    EXPECT_FALSE(table[0].readonly);
    EXPECT_EQ(table[1].point, "/a b");
    EXPECT_EQ(table[1].parent, 56u);
    EXPECT_EQ(table[1].device, "0:36");
    EXPECT_EQ(table[1].type, "tmpfs");
    EXPECT_TRUE(table[1].readonly);
    EXPECT_EQ(find_mount(table, 44), &table[1]);
    EXPECT_EQ(find_mount(table, 1), nullptr);
}

TEST(MountTable, BelowIsByNames) {
    EXPECT_TRUE(is_at_or_below("/a/b", "/a"));
    EXPECT_TRUE(is_at_or_below("/a", "/a"));
    EXPECT_FALSE(is_at_or_below("/ab", "/a"));
    EXPECT_TRUE(is_at_or_below("/a", "/"));
}

// Threat F1.
TEST(ExternalMountOption, RefusesWhatCriuReadsInAnotherWay) {
    EXPECT_EQ(external_mount_option("/data", "/data").value(), "mnt[/data]:/data");
    for (const char* path : {"/a]:/etc", "/a:b", "/a[b", "/a\nb", "/a\x7f"}) {
        EXPECT_FALSE(external_mount_option(path, "/x")) << path;
        EXPECT_FALSE(external_mount_option("/x", path)) << path;
    }
}

plan::Plan plan_with(std::vector<plan::Step> steps) {
    plan::Plan plan;
    plan.steps = std::move(steps);
    return plan;
}

TEST(ExternalMounts, AreWhatThePlanAttaches) {
    plan::Plan plan =
        plan_with({{plan::MountFs<plan::Hosted>{.fstype = "proc", .source = "proc", .target = "/proc"}, "/mounts/0"},
                   {plan::AttachMount<plan::Hosted>{.slot = 9, .target = "/data"}, "/mounts/1"},
                   {plan::MaskPath<plan::Hosted>{.path = "/proc/kcore"}, "/linux/maskedPaths/0"}});
    plan.trees.push_back({plan::OpenTree<plan::Hosted>{.slot = 9, .source = "/srv", .recursive = 1}, "/mounts/1"});
    const std::vector<ExternalMount> mounts = external_mounts(plan).value();
    ASSERT_EQ(mounts.size(), 2u);
    EXPECT_EQ(mounts[0].name, "/data");
    EXPECT_EQ(mounts[0].slot, 9u);
    EXPECT_TRUE(mounts[0].recursive);
    EXPECT_EQ(mounts[1].name, "/proc/kcore");
    EXPECT_EQ(mounts[1].slot, plan::slot_null);
    EXPECT_FALSE(mounts[1].recursive);
}

TEST(ExternalMounts, NameTheConfigsPointer) {
    const plan::Plan plan =
        plan_with({{plan::AttachMount<plan::Hosted>{.slot = 9, .target = "/a]:/etc"}, "/mounts/1"}});
    const Result<std::vector<ExternalMount>> mounts = external_mounts(plan);
    ASSERT_FALSE(mounts);
    EXPECT_EQ(mounts.error().pointer, "/mounts/1");
    EXPECT_EQ(mounts.error().fault, Fault::unsupported);
}

TEST(CriuLog, ShowsTheLastErrors) {
    EXPECT_EQ(last_errors("(00.1) fine\n"
                          "(00.2) Error (criu/a.c:1): first\n"
                          "(00.3)      1: Error (criu/b.c:2): second: thing\n"
                          "(00.4) Warn  (criu/b.c:2): not this\n"
                          "(00.5) Error (criu/c.c:3): third\n"
                          "(00.6) Error (criu/d.c:4): \x1b[31mfourth"),
              "second: thing; third;  [31mfourth");
    EXPECT_EQ(last_errors(""), "");
    EXPECT_EQ(last_errors("Error ("), "Error (");
}

TEST(Descriptors, AreAtMostThreeStrings) {
    EXPECT_EQ(parse_descriptors(R"(["/dev/null","pipe:[1]","pipe:[2]"])").value().at(2), "pipe:[2]");
    EXPECT_TRUE(parse_descriptors("[]").value().empty());
    for (const char* text : {"", "{}", "[1]", "[[]]", R"(["a","b","c","d"])", "[\"a\"", "\"a\""})
        EXPECT_FALSE(parse_descriptors(text)) << text;
}

struct Refused {
    std::string Options::* option;
    std::string value;
    std::string names;
};

TEST(CriuOptions, WrongValuesAreNamed) {
    const std::vector<Refused> cases = {{&Options::manage_cgroups_mode, "hard", "--manage-cgroups-mode"},
                                        {&Options::empty_ns, "pid", "--empty-ns"},
                                        {&Options::lsm_profile, "name", "--lsm-profile"},
                                        {&Options::page_server, "here", "--page-server"},
                                        {&Options::page_server, ":80", "--page-server"},
                                        {&Options::page_server, "a:0", "--page-server"},
                                        {&Options::page_server, "a:70000", "--page-server"},
                                        {&Options::page_server, "a:8x", "--page-server"}};
    for (const Refused& refused : cases) {
        Options options;
        options.*refused.option = refused.value;
        criu::Options wanted;
        const Result<> filled = fill(wanted, options);
        ASSERT_FALSE(filled) << refused.names;
        EXPECT_EQ(filled.error().fault, Fault::invalid_argument);
        EXPECT_TRUE(filled.error().object.starts_with(refused.names)) << filled.error().object;
    }
}

TEST(CriuOptions, AreCriusOwn) {
    criu::Options wanted;
    Options options;
    options.leave_running = true;
    options.tcp_established = true;
    options.file_locks = true;
    options.page_server = "[::1]:27";
    options.manage_cgroups_mode = "ignore";
    options.empty_ns = "network";
    ASSERT_TRUE(fill(wanted, options));
    EXPECT_TRUE(wanted.leave_running());
    EXPECT_TRUE(wanted.tcp_established());
    EXPECT_TRUE(wanted.file_locks());
    EXPECT_FALSE(wanted.shell_job());
    EXPECT_EQ(wanted.ps().address(), "::1");
    EXPECT_EQ(wanted.ps().port(), 27);
    EXPECT_FALSE(wanted.manage_cgroups());
    EXPECT_EQ(wanted.empty_ns(), 0x40000000u);
}

}  // namespace
}  // namespace ocirt::checkpoint
