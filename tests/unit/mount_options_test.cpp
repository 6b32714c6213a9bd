#include "runtime/spec/mount_options.h"

#include <gtest/gtest.h>
#include <linux/mount.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ocirt::spec {
namespace {

using Words = std::vector<std::string>;

constexpr std::uint64_t atime = MOUNT_ATTR__ATIME;

struct Attributes {
    Words words;
    std::uint64_t set = 0;
    std::uint64_t clear = 0;
    std::uint64_t recursive_set = 0;
    std::uint64_t recursive_clear = 0;
};
void PrintTo(const Attributes& test, std::ostream* out) {
    for (const std::string& word : test.words) *out << word << ' ';
}

class MountAttributes : public testing::TestWithParam<Attributes> {};

TEST_P(MountAttributes, AreThoseOfTheWords) {
    const MountOptions options = read_mount_options(GetParam().words);
    EXPECT_EQ(options.set, GetParam().set);
    EXPECT_EQ(options.clear, GetParam().clear);
    EXPECT_EQ(options.recursive_set, GetParam().recursive_set);
    EXPECT_EQ(options.recursive_clear, GetParam().recursive_clear);
    EXPECT_TRUE(options.data.empty());
    EXPECT_FALSE(options.bind);
}

INSTANTIATE_TEST_SUITE_P(
    Words, MountAttributes,
    testing::Values(Attributes{.words = {}}, Attributes{.words = {"defaults"}},
                    Attributes{.words = {"ro"}, .set = MOUNT_ATTR_RDONLY},
                    Attributes{.words = {"rw"}, .clear = MOUNT_ATTR_RDONLY},
                    Attributes{.words = {"ro", "rw"}, .clear = MOUNT_ATTR_RDONLY},
                    Attributes{.words = {"rw", "ro"}, .set = MOUNT_ATTR_RDONLY},
                    Attributes{.words = {"rro"}, .recursive_set = MOUNT_ATTR_RDONLY},
                    Attributes{.words = {"rrw"}, .recursive_clear = MOUNT_ATTR_RDONLY},
                    // The one and the other are of different mounts.
                    Attributes{.words = {"rro", "rw"}, .clear = MOUNT_ATTR_RDONLY, .recursive_set = MOUNT_ATTR_RDONLY},
                    Attributes{.words = {"nosuid", "nodev", "noexec"},
                               .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
                    Attributes{.words = {"nosuid", "suid"}, .clear = MOUNT_ATTR_NOSUID},
                    Attributes{.words = {"rnosuid", "rsuid"}, .recursive_clear = MOUNT_ATTR_NOSUID},
                    Attributes{.words = {"nosymfollow"}, .set = MOUNT_ATTR_NOSYMFOLLOW},
                    Attributes{.words = {"nodiratime", "diratime"}, .clear = MOUNT_ATTR_NODIRATIME},
                    // mount_setattr(2): whoever sets one atime word clears the whole field. relatime is zero in it.
                    Attributes{.words = {"noatime"}, .set = MOUNT_ATTR_NOATIME, .clear = atime},
                    Attributes{.words = {"relatime"}, .clear = atime},
                    Attributes{.words = {"noatime", "relatime"}, .clear = atime},
                    Attributes{.words = {"noatime", "strictatime"}, .set = MOUNT_ATTR_STRICTATIME, .clear = atime},
                    Attributes{.words = {"strictatime", "nostrictatime"}, .clear = atime},
                    Attributes{.words = {"rrelatime"}, .recursive_clear = atime},
                    Attributes{.words = {"rnoatime"}, .recursive_set = MOUNT_ATTR_NOATIME, .recursive_clear = atime},
                    Attributes{.words = {"silent", "loud", "iversion", "noiversion", "acl", "noacl"}}));

TEST(MountOptions, BindWords) {
    EXPECT_TRUE(read_mount_options({"bind"}).bind);
    EXPECT_FALSE(read_mount_options({"bind"}).recursive_bind);
    EXPECT_TRUE(read_mount_options({"rbind"}).bind);
    EXPECT_TRUE(read_mount_options({"rbind"}).recursive_bind);
    EXPECT_TRUE(read_mount_options({"ridmap"}).idmap);
    EXPECT_TRUE(read_mount_options({"ridmap"}).recursive_idmap);
    EXPECT_FALSE(read_mount_options({"idmap"}).recursive_idmap);
    EXPECT_TRUE(read_mount_options({"remount"}).remount);
    EXPECT_TRUE(read_mount_options({"tmpcopyup"}).copy_up);
    EXPECT_TRUE(read_mount_options({"rro"}).readonly());
    EXPECT_FALSE(read_mount_options({"ro", "rw"}).readonly());
}

TEST(MountOptions, PropagationInTheOrderWritten) {
    const std::vector<std::uint64_t> expected{MS_SLAVE | MS_REC, MS_SHARED, MS_PRIVATE, MS_UNBINDABLE | MS_REC};
    EXPECT_EQ(read_mount_options({"rslave", "shared", "private", "runbindable"}).propagation, expected);
    EXPECT_EQ(describe_propagation(MS_SLAVE | MS_REC), "rslave");
    EXPECT_EQ(describe_propagation(MS_PRIVATE), "private");
}

// The superblock's words go to any filesystem, unknown ones to the one that may know them, in the order written.
TEST(MountOptions, WordsOfTheFilesystem) {
    const MountOptions options = read_mount_options({"size=64k", "sync", "nosuid", "rubbish", "mode=755", "", "ROX"});
    EXPECT_EQ(options.superblock, Words{"sync"});
    EXPECT_EQ(options.data, (Words{"size=64k", "rubbish", "mode=755", "ROX"}));
}

TEST(MountOptions, TheTableIsTheSpecs) {
    const Words known = known_mount_options();
    EXPECT_TRUE(std::ranges::is_sorted(known));
    EXPECT_EQ(std::ranges::adjacent_find(known), known.end());
    // config.md, "Linux mount options", every row.
    for (const char* word : {"async",
                             "atime",
                             "bind",
                             "defaults",
                             "dev",
                             "diratime",
                             "dirsync",
                             "exec",
                             "iversion",
                             "lazytime",
                             "loud",
                             "mand",
                             "noatime",
                             "nodev",
                             "nodiratime",
                             "noexec",
                             "noiversion",
                             "nolazytime",
                             "nomand",
                             "norelatime",
                             "nostrictatime",
                             "nosuid",
                             "nosymfollow",
                             "private",
                             "ratime",
                             "rbind",
                             "rdev",
                             "rdiratime",
                             "relatime",
                             "remount",
                             "rexec",
                             "rnoatime",
                             "rnodev",
                             "rnodiratime",
                             "rnoexec",
                             "rnorelatime",
                             "rnostrictatime",
                             "rnosuid",
                             "rnosymfollow",
                             "ro",
                             "rprivate",
                             "rrelatime",
                             "rro",
                             "rrw",
                             "rshared",
                             "rslave",
                             "rstrictatime",
                             "rsuid",
                             "rsymfollow",
                             "runbindable",
                             "rw",
                             "shared",
                             "silent",
                             "slave",
                             "strictatime",
                             "suid",
                             "symfollow",
                             "sync",
                             "tmpcopyup",
                             "unbindable",
                             "idmap",
                             "ridmap"}) {
        EXPECT_TRUE(std::ranges::binary_search(known, word)) << word;
        EXPECT_TRUE(read_mount_options({word}).data.empty()) << word;
    }
}

TEST(MountOptions, DescribesAttributesInTheirWords) {
    EXPECT_EQ(describe_attributes(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME), "ro,nosuid,noatime");
    EXPECT_EQ(describe_attributes(0), "");
}

}  // namespace
}  // namespace ocirt::spec
