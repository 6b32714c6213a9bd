// SELinux labels where SELinux is in the kernel and has a policy; labels_test.cpp has what is refused where it is not.
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// Every policy has them; with categories, as engines give each container its own: a comma that mount options end at.
constexpr const char* label = "unconfined_u:unconfined_r:unconfined_t:s0:c1,c2";
constexpr const char* other_label = "unconfined_u:unconfined_r:unconfined_t:s0:c3,c4";
constexpr const char* mount_label = "system_u:object_r:tmp_t:s0:c1,c2";

// The kernel ends it with a NUL.
std::string without_end(std::string text) {
    while (text.ends_with('\0') || text.ends_with('\n')) text.pop_back();
    return text;
}

bool is_valid(const char* context) {
    std::ofstream file("/sys/fs/selinux/context");
    return (file << context << std::flush).good();
}

std::string label_of(const fs::path& path) {
    std::array<char, 256> text{};
    const ssize_t size = ::lgetxattr(path.c_str(), "security.selinux", text.data(), text.size());
    return size < 0 ? "none" : without_end({text.data(), static_cast<std::size_t>(size)});
}

class SELinux : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!fs::exists("/sys/fs/selinux/enforce")) GTEST_SKIP() << "SKIP: SELinux is not enabled on this kernel";
        for (const char* context : {label, other_label, mount_label})
            if (!is_valid(context)) GTEST_SKIP() << "SKIP: the policy has no " << context;
        bundle.args({"/bin/sleep", "1000"});
    }
    [[nodiscard]] std::string pid() { return std::to_string(bundle.state().value("pid", 0)); }
    std::string label_of_process(const std::string& name) {
        return without_end(read_file("/proc/" + name + "/attr/current"));
    }
    // What `exec` sees of its own label.
    std::string exec_label(const std::vector<std::string>& more = {}) {
        const Finished finished = bundle.exec({"/bin/cat", "/proc/self/attr/current"}, more);
        EXPECT_EQ(finished.status, 0) << finished.err;
        return without_end(finished.out);
    }

    Bundle bundle;
};

TEST_F(SELinux, LabelsTheProgramAndWhatIsExecuted) {
    bundle.json("/process/selinuxLabel", label);
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(label_of_process(pid()), label);
    EXPECT_EQ(exec_label(), label);
    EXPECT_EQ(exec_label({"--process-label", other_label}), other_label);
}

TEST_F(SELinux, WithoutALabelItsProgramHasWhatThePolicySays) {
    ASSERT_TRUE(bundle.launch());
    EXPECT_NE(label_of_process(pid()), label);
    EXPECT_EQ(exec_label({"--process-label", other_label}), other_label);
}

TEST_F(SELinux, LabelsAUserWithoutNewPrivileges) {
    bundle.json("/process/selinuxLabel", label).json("/process/noNewPrivileges", true).user(1000, 1000);
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(label_of_process(pid()), label);
}

TEST_F(SELinux, LabelsInAUserNamespace) {
    const Json map = Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}});
    bundle.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    bundle.json("/process/selinuxLabel", label);
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(label_of_process(pid()), label);
    EXPECT_EQ(exec_label(), label);
}

TEST_F(SELinux, DoesNotLabelHooks) {
    const std::string seen = (bundle.scratch() / "seen").string();
    const std::string read = "cat /proc/self/attr/current >>" + seen + "; echo >>" + seen;
    bundle.json("/process/selinuxLabel", label);
    for (const char* kind : {"createRuntime", "createContainer", "poststart"})
        bundle.hook(kind, {"/bin/sh", "-c", read});
    ASSERT_TRUE(bundle.launch());
    const std::string labels = read_file(seen);
    EXPECT_NE(labels, "");
    EXPECT_FALSE(labels.contains(label)) << labels;
}

