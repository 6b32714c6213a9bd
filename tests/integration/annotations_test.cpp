// Annotations, with the administrator's file in an /etc of the test's own (threats D7, D8).
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/bundle.h"
#include "support/own_etc.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* keep_groups = "/annotations/run.oci.keep_original_groups";

class Annotations : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: /etc/ocirt is ocirt's";
        if (!etc_.is_there()) GTEST_SKIP() << "SKIP: no overlay on /etc";
        const gid_t groups[] = {2001, 2002};
        ASSERT_EQ(::setgroups(std::size(groups), groups), 0);
        bundle_.json(keep_groups, "1").user(1000, 1000).sh("grep Groups: /proc/self/status");
    }
    void TearDown() override { ::setgroups(0, nullptr); }
    void allow(const std::string& text, mode_t mode = 0644) { etc_.write("annotations.conf", text, mode); }
    std::string groups() { return bundle_.run().out; }

    static constexpr const char* file = "/etc/ocirt/annotations.conf";
    static constexpr const char* kept = "Groups:\t2001 2002 \n";
    static constexpr const char* none = "Groups:\t \n";
    Bundle bundle_;
    OwnEtc etc_{bundle_.scratch()};
};

TEST_F(Annotations, RootKeepsGroupsOnlyWhereTheFileSaysSo) {
    fs::remove_all("/etc/ocirt");
    EXPECT_EQ(groups(), none);
    EXPECT_NE(bundle_.log().find("annotations.conf does not allow it"), std::string::npos) << bundle_.log();
    fs::create_directory("/etc/ocirt");
    EXPECT_EQ(groups(), none);
    allow("# nothing\n");
    EXPECT_EQ(groups(), none);
    allow("run.oci.keep_original_groups # for podman\n");
    EXPECT_EQ(groups(), kept);
}

TEST_F(Annotations, AFileThatOthersCanWriteDoesNotCount) {
    const std::string text = "run.oci.keep_original_groups\n";
    for (const mode_t mode : {0646U, 0664U, 0666U}) {
        allow(text, mode);
        EXPECT_EQ(groups(), none) << std::oct << mode;
    }
    EXPECT_NE(bundle_.log().find("is not root's alone to write"), std::string::npos) << bundle_.log();
    allow(text);
    ASSERT_EQ(::chown(file, 1000, 0), 0);
    EXPECT_EQ(groups(), none);
    ASSERT_EQ(::chown(file, 0, 0), 0);
    ASSERT_EQ(::chmod("/etc/ocirt", 0777), 0);
    EXPECT_EQ(groups(), none);
    ASSERT_EQ(::chmod("/etc/ocirt", 0755), 0);
    fs::rename(file, "/etc/ocirt/other");
    fs::create_symlink("other", file);
    EXPECT_EQ(groups(), none);
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file, 0644), 0);
    EXPECT_EQ(groups(), none);
}

TEST_F(Annotations, AProcessExecutedLaterKeepsItsCallersGroups) {
    allow("run.oci.keep_original_groups\n");
    ASSERT_TRUE(bundle_.sh("while :; do sleep 1; done").launch());
    EXPECT_EQ(bundle_.exec({"grep", "Groups:", "/proc/self/status"}).out, kept);
    allow("");
    EXPECT_EQ(bundle_.exec({"grep", "Groups:", "/proc/self/status"}).out, none);
}

// There they are not mapped, and still the kernel goes by them.
TEST_F(Annotations, InAUserNamespaceTheyAreThereToo) {
    allow("run.oci.keep_original_groups\n");
    const Json map = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle_.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    EXPECT_EQ(groups(), "Groups:\t65534 65534 \n");
    allow("");
    EXPECT_EQ(groups(), none);
}

}  // namespace
}  // namespace ocirt::test
