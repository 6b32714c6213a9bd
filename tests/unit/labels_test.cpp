// Labels of security modules: which are refused, where the others are written, and through what.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <string>
#include <vector>

#include "runtime/plan/describe.h"
#include "runtime/plan/draft.h"
#include "runtime/plan/make_exec_plan.h"
#include "support/fake_kernel.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

using test::Call;
using test::FakeKernel;
using test::FakeMachine;
using test::text_at;

using Strings = std::vector<std::string>;

constexpr const char* process_label = "system_u:system_r:container_t:s0:c1,c2";
constexpr const char* mount_label = "system_u:object_r:container_file_t:s0:c1,c2";

Host host_with(SecurityModules modules) {
    Host host = v2_host();
    host.modules = modules;
    return host;
}

Json process(const Json& members) { return {{"process", members}}; }

Json labelled_mounts(const std::vector<std::pair<std::string, Strings>>& mounts) {
    Json list = Json::array();
    for (const auto& [type, options] : mounts)
        list.push_back({{"destination", type == "proc" ? "/proc" : "/" + type},
                        {"type", type},
                        {"source", type},
                        {"options", options}});
    return {{"mounts", list}, {"linux", {{"mountLabel", mount_label}}}};
}

template <class S>
std::vector<S> all(const Plan& plan) {
    std::vector<S> found;
    for (const Step& step : plan.steps)
        if (const S* action = std::get_if<S>(&step.action)) found.push_back(*action);
    return found;
}

template <class S>
std::size_t index_of(const Plan& plan, std::size_t from = 0) {
    while (from < plan.steps.size() && !std::holds_alternative<S>(plan.steps[from].action)) ++from;
    return from;
}

// The program would run unconfined where its config says that it is confined.
TEST(Labels, WithoutTheirModuleAreRefused) {
    struct Case {
        Json patch;
        const char* pointer;
        const char* module;
    };
    const Case cases[] = {
        {process({{"apparmorProfile", "p"}}), "/process/apparmorProfile", "AppArmor"},
        {process({{"apparmorProfile", "unconfined_p"}}), "/process/apparmorProfile", "AppArmor"},
        {process({{"selinuxLabel", "l"}}), "/process/selinuxLabel", "SELinux"},
        {{{"linux", {{"mountLabel", "l"}}}}, "/linux/mountLabel", "SELinux"},
    };
    for (const Case& test : cases) {
        const bool apparmor = std::string(test.module) == "AppArmor";
        const SecurityModules other{.apparmor = !apparmor, .selinux = apparmor};
        const Result<Plan> plan = plan_of(patched_default(test.patch), host_with(other));
        ASSERT_FALSE(plan) << test.pointer;
        EXPECT_EQ(plan.error().fault, Fault::unsupported);
        EXPECT_EQ(plan.error().pointer, test.pointer);
        EXPECT_TRUE(plan.error().detail.starts_with(test.module)) << plan.error().detail;
        EXPECT_TRUE(plan_of(patched_default(test.patch), host_with({.apparmor = apparmor, .selinux = !apparmor})));
        const Result<Plan> exec = make_exec_plan(parse_config(patched_default(test.patch)), {.id = "web"});
        ASSERT_FALSE(exec);
        EXPECT_EQ(exec.error().pointer, test.pointer);
    }
}

TEST(Labels, UnconfinedIsWhatAKernelWithoutAppArmorHas) {
    const Json patch = process({{"apparmorProfile", "unconfined"}});
    const Result<Plan> without = plan_of(patched_default(patch));
    ASSERT_TRUE(without) << render(without.error());
    EXPECT_TRUE(all<SetLabel<Hosted>>(*without).empty());
    EXPECT_EQ(all<SetLabel<Hosted>>(*plan_of(patched_default(patch), host_with({.apparmor = true}))).size(), 1U);
}

TEST(Labels, AreNotPlannedUnasked) {
    const Plan plan = *plan_of(patched_default({}), host_with({.apparmor = true, .selinux = true}));
    EXPECT_TRUE(all<SetLabel<Hosted>>(plan).empty());
}

