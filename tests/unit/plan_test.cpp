// Single decisions of make_plan: what it refuses, warns of, and orders. Whole plans are in plan_golden_test.cpp.
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/describe.h"
#include "runtime/plan/draft.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

struct Path {
    const char* written;
    const char* clean;
};
void PrintTo(const Path& path, std::ostream* out) { *out << path.written; }

class CleanPath : public testing::TestWithParam<Path> {};
TEST_P(CleanPath, IsLexical) { EXPECT_EQ(clean_path(GetParam().written), GetParam().clean); }
INSTANTIATE_TEST_SUITE_P(Paths, CleanPath,
                         testing::Values(Path{"/", "/"}, Path{"", "/"}, Path{"//", "/"}, Path{"/a/", "/a"},
                                         Path{"/a//b/./c/../d", "/a/b/d"}, Path{"/..", "/"}, Path{"/../../a", "/a"},
                                         Path{"/a/../../..", "/"}, Path{"a/b", "/a/b"}, Path{"../a", "/a"},
                                         Path{"/...", "/..."}, Path{"/a./.b", "/a./.b"}, Path{"/./.", "/"}));

Json mounts(std::initializer_list<Json> list) { return {{"mounts", Json(list)}}; }

Json mount(const std::string& destination, const std::string& type, const std::string& source,
           const std::vector<std::string>& options = {}) {
    return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
}

struct Refused {
    const char* name;
    Json patch;
    Fault fault;
    const char* pointer;
    const char* detail;  // a part of it
    Host host = v2_host();
};
void PrintTo(const Refused& test, std::ostream* out) { *out << test.name; }

class RefusedPlan : public testing::TestWithParam<Refused> {};

TEST_P(RefusedPlan, NamesTheValue) {
    const Result<Plan> plan = plan_of(patched_default(GetParam().patch), GetParam().host);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().fault, GetParam().fault) << render(plan.error());
    EXPECT_EQ(plan.error().pointer, GetParam().pointer);
    EXPECT_NE(plan.error().detail.find(GetParam().detail), std::string::npos) << plan.error().detail;
}

const Json id_map = Json::array({{{"containerID", 0}, {"hostID", 1000}, {"size", 1}}});

INSTANTIATE_TEST_SUITE_P(
    Mounts, RefusedPlan,
    testing::Values(Refused{"BindWithoutSource", mounts({mount("/a", "bind", "")}), Fault::invalid_config,
                            "/mounts/0/source", "needs a source"},
                    Refused{"NoType", mounts({mount("/a", "", "x")}), Fault::invalid_config, "/mounts/0/type",
                            "no filesystem type"},
                    Refused{"SomethingElseOnProc", mounts({mount("/x/../proc/", "tmpfs", "tmpfs")}),
                            Fault::invalid_config, "/mounts/0", "only a proc filesystem"},
                    Refused{"ABindOnProc", mounts({mount("/proc", "bind", "/srv", {"bind"})}), Fault::invalid_config,
                            "/mounts/0", "only a proc filesystem"},
                    Refused{"InsideProc", mounts({mount("/proc/self/attr", "bind", "/srv", {"bind"})}),
                            Fault::invalid_config, "/mounts/0", "inside /proc"},
                    Refused{"InsideProcSys", mounts({mount("/proc/sys/kernel", "tmpfs", "t")}), Fault::invalid_config,
                            "/mounts/0", "inside /proc"},
                    Refused{"OnTheRoot", mounts({mount("/a/..", "tmpfs", "t")}), Fault::invalid_config,
                            "/mounts/0/destination", "hide the root"},
                    Refused{"RemountOfTheFilesystem", mounts({mount("/a", "tmpfs", "t", {"remount", "size=1m"})}),
                            Fault::unsupported, "/mounts/0/options", "size=1m"},
                    Refused{"RemountOfTheSuperblock", mounts({mount("/a", "tmpfs", "t", {"remount", "sync"})}),
                            Fault::unsupported, "/mounts/0/options", "sync"},
                    Refused{"RecursiveOptionOnAnOldKernel", mounts({mount("/a", "bind", "/a", {"rbind", "rro"})}),
                            Fault::unsupported, "/mounts/0/options", "5.12", old_host()},
                    Refused{"NoCgroupFilesystem",
                            {{"mounts", Json::array({mount("/sys/fs/cgroup", "cgroup", "cgroup")})},
                             {"linux", {{"resources", nullptr}}}},
                            Fault::unsupported,
                            "/mounts/0",
                            "no such filesystem",
                            bare_host()},
                    Refused{"NoV2Tree", mounts({mount("/sys/fs/cgroup", "cgroup2", "cgroup")}), Fault::unsupported,
                            "/mounts/0", "no such filesystem", v1_host()},
                    Refused{"LimitWithoutCgroups",
                            {{"mounts", nullptr}, {"linux", {{"resources", {{"pids", {{"limit", 5}}}}}}}},
                            Fault::unsupported,
                            "/linux/resources/pids/limit",
                            "",
                            bare_host()}),
    [](const auto& info) { return info.param.name; });

