// Whether a restored container is what its config asks for (threats F1, F2, F3).
#include <gtest/gtest.h>
#include <linux/mount.h>

#include "runtime/checkpoint/restored_mounts.h"
#include "runtime/checkpoint/restored_process.h"

namespace ocirt::checkpoint {
namespace {

constexpr std::uint64_t chown_bit = 1;
constexpr std::uint64_t kill_bit = 1u << 5;
constexpr std::uint64_t setuid_bit = 1u << 7;

TEST(RestoredProcess, StatusIsRead) {
    const ProcessStatus status = parse_status(
        "Name:\tsh\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n"
        "CapEff:\t0000000000000004\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000008\nNoNewPrivs:\t1\n"
        "Seccomp:\t2\nSeccomp_filters:\t1\n");
    EXPECT_EQ(status.uids[0], 1u);
    EXPECT_EQ(status.uids[3], 4u);
    EXPECT_EQ(status.gids[1], 6u);
    EXPECT_EQ(status.inheritable, 1u);
    EXPECT_EQ(status.permitted, 2u);
    EXPECT_EQ(status.effective, 4u);
    EXPECT_EQ(status.bounding, 0x1ffffffffffu);
    EXPECT_EQ(status.ambient, 8u);
    EXPECT_TRUE(status.no_new_privileges);
    EXPECT_TRUE(status.has_filter);
    EXPECT_FALSE(parse_status("").has_filter);
}

class RestoredProcessBounds : public ::testing::Test {
   protected:
    RestoredProcessBounds() {
        bounds_.bounding = bounds_.permitted = chown_bit | kill_bit;
        bounds_.no_new_privileges = bounds_.filter = true;
        bounds_.uid = bounds_.gid = 1000;
        for (int i = 0; i < 4; ++i) status_.uids[i] = status_.gids[i] = 1000;
        status_.bounding = status_.permitted = status_.effective = kill_bit;
        status_.no_new_privileges = status_.has_filter = true;
    }
    [[nodiscard]] std::string objection() const {
        const Result<> checked = check_process(status_, bounds_);
        return checked ? "" : checked.error().pointer;
    }

    Bounds bounds_;
    ProcessStatus status_;
};

TEST_F(RestoredProcessBounds, LessIsFine) { EXPECT_EQ(objection(), ""); }

TEST_F(RestoredProcessBounds, MoreIsRefused) {
    const ProcessStatus fine = status_;
    status_.bounding |= setuid_bit;
    EXPECT_EQ(objection(), "/process/capabilities/bounding");
    for (std::uint64_t ProcessStatus::* set :
         {&ProcessStatus::permitted, &ProcessStatus::effective, &ProcessStatus::ambient}) {
        status_ = fine;
        status_.*set |= setuid_bit;
        EXPECT_EQ(objection(), "/process/capabilities/permitted");
    }
    status_ = fine;
    status_.inheritable |= setuid_bit;
    EXPECT_EQ(objection(), "/process/capabilities/inheritable");
    status_ = fine;
    status_.no_new_privileges = false;
    EXPECT_EQ(objection(), "/process/noNewPrivileges");
    status_ = fine;
    status_.has_filter = false;
    EXPECT_EQ(objection(), "/linux/seccomp");
    status_ = fine;
    status_.uids[2] = 0;
    EXPECT_EQ(objection(), "/process/user/uid");
    status_ = fine;
    status_.gids[0] = 0;
    EXPECT_EQ(objection(), "/process/user/gid");
}

TEST_F(RestoredProcessBounds, WhoMayChangeItsIdsMayHaveOthers) {
    status_.uids[0] = 0;
    bounds_.permitted |= setuid_bit;
    EXPECT_EQ(objection(), "");
    bounds_.permitted &= ~setuid_bit;
    bounds_.no_new_privileges = false;  // by a set-user-ID program
    EXPECT_EQ(objection(), "");
}

class RestoredMounts : public ::testing::Test {
   protected:
    RestoredMounts() {
        plan::Plan plan;
        plan.trees.push_back({{.slot = 9, .source = "/srv", .recursive = 1, .set = MOUNT_ATTR_RDONLY}, "/mounts/1"});
        plan.steps = {{plan::MountFs<plan::Hosted>{.fstype = "proc", .source = "proc", .target = "/proc"}, "/mounts/0"},
                      {plan::AttachMount<plan::Hosted>{.slot = 9, .target = "/data"}, "/mounts/1"},
                      {plan::MaskPath<plan::Hosted>{.path = "/proc/kcore"}, "/linux/maskedPaths/0"},
                      {plan::ReadonlyPath<plan::Hosted>{.path = "/proc/sys"}, "/linux/readonlyPaths/0"}};
        planned_ = planned_mounts(plan);
        host_ = parse_mountinfo("1 0 8:1 / / rw - ext4 d rw\n2 1 0:5 / /dev rw - devtmpfs d rw\n");
        sources_ = {{.slot = plan::slot_root, .device = "8:1", .root = "/b/rootfs", .readonly = false},
                    {.slot = 9, .device = "8:1", .root = "/srv", .readonly = true},
                    {.slot = 9, .device = "0:70", .root = "/", .readonly = true},
                    {.slot = plan::slot_null, .device = "0:5", .root = "/null", .readonly = false}};
        found_ = {{true, 10}, {true, 11}, {true, 12}, {true, 13}, {true, 14}};
    }
    // Empty: nothing is wrong. Else the pointer or what the error is about.
    [[nodiscard]] std::string objection(const std::string& more = "") const {
        const std::vector<MountEntry> restored = parse_mountinfo(table_ + more);
        const Result<> checked = check_mounts({.restored = restored,
                                               .planned = planned_,
                                               .found = found_,
                                               .sources = sources_,
                                               .host = host_,
                                               .may_mount = may_mount_});
        return checked ? "" : checked.error().object + ": " + checked.error().detail;
    }