// After the hooks, which are not the program, and before no_new_privs and the user, who may not.
TEST(Labels, OfTheProgramAreGivenLate) {
    Json patch = process({{"apparmorProfile", "p"}, {"selinuxLabel", process_label}, {"noNewPrivileges", true}});
    patch["hooks"] = {{"startContainer", {{{"path", "/hook"}}}}};
    const Plan plan = *plan_of(patched_default(patch), host_with({.apparmor = true, .selinux = true}));
    const std::size_t hook = index_of<RunHook<Hosted>>(plan);
    const std::size_t selinux = index_of<SetLabel<Hosted>>(plan, hook);
    EXPECT_EQ(index_of<SetLabel<Hosted>>(plan, selinux + 1), selinux + 1);
    EXPECT_LT(selinux + 1, index_of<SetNoNewPrivileges<Hosted>>(plan));
    const auto labels = all<SetLabel<Hosted>>(plan);
    ASSERT_EQ(labels.size(), 4U);
    EXPECT_EQ(labels[2].attribute, "exec");
    EXPECT_EQ(labels[2].label, process_label);
    EXPECT_EQ(labels[3].attribute, "apparmor/exec");
    EXPECT_EQ(labels[3].old_attribute, "exec");
    EXPECT_EQ(labels[3].label, "exec p");
    EXPECT_EQ(plan.steps[selinux].pointer, "/process/selinuxLabel");
    EXPECT_EQ(plan.steps[selinux + 1].pointer, "/process/apparmorProfile");
    EXPECT_EQ(sentence(plan.steps[selinux + 1].action), "take the AppArmor profile p with the program");
}

TEST(Labels, TheKeyringIsTheProcesss) {
    const auto check = [](const Plan& plan) {
        const std::size_t keyring = index_of<JoinSessionKeyring<Hosted>>(plan);
        ASSERT_GT(keyring, 0U);
        ASSERT_LT(keyring + 1, plan.steps.size());
        const auto* before = std::get_if<SetLabel<Hosted>>(&plan.steps[keyring - 1].action);
        const auto* after = std::get_if<SetLabel<Hosted>>(&plan.steps[keyring + 1].action);
        ASSERT_TRUE(before != nullptr && after != nullptr);
        EXPECT_EQ(before->attribute, "keycreate");
        EXPECT_EQ(before->label, process_label);
        EXPECT_EQ(after->attribute, "keycreate");
        EXPECT_EQ(after->label, "");
    };
    const Json config = patched_default(process({{"selinuxLabel", process_label}}));
    check(*plan_of(config, host_with({.selinux = true})));
    const Plan exec = *make_exec_plan(parse_config(config), {.id = "web", .modules = {.selinux = true}});
    check(exec);
    // A process may write its own labels only, and the one that joins is not the one that goes on.
    EXPECT_LT(index_of<Respawn<Hosted>>(exec), index_of<SetLabel<Hosted>>(exec));
}

TEST(Labels, OfMountsAreAnOptionWhereTheFilesystemTakesIt) {
    const Json patch = labelled_mounts({{"tmpfs", {"mode=755"}}, {"proc", {}}, {"sysfs", {}}, {"mqueue", {}}});
    const Plan plan = *plan_of(patched_default(patch), host_with({.selinux = true}));
    const std::string context = std::string("context=") + mount_label;
    std::size_t seen = 0;
    for (const auto& mount : all<MountFs<Hosted>>(plan)) {
        ++seen;
        const Strings expected = mount.fstype == "tmpfs" ? Strings{"mode=755", context} : Strings{};
        EXPECT_EQ(mount.options, expected) << mount.fstype;
    }
    EXPECT_EQ(seen, 4U);
}