// What the parser cannot know: a config that another caller made.
TEST(RefusedPlan, NoProgram) {
    spec::Config config = parse_config(patched_default({}));
    config.process->args.clear();
    EXPECT_EQ(make_plan(config, v2_host(), usual_options()).error().pointer, "/process/args");
    config.process.reset();
    EXPECT_EQ(make_plan(config, v2_host(), usual_options()).error().pointer, "/process");
}

// The index of the first step S for which `fits`; none: nullopt.
template <class S, class F>
std::optional<std::size_t> find(const Plan& plan, F&& fits) {
    for (std::size_t i = 0; i < plan.steps.size(); ++i)
        if (const S* step = std::get_if<S>(&plan.steps[i].action); step != nullptr && fits(*step)) return i;
    return std::nullopt;
}
template <class S>
std::optional<std::size_t> find(const Plan& plan) {
    return find<S>(plan, [](const S&) { return true; });
}

std::optional<std::size_t> find_mount(const Plan& plan, const std::string& target) {
    return find<MountFs<Hosted>>(plan, [&](const auto& step) { return step.target == target; });
}

Json joined_pid() {
    return {
        {"linux",
         {{"namespaces", {{{"type", "pid"}, {"path", "/proc/7/ns/pid"}}, {{"type", "mount"}}, {{"type", "uts"}}}}}}};
}

// A procfs mounted before would show the host's processes.
TEST(PlanOrder, ProcOfAJoinedPidNamespaceIsMountedInIt) {
    const Plan plan = *plan_of(patched_default(joined_pid()));
    const auto respawn = find<Respawn<Hosted>>(plan);
    const auto proc = find_mount(plan, "/proc");
    const auto masks = find<MaskPath<Hosted>>(plan);
    ASSERT_TRUE(respawn && proc && masks);
    EXPECT_LT(*respawn, *proc);
    EXPECT_LT(*proc, *masks);
    EXPECT_LT(*find_mount(plan, "/dev"), *find<PivotRoot<Hosted>>(plan));
}

// In a user namespace a new procfs needs another one in sight: the namespace is joined before pivot_root.
TEST(PlanOrder, InAUserNamespaceAPidNamespaceIsJoinedBeforeTheMounts) {
    Json patch = joined_pid();
    patch["linux"]["namespaces"].push_back({{"type", "user"}, {"path", "/proc/7/ns/user"}});
    const Plan plan = *plan_of(patched_default(patch));
    const auto respawn = find<Respawn<Hosted>>(plan);
    const auto proc = find_mount(plan, "/proc");
    const auto session = find<NewSession<Hosted>>(plan);
    ASSERT_TRUE(respawn && proc && session);
    EXPECT_LT(*respawn, *session);
    EXPECT_LT(*respawn, *proc);
    EXPECT_LT(*proc, *find<PivotRoot<Hosted>>(plan));
}

