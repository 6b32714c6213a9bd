// Labels of security modules on the kernel at hand: refused where there is no module, real where there is one.
#include <gtest/gtest.h>

#include <optional>

#include "support/apparmor.h"
#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

bool has_selinux() { return std::filesystem::exists("/sys/fs/selinux/enforce"); }

const std::vector<std::string> print_label = {"/bin/cat", "/proc/self/attr/current"};

class AppArmor : public testing::Test {
   protected:
    void SetUp() override {
        if (!has_apparmor()) GTEST_SKIP() << "SKIP: AppArmor is not enabled on this kernel";
        profile_.emplace("ocirt-test-profile");
        if (!profile_->loaded()) GTEST_SKIP() << "SKIP: no profile can be loaded: apparmor_parser";
        expected_ = profile_->name() + " (enforce)\n";
    }
    std::optional<AppArmorProfile> profile_;
    std::string expected_;
};

TEST_F(AppArmor, ConfinesTheProgram) {
    Bundle bundle;
    bundle.directory("/denied").json("/root/readonly", false);
    bundle.json("/process/apparmorProfile", profile_->name()).args(print_label);
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, expected_) << finished.err;
    bundle.sh("echo x > /allowed && echo allowed; echo x > /denied/file || echo denied");
    EXPECT_EQ(bundle.run().out, "allowed\ndenied\n");
}

TEST_F(AppArmor, ConfinesAUserWithoutRightsAndPrivileges) {
    Bundle bundle;
    bundle.json("/process/apparmorProfile", profile_->name()).json("/process/noNewPrivileges", true);
    const Finished finished = bundle.user(1000, 1000).args(print_label).run();
    EXPECT_EQ(finished.out, expected_) << finished.err;
}

TEST_F(AppArmor, ConfinesInAUserNamespace) {
    Bundle bundle;
    const Json map = Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}});
    bundle.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    bundle.json("/process/apparmorProfile", profile_->name()).args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    const Finished finished = bundle.exec(print_label);
    EXPECT_EQ(finished.out, expected_) << finished.err;
}

TEST_F(AppArmor, StandardStreamsStayUsable) {
    Bundle bundle;
    bundle.json("/process/apparmorProfile", profile_->name()).sh("cat; echo out; echo err >&2");
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, "out\n");
    EXPECT_EQ(finished.err, "err\n");
}

TEST_F(AppArmor, OfAnotherProcess) {
    Bundle plain;
    plain.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(plain.launch());
    EXPECT_EQ(plain.exec(print_label).out, "unconfined\n");
    EXPECT_EQ(plain.exec(print_label, {"--apparmor", profile_->name()}).out, expected_);

    Bundle confined;
    confined.json("/process/apparmorProfile", profile_->name()).args({"/bin/sleep", "1000"});
    ASSERT_TRUE(confined.launch());
    const Finished inherited = confined.exec(print_label);
    EXPECT_EQ(inherited.out, expected_) << inherited.err;
}

TEST_F(AppArmor, OfAnotherProcessInTheContainersPlace) {
    const AppArmorProfile other("ocirt-test-other");
    ASSERT_TRUE(other.loaded());
    Bundle bundle;
    bundle.json("/process/apparmorProfile", profile_->name()).args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    const Finished finished = bundle.exec(print_label, {"--apparmor", other.name()});
    EXPECT_EQ(finished.out, other.name() + " (enforce)\n") << finished.err;
    const Finished refused = bundle.exec(print_label, {"--apparmor", "ocirt-test-no-such-profile"});
    EXPECT_EQ(refused.status, 255);
    EXPECT_TRUE(refused.err.contains("ocirt-test-no-such-profile") || !runtime_is_ocirt()) << refused.err;
}

// A runtime that is confined itself, as one in a container is.
class AppArmorNested : public AppArmor {
   protected:
    void SetUp() override {
        AppArmor::SetUp();
        if (IsSkipped()) return;
        if (!std::filesystem::exists("/usr/bin/aa-exec")) GTEST_SKIP() << "SKIP: no aa-exec";
        outer_.emplace("ocirt-test-outer", "  change_profile -> **,\n");
        ASSERT_TRUE(outer_->loaded());
        run_under(outer_->name());
        bundle_.args(print_label);
    }
    void run_under(const std::string& profile) { bundle_.through({"/usr/bin/aa-exec", "-p", profile, "--"}); }

    std::optional<AppArmorProfile> outer_;
    Bundle bundle_;
};