TEST(Labels, OfMessageQueuesAreSetOnceTheyAreMountedAndBeforeTheyAreReadOnly) {
    const Json patch = labelled_mounts({{"mqueue", {"ro"}}});
    const Plan plan = *plan_of(patched_default(patch), host_with({.selinux = true}));
    const std::vector<LabelMount<Hosted>> labels = all<LabelMount<Hosted>>(plan);
    ASSERT_EQ(labels.size(), 1U);
    EXPECT_EQ(labels[0].label, mount_label);
    EXPECT_EQ(labels[0].path, all<MountFs<Hosted>>(plan).front().target);
    EXPECT_LT(index_of<MountFs<Hosted>>(plan), index_of<LabelMount<Hosted>>(plan));
    EXPECT_LT(index_of<LabelMount<Hosted>>(plan), index_of<SetMountAttributes<Hosted>>(plan));
    EXPECT_TRUE(all<LabelMount<Hosted>>(
                    *plan_of(patched_default(labelled_mounts({{"tmpfs", {}}})), host_with({.selinux = true})))
                    .empty());
}

TEST(Labels, AMountsOwnCountsAndLosesItsQuotes) {
    const Json patch = labelled_mounts({{"tmpfs", {"context=\"a:b:c:s0:c1,c2\"", "size=1m"}}});
    const Plan plan = *plan_of(patched_default(patch), host_with({.selinux = true}));
    EXPECT_EQ(all<MountFs<Hosted>>(plan).front().options, (Strings{"context=a:b:c:s0:c1,c2", "size=1m"}));
    // They are the filesystem's words, whatever the host has.
    Json without = patch;
    without["linux"].erase("mountLabel");
    EXPECT_EQ(all<MountFs<Hosted>>(*plan_of(patched_default(without))).front().options.front(),
              "context=a:b:c:s0:c1,c2");
}

// ---- init ----------------------------------------------------------------------------------------------------------

// A procfs at descriptor 11, and what is opened in it at 12.
void give_procfs(FakeKernel& kernel, std::uint64_t root_inode = 1) {
    kernel.on(__NR_fsopen, 10).on(__NR_fsmount, 11);
    kernel.on(__NR_fstatfs, [](const Call& call) {
        reinterpret_cast<struct statfs*>(call.at[1])->f_type = PROC_SUPER_MAGIC;
        return 0L;
    });
    kernel.on(__NR_statx, [root_inode](const Call& call) {
        auto* file = reinterpret_cast<struct statx*>(call.at[4]);
        *file = {};
        file->stx_ino = root_inode;
        return 0L;
    });
}

struct Written {
    std::string path;
    std::string text;
};

// Attributes of procfs, those that `missing` is not the name of.
void record_writes(FakeKernel& kernel, Written& written, const std::string& missing = "") {
    kernel.on(__NR_openat2, [&written, missing](const Call& call) -> long {
        EXPECT_EQ(call.at[0], 11);
        const auto* how = reinterpret_cast<const open_how*>(call.at[2]);
        EXPECT_EQ(how->resolve, std::uint64_t{RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS});
        if (text_at(call.at[1]) == missing) return -ENOENT;
        written.path = text_at(call.at[1]);
        return 12;
    });
    kernel.on(__NR_write, [&written](const Call& call) {
        EXPECT_EQ(call.at[0], 12);
        written.text = text_at(call.at[1]).substr(0, static_cast<std::size_t>(call.at[2]));
        return call.at[2];
    });
}

TEST(InitLabels, AreWrittenThroughInitsOwnProcfs) {
    FakeKernel kernel;
    Written written;
    give_procfs(kernel);
    record_writes(kernel, written);
    FakeMachine init(SetLabel<Hosted>{.attribute = "apparmor/exec", .old_attribute = "exec", .label = "exec p"});
    ASSERT_TRUE(init.accepted());
    init.run();
    EXPECT_EQ(written.path, "self/attr/apparmor/exec");
    EXPECT_EQ(written.text, "exec p");
    EXPECT_EQ(kernel.count(__NR_write), 1U);
}