// An engine of a user's runs its runtime as root of a user namespace that the config does not name.
TEST(PlanOrder, InAnEnginesUserNamespaceToo) {
    Host host = v2_host();
    host.in_user_namespace = true;
    const Plan plan = *plan_of(patched_default(joined_pid()), host);
    const auto respawn = find<Respawn<Hosted>>(plan);
    const auto proc = find_mount(plan, "/proc");
    ASSERT_TRUE(respawn && proc);
    EXPECT_LT(*respawn, *proc);
    EXPECT_LT(*proc, *find<PivotRoot<Hosted>>(plan));
}

// The program shall lead its session, and the process that joins is not the one that goes on.
TEST(PlanOrder, TheLastProcessMakesTheSession) {
    for (const Json& patch : {Json::object(), joined_pid()}) {
        const Plan plan = *plan_of(patched_default(patch));
        const auto session = find<NewSession<Hosted>>(plan);
        ASSERT_TRUE(session);
        EXPECT_LT(find<Respawn<Hosted>>(plan).value_or(0), *session);
    }
}

// Threat A9: a mount in the root of the container must not appear on the host.
TEST(PlanPropagation, TheRootLeavesItsPeers) {
    for (const char* word : {"shared", "rshared", "slave", "private", "unbindable"}) {
        const Plan plan = *plan_of(patched_default({{"linux", {{"rootfsPropagation", word}}}}));
        ASSERT_EQ(plan.trees.front().tree.slot, slot_root);
        EXPECT_EQ(plan.trees.front().tree.keep_peers, 0U) << word;
        EXPECT_EQ(plan.trees.front().tree.propagation, std::string(word) == "slave" ? 0U : MS_PRIVATE) << word;
    }
}

TEST(PlanPropagation, OnlyWhatIsAskedToBeSharedStaysAPeer) {
    const auto keeps = [](const char* root, const std::vector<std::string>& words) {
        Json patch = mounts({mount("/a", "bind", "/a", words)});
        patch["linux"]["rootfsPropagation"] = root;
        const Plan plan = *plan_of(patched_default(patch));
        return plan.trees.at(1).tree.keep_peers != 0;
    };
    EXPECT_TRUE(keeps("rshared", {"rbind", "rshared"}));
    EXPECT_FALSE(keeps("rshared", {"rbind"}));
    EXPECT_FALSE(keeps("rshared", {"rbind", "rslave"}));
    EXPECT_FALSE(keeps("rslave", {"rbind", "rshared"}));
}

TEST(PlanPropagation, EveryWordInItsOrder) {
    const Plan plan = *plan_of(patched_default(mounts({mount("/a", "bind", "/a", {"bind", "slave", "shared"})})));
    const auto opened = find<OpenTree<Hosted>>(plan);
    ASSERT_TRUE(opened);
    EXPECT_EQ(std::get<OpenTree<Hosted>>(plan.steps[*opened].action).propagation, MS_SLAVE);
    const auto later = find<SetMountAttributes<Hosted>>(plan);
    ASSERT_TRUE(later);
    EXPECT_EQ(std::get<SetMountAttributes<Hosted>>(plan.steps[*later].action).propagation, MS_SHARED);
}

// Without mount_setattr neither parent nor init may be asked for it: the steps after the attach do it all.
TEST(PlanPropagation, AnOldKernelGetsItAfterTheAttach) {
    const Plan plan = *plan_of(patched_default(mounts({mount("/a", "bind", "/a", {"bind", "ro"})})), old_host());
    const auto is_left_alone = [](const OpenTree<Hosted>& tree) {
        return tree.keep_peers == 1 && (tree.set | tree.clear | tree.propagation) == 0;
    };
    for (const PlannedTree& tree : plan.trees) EXPECT_TRUE(is_left_alone(tree.tree)) << tree.pointer;
    EXPECT_TRUE(find<OpenTree<Hosted>>(plan, is_left_alone));
    const auto root = find<AttachRoot<Hosted>>(plan);
    ASSERT_TRUE(root);
    const auto* slave = std::get_if<SetMountAttributes<Hosted>>(&plan.steps.at(*root + 1).action);
    ASSERT_NE(slave, nullptr);
    EXPECT_EQ(slave->propagation, MS_SLAVE | MS_REC);
    EXPECT_TRUE(find<SetMountAttributes<Hosted>>(
        plan, [](const auto& step) { return step.path == "/a" && step.set == MOUNT_ATTR_RDONLY; }));
}