TEST_F(AppArmorNested, TheProgramIsConfinedAsTheRuntimeIs) {
    EXPECT_EQ(bundle_.run().out, outer_->name() + " (enforce)\n") << bundle_.log();
}

TEST_F(AppArmorNested, AProfileTakesTheRuntimesPlace) {
    bundle_.json("/process/noNewPrivileges", false).json("/process/apparmorProfile", profile_->name());
    const Finished finished = bundle_.run();
    EXPECT_EQ(finished.out, expected_) << finished.err;
}

// What is stacked only takes away: the one way to another profile that no_new_privs leaves.
TEST_F(AppArmorNested, AProfileIsStackedOnTheRuntimesWithoutNewPrivileges) {
    bundle_.json("/process/noNewPrivileges", true).json("/process/apparmorProfile", "&" + profile_->name());
    const Finished finished = bundle_.run();
    EXPECT_EQ(finished.out, outer_->name() + "//&" + profile_->name() + " (enforce)\n") << finished.err;
    bundle_.directory("/denied").sh("echo x > /denied/file || echo denied");
    EXPECT_EQ(bundle_.run().out, "denied\n");
}

TEST_F(AppArmorNested, AStackedRuntimesContainerIsOfBoth) {
    run_under(outer_->name() + "//&" + profile_->name());
    const Finished finished = bundle_.run();
    EXPECT_EQ(finished.out, outer_->name() + "//&" + profile_->name() + " (enforce)\n") << finished.err;
}

TEST_F(AppArmorNested, AProfileThatTheRuntimesForbidsIsNamed) {
    run_under(profile_->name());
    bundle_.json("/process/apparmorProfile", outer_->name());
    const Finished finished = bundle_.run();
    EXPECT_NE(finished.status, 0);
    for (const std::string& words : {outer_->name(), std::string("permission denied (EACCES)")})
        EXPECT_TRUE(finished.err.contains(words) || !runtime_is_ocirt()) << finished.err;
    EXPECT_TRUE(bundle_.leaks().empty()) << ::testing::PrintToString(bundle_.leaks());
}

TEST_F(AppArmor, AProfileThatIsNotLoadedIsNamed) {
    Bundle bundle;
    bundle.json("/process/apparmorProfile", "ocirt-test-no-such-profile");
    const Finished finished = bundle.run();
    EXPECT_NE(finished.status, 0);
    EXPECT_TRUE(finished.err.contains("ocirt-test-no-such-profile") || !runtime_is_ocirt()) << finished.err;
    EXPECT_TRUE(finished.err.contains("no such file or directory")) << finished.err;
}

// Threat B1: the profile is written to the real file, whatever the rootfs has at its place.
TEST_F(AppArmor, NothingInTheRootfsStandsInForTheLabel) {
    Bundle bundle;
    bundle.file("/proc/self/attr/apparmor/exec", "").file("/proc/self/attr/exec", "");
    bundle.json("/process/apparmorProfile", profile_->name()).args(print_label);
    EXPECT_EQ(bundle.run().out, expected_);
    EXPECT_EQ(read_file(bundle.rootfs() / "proc/self/attr/exec"), "");
}

TEST(Labels, WithoutTheirModuleAreRefusedByName) {
    const auto refused = [](const char* pointer, const char* value, const char* module) {
        Bundle bundle;
        bundle.json(pointer, value);
        const Finished finished = bundle.create();
        EXPECT_EQ(finished.status, 1);
        if (!runtime_is_ocirt()) return;
        EXPECT_TRUE(finished.err.contains(std::string(pointer) + ": label with " + value + ": " + module +
                                          " is not enabled on this kernel"))
            << finished.err;
    };
    if (!has_apparmor()) refused("/process/apparmorProfile", "profile", "AppArmor");
    if (has_selinux()) return;
    refused("/process/selinuxLabel", "a:b:c", "SELinux");
    refused("/linux/mountLabel", "a:b:c", "SELinux");
}

TEST(Labels, OptionsOfExecAreRefusedByName) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a test of ocirt's messages";
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    const auto refused = [&bundle](const char* option, const std::string& expected) {
        const Finished finished = bundle.exec({"/bin/true"}, {option, "label"});
        EXPECT_EQ(finished.status, 255);
        EXPECT_TRUE(finished.err.contains(std::string(option) + ": label with label: " + expected)) << finished.err;
    };
    if (!has_apparmor()) refused("--apparmor", "AppArmor is not enabled on this kernel");
    if (!has_selinux()) refused("--process-label", "SELinux is not enabled on this kernel");
}

}  // namespace
}  // namespace ocirt::test