TEST_F(SELinux, LabelsTheKeyring) {
    bundle.json("/process/selinuxLabel", label);
    ASSERT_TRUE(bundle.launch());
    bool found = false;
    for (const std::string& line : split_lines(read_file("/proc/keys"))) {
        if (!line.contains("_ses." + bundle.id() + ":")) continue;
        std::array<char, 256> text{};
        const long key = std::stol(line.substr(0, 8), nullptr, 16);
        ASSERT_GT(::syscall(SYS_keyctl, KEYCTL_GET_SECURITY, key, text.data(), text.size()), 0);
        EXPECT_STREQ(text.data(), label);
        found = true;
    }
    EXPECT_TRUE(found) << read_file("/proc/keys");
    // Keys that the program makes are its own affair.
    EXPECT_EQ(without_end(read_file("/proc/" + pid() + "/attr/keycreate")), "");
}

TEST_F(SELinux, LabelsNewMounts) {
    bundle.json("/linux/mountLabel", mount_label).json("/process/selinuxLabel", label);
    bundle.mount({.destination = "/own",
                  .type = "tmpfs",
                  .source = "tmpfs",
                  .options = {"context=\"system_u:object_r:tmp_t:s0:c7,c9\""}});
    bundle.mount({.destination = "/queues", .type = "mqueue", .source = "mqueue", .options = {"ro"}});
    bundle.mount({.destination = "/bound", .type = "bind", .source = bundle.scratch(), .options = {"bind"}});
    const Finished created = bundle.create();
    ASSERT_EQ(created.status, 0) << created.err;
    const std::string root = "/proc/" + pid() + "/root";
    for (const char* path : {"/dev", "/dev/shm", "/dev/pts", "/dev/mqueue", "/dev/null", "/queues"})
        EXPECT_EQ(label_of(root + path), mount_label) << path;
    EXPECT_EQ(label_of(root + "/own"), "system_u:object_r:tmp_t:s0:c7,c9");
    EXPECT_EQ(label_of(root + "/bound"), label_of(bundle.scratch())) << "a bind shows what is there";
    for (const char* path : {"/proc", "/sys", "/sys/fs/cgroup"}) EXPECT_NE(label_of(root + path), mount_label) << path;
    for (const char* path : {"/dev/shm", "/dev/mqueue"})
        EXPECT_EQ(label_of(path).find(":c1,c2"), std::string::npos) << "the host's " << path;
}

TEST_F(SELinux, LabelsNewMountsInAUserNamespace) {
    const Json map = Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}});
    bundle.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    bundle.json("/linux/mountLabel", mount_label);
    const Finished created = bundle.create();
    ASSERT_EQ(created.status, 0) << created.err;
    for (const char* path : {"/dev", "/dev/shm", "/dev/mqueue"})
        EXPECT_EQ(label_of("/proc/" + pid() + "/root" + path), mount_label) << path;
}

TEST_F(SELinux, AWrongLabelIsNamed) {
    bundle.json("/process/selinuxLabel", "a:b:c");
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 1);
    for (const char* words : {"/process/selinuxLabel", "a:b:c", "invalid argument (EINVAL)"})
        EXPECT_TRUE(created.err.contains(words) || !runtime_is_ocirt()) << created.err;
    EXPECT_TRUE(bundle.leaks().empty()) << ::testing::PrintToString(bundle.leaks());
}

TEST_F(SELinux, AWrongMountLabelIsNamed) {
    bundle.json("/linux/mountLabel", "a:b:c");
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 1);
    for (const char* words : {"context=a:b:c", "invalid argument (EINVAL)"})
        EXPECT_TRUE(created.err.contains(words) || !runtime_is_ocirt()) << created.err;
    EXPECT_TRUE(bundle.leaks().empty()) << ::testing::PrintToString(bundle.leaks());
}

TEST_F(SELinux, AWrongLabelOfAnExecIsNamed) {
    ASSERT_TRUE(bundle.launch());
    const Finished finished = bundle.exec({"/bin/true"}, {"--process-label", "a:b:c"});
    EXPECT_EQ(finished.status, 255);
    for (const char* words : {"--process-label", "a:b:c", "invalid argument (EINVAL)"})
        EXPECT_TRUE(finished.err.contains(words) || !runtime_is_ocirt()) << finished.err;
}

}  // namespace
}  // namespace ocirt::test