TEST(PlanMounts, ReadonlyCopyUpIsWrittenFirst) {
    const Plan plan = *plan_of(patched_default(mounts({mount("/a", "tmpfs", "t", {"tmpcopyup", "ro", "nosuid"})})));
    const auto at = find_mount(plan, "/a");
    ASSERT_TRUE(at);
    const auto& made = std::get<MountFs<Hosted>>(plan.steps[*at].action);
    EXPECT_EQ(made.attributes, MOUNT_ATTR_NOSUID);
    EXPECT_EQ(made.options, std::vector<std::string>{});
    const auto* readonly = std::get_if<SetMountAttributes<Hosted>>(&plan.steps[*at + 1].action);
    ASSERT_NE(readonly, nullptr);
    EXPECT_EQ(readonly->set, MOUNT_ATTR_RDONLY);
}

// As mount(2), which takes no notice of a bind mount's data.
TEST(PlanMounts, UnknownOptionsOfABindAreWarnedOf) {
    const Result<Plan> plan = plan_of(patched_default(mounts({mount("/a", "bind", "/etc", {"bind", "mode=755"})})));
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->warnings.size(), 1U);
    EXPECT_TRUE(plan->warnings[0].pointer.ends_with("/options")) << plan->warnings[0].pointer;
    EXPECT_TRUE(plan->warnings[0].message.contains("\"mode=755\"")) << plan->warnings[0].message;
}

// "sysfs", "mqueue" and "proc" in a new user namespace, by the namespaces that they show.
TEST(PlanMounts, WhatAUserNamespaceMayNotMountIsBound) {
    const auto bound = [](const char* type, const char* ns, const char* path) {
        Json patch = mounts({mount(std::string(type) == "proc" ? "/proc" : "/a", type, type)});
        patch["linux"]["uidMappings"] = patch["linux"]["gidMappings"] = id_map;
        patch["linux"]["namespaces"] = {{{"type", "mount"}}, {{"type", "user"}}, {{"type", "uts"}}};
        if (path != nullptr) patch["linux"]["namespaces"].push_back({{"type", ns}, {"path", path}});
        const Plan plan = *plan_of(patched_default(patch));
        return !find<MountFs<Hosted>>(plan, [&](const auto& step) { return step.fstype == type; });
    };
    EXPECT_TRUE(bound("sysfs", "network", nullptr));
    EXPECT_TRUE(bound("sysfs", "network", "/run/netns/a"));
    EXPECT_FALSE(bound("sysfs", "network", ""));
    EXPECT_TRUE(bound("mqueue", "ipc", "/proc/7/ns/ipc"));
    EXPECT_FALSE(bound("mqueue", "ipc", ""));
    EXPECT_TRUE(bound("proc", "pid", nullptr));
    EXPECT_FALSE(bound("proc", "pid", ""));
    // Never: it would show the host's processes in place of the joined namespace's.
    EXPECT_FALSE(bound("proc", "pid", "/proc/7/ns/pid"));
}

// Rootless engines run the runtime as root of theirs.
TEST(PlanDevices, RootOfAUserNamespaceBindsTheHosts) {
    Host host = v2_host();
    EXPECT_TRUE(find<MakeDevice<Hosted>>(*plan_of(patched_default(nullptr), host)));
    host.in_user_namespace = true;
    const Plan plan = *plan_of(patched_default(nullptr), host);
    EXPECT_FALSE(find<MakeDevice<Hosted>>(plan));
    EXPECT_TRUE(find<AttachMount<Hosted>>(plan, [](const auto& step) { return step.target == "/dev/null"; }));
}