TEST(InitLabels, AnOlderKernelHasTheOtherName) {
    FakeKernel kernel;
    Written written;
    give_procfs(kernel);
    record_writes(kernel, written, "self/attr/apparmor/exec");
    FakeMachine init(SetLabel<Hosted>{.attribute = "apparmor/exec", .old_attribute = "exec", .label = "exec p"});
    init.run();
    EXPECT_EQ(written.path, "self/attr/exec");
}

TEST(InitLabels, AnEmptyOneIsWrittenToo) {
    FakeKernel kernel;
    Written written;
    give_procfs(kernel);
    record_writes(kernel, written);
    FakeMachine init(SetLabel<Hosted>{.attribute = "keycreate"});
    init.run();
    EXPECT_EQ(written.path, "self/attr/keycreate");
    EXPECT_EQ(kernel.count(__NR_write), 1U);
}

TEST(InitLabels, ARefusedOneIsAFailure) {
    FakeKernel kernel;
    give_procfs(kernel);
    kernel.on(__NR_openat2, 12).on(__NR_write, -ENOENT);
    FakeMachine init(SetLabel<Hosted>{.attribute = "exec", .label = "l"});
    EXPECT_EQ(init.run(), 1);
    EXPECT_EQ(init.report().errnum, ENOENT);
    EXPECT_EQ(init.report().syscall, __NR_write);
    EXPECT_EQ(kernel.count(__NR_execve), 0U);
}

// Threat B1: nothing is written to what only looks like procfs.
TEST(InitLabels, AFalseProcfsIsRefused) {
    FakeKernel kernel;
    give_procfs(kernel, 7);
    FakeMachine init(SetLabel<Hosted>{.attribute = "exec", .label = "l"});
    EXPECT_EQ(init.run(), 1);
    EXPECT_EQ(init.report().detail, Detail::wrong_inode);
    EXPECT_EQ(kernel.count(__NR_write), 0U);
}

// The procfs of before shows the pid namespace that is left.
TEST(InitLabels, ARespawnedProcessOpensItsProcfsAnew) {
    FakeKernel kernel;
    Written written;
    give_procfs(kernel);
    record_writes(kernel, written);
    kernel.on(__NR_read, 1);
    FakeMachine init(SetLabel<Hosted>{.attribute = "keycreate"}, Respawn<Hosted>{},
                     SetLabel<Hosted>{.attribute = "exec", .label = "l"});
    ASSERT_TRUE(init.accepted());
    init.run();
    EXPECT_EQ(kernel.count(__NR_fsopen), 2U);
    EXPECT_EQ(written.path, "self/attr/exec");
}

// mount(2) ends an option at a comma, fsconfig(2) takes strings.
TEST(InitLabels, CommasOfALabelAreQuotedForMountAlone) {
    const auto options_of = [](std::uint32_t flags) {
        FakeKernel kernel;
        std::string text;
        kernel.on(__NR_openat2, 10).on(__NR_fsopen, 11).on(__NR_fsmount, 12).on(__NR_openat, 13);
        kernel.on(__NR_fsconfig, [&text](const Call& call) {
            if (call.at[1] == 1) text += text_at(call.at[2]) + "=" + text_at(call.at[3]) + " ";
            return 0L;
        });
        kernel.on(__NR_mount, [&text](const Call& call) {
            text = text_at(call.at[4]);
            return 0L;
        });
        FakeMachine init(MountFs<Hosted>{
            .fstype = "tmpfs", .target = "/a", .flags = flags, .options = {"context=a:s0:c1,c2", "context=b", "x=1"}});
        EXPECT_TRUE(init.accepted());
        init.machine().slots[slot_root] = init::Fd(3);
        init.run();
        return text;
    };
    EXPECT_EQ(options_of(0), "context=a:s0:c1,c2 context=b x=1 ");
    EXPECT_EQ(options_of(mount_classic), "context=\"a:s0:c1,c2\",context=b,x=1");
}

}  // namespace
}  // namespace ocirt::plan