    std::vector<PlannedMount> planned_;
    std::vector<Found> found_;
    std::vector<Source> sources_;
    std::vector<MountEntry> host_;
    bool may_mount_ = false;
    std::string table_ =
        "10 9 8:1 /b/rootfs / rw - ext4 d rw\n"
        "11 10 0:60 / /proc rw - proc proc rw\n"
        "12 10 8:1 /srv /data ro - ext4 d rw\n"
        "13 11 0:5 /null /proc/kcore rw - devtmpfs d rw\n"
        "14 11 0:60 /sys /proc/sys ro - proc proc rw\n"
        "15 12 0:70 / /data/below ro - tmpfs t rw\n";
};

TEST_F(RestoredMounts, AsTheConfigAsks) { EXPECT_EQ(objection(), ""); }

TEST_F(RestoredMounts, AWritableReadonlySourceIsRefused) {
    table_.replace(table_.find("/data ro"), 8, "/data rw");
    EXPECT_NE(objection().find("writable"), std::string::npos) << objection();
}

TEST_F(RestoredMounts, AMaskThatIsMissingIsRefused) {
    found_[3].mount.reset();
    EXPECT_NE(objection().find("/proc/kcore"), std::string::npos);
    found_[3].exists = false;  // nothing to mask
    table_.erase(table_.find("13 11"), table_.find("14 11") - table_.find("13 11"));
    EXPECT_EQ(objection(), "");
}

TEST_F(RestoredMounts, OtherHostDirectoriesAreRefusedWhateverItMay) {
    for (const bool may : {false, true}) {
        may_mount_ = may;
        for (const char* root : {"/", "/etc", "/srvother", "/b"})
            EXPECT_NE(objection("16 10 8:1 " + std::string(root) + " /mnt ro - ext4 d rw\n"), "") << root;
    }
    // What it is given it may show elsewhere, if it may mount.
    EXPECT_EQ(objection("16 10 8:1 /srv/a /mnt ro - ext4 d rw\n"), "");
}

TEST_F(RestoredMounts, WhatNobodyAskedForIsRefusedUnlessItMayMount) {
    const std::string tmpfs = "16 10 0:80 / /mnt rw - tmpfs t rw\n";
    EXPECT_NE(objection(tmpfs), "");
    EXPECT_EQ(objection("16 10 0:81 /0 /dev/console rw - devpts d rw\n"), "");
    may_mount_ = true;
    EXPECT_EQ(objection(tmpfs), "");
}

TEST_F(RestoredMounts, AnotherSourceIsRefused) {
    table_.replace(table_.find("8:1 /srv"), 8, "8:1 /b/rootfs/x");
    EXPECT_NE(objection().find("/data: "), std::string::npos) << objection();
}

}  // namespace
}  // namespace ocirt::checkpoint