TEST(PlanProcess, TheEnvironmentDecidesWhatIsLookedUp) {
    Json patch = {{"process", {{"env", {"PATH=/a", "HOME=", "PATH=/b:/c"}}}}};
    Plan plan = *plan_of(patched_default(patch));
    EXPECT_FALSE(find<FindHome<Hosted>>(plan));
    EXPECT_EQ(std::get<FindProgram<Hosted>>(plan.steps[*find<FindProgram<Hosted>>(plan)].action).search, "/b:/c");
    patch["process"]["env"] = Json::array({"HOMES=/x"});
    plan = *plan_of(patched_default(patch));
    EXPECT_TRUE(find<FindHome<Hosted>>(plan));
    EXPECT_EQ(std::get<FindProgram<Hosted>>(plan.steps[*find<FindProgram<Hosted>>(plan)].action).search,
              "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

// runc and crun both set 022 where the config says nothing.
TEST(PlanProcess, UmaskIs022UnlessGiven) {
    const auto umask = [](const Json& user) {
        const Plan plan = *plan_of(patched_default({{"process", {{"user", user}}}}));
        return std::get<SetUmask<Hosted>>(plan.steps[*find<SetUmask<Hosted>>(plan)].action).mask;
    };
    EXPECT_EQ(umask({{"uid", 0}}), 0022U);
    EXPECT_EQ(umask({{"umask", 0}}), 0U);
    EXPECT_EQ(umask({{"umask", 077}}), 077U);
}

// Without no_new_privs a filter needs CAP_SYS_ADMIN, which execve then takes away.
TEST(PlanProcess, SeccompKeepsAdminForItself) {
    const auto permitted = [](bool no_new_privileges) {
        const Plan plan = *plan_of(patched_default({{"process", {{"noNewPrivileges", no_new_privileges}}},
                                                    {"linux", {{"seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"}}}}}}));
        return std::get<SetCapabilities<Hosted>>(plan.steps[*find<SetCapabilities<Hosted>>(plan)].action).permitted;
    };
    constexpr std::uint64_t admin = std::uint64_t{1} << 21;
    EXPECT_EQ(permitted(true) & admin, 0U);
    EXPECT_EQ(permitted(false) & admin, admin);
}

TEST(PlanDescribe, SaysWhatStepsDo) {
    const auto say = [](const Action& action) { return sentence(action); };
    EXPECT_EQ(say(Unshare<Hosted>{.flags = CLONE_NEWNS | CLONE_NEWUTS}), "make new namespaces: uts, mount");
    EXPECT_EQ(say(MountFs<Hosted>{
                  .fstype = "tmpfs", .target = "/dev", .options = {"mode=755"}, .attributes = MOUNT_ATTR_NOSUID}),
              "mount tmpfs on /dev (nosuid,mode=755)");
    EXPECT_EQ(say(SetMountAttributes<Hosted>{.path = "/", .set = MOUNT_ATTR_RDONLY}), "make the mount on / read-only");
    EXPECT_EQ(say(SetMountAttributes<Hosted>{.path = "/a", .clear = MOUNT_ATTR_RDONLY}),
              "change the mount on /a (not ro)");
    EXPECT_EQ(say(SetMountAttributes<Hosted>{.path = "/a", .set = MOUNT_ATTR_NODEV, .recursive = 1}),
              "change the mount on /a and all below it (nodev)");
    EXPECT_EQ(say(FindProgram<Hosted>{.name = "sh", .search = "/bin"}), "exec: \"sh\"");
    EXPECT_EQ(namespace_names(CLONE_NEWUSER | CLONE_NEWTIME), "user, time");
}

}  // namespace
}  // namespace ocirt::plan
