// Mounts that are added to a running container, and taken away.
#include "runtime/plan/make_mounts_plan.h"

#include <gtest/gtest.h>
#include <linux/sched.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/encode.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

using spec::Mount;

Mount mount(const std::string& destination, const std::string& type, std::vector<std::string> options = {}) {
    Mount mount;
    mount.destination = destination;
    mount.type = type;
    mount.options = std::move(options);
    return mount;
}
Mount tmpfs(const std::string& destination) { return mount(destination, "tmpfs"); }
Mount bind(const std::string& destination) {
    Mount bound = mount(destination, "", {"rbind", "ro"});
    bound.source = "data";
    return bound;
}

Result<Plan> added(std::vector<Mount> mounts, const Json& patch = {}, const Host& host = v2_host()) {
    return make_mounts_plan(parse_config(patched_default(patch)), std::move(mounts), host,
                            {.id = "web", .bundle = "/bundle", .mounts_pointer = ""});
}
Result<Plan> removed(const std::vector<Mount>& mounts) {
    return make_unmounts_plan(parse_config(patched_default({})), mounts, v2_host(),
                              {.id = "web", .bundle = "/bundle", .mounts_pointer = "/mounts"});
}

std::vector<Op> ops(const Plan& plan) {
    std::vector<Op> list;
    for (const Step& step : plan.steps)
        list.push_back(std::visit([]<class S>(const S&) { return S::op; }, step.action));
    return list;
}

TEST(MountsPlan, JoinsMountsAndLeaves) {
    const Result<Plan> plan = added({tmpfs("/a/../b"), bind("/c")});
    ASSERT_TRUE(plan) << render(plan.error());
    EXPECT_EQ(ops(*plan), (std::vector{Op::await, Op::new_session, Op::join_namespace, Op::mount_fs, Op::attach_mount,
                                       Op::notify, Op::leave}));
    EXPECT_EQ(std::get<MountFs<Hosted>>(plan->steps[3].action).target, "/b");
    EXPECT_EQ(plan->steps[4].pointer, "/1");
    ASSERT_EQ(plan->trees.size(), 1U);
    EXPECT_EQ(plan->trees[0].tree.source, "/bundle/data");
    EXPECT_EQ(plan->trees[0].pointer, "/1");
    EXPECT_TRUE(encode(plan->steps));
}

// The container shall see neither the process nor what it holds.
TEST(MountsPlan, ThePidNamespaceIsJoinedForAProcfsAlone) {
    const auto kinds = [](const Plan& plan) { return std::get<JoinNamespace<Hosted>>(plan.steps[2].action).kind; };
    EXPECT_EQ(kinds(*added({tmpfs("/a")})) & CLONE_NEWPID, 0U);
    EXPECT_NE(kinds(*added({tmpfs("/a")})) & CLONE_NEWNS, 0U);
    const Result<Plan> plan = added({mount("/a", "proc")});
    EXPECT_NE(kinds(*plan) & CLONE_NEWPID, 0U);
    EXPECT_EQ(ops(*plan)[3], Op::respawn);
}

TEST(MountsPlan, RemovingFindsAllBeforeItUnmountsTheFirst) {
    const Result<Plan> plan = removed({tmpfs("/a"), tmpfs("/a/b")});
    ASSERT_TRUE(plan) << render(plan.error());
    EXPECT_EQ(ops(*plan), (std::vector{Op::await, Op::new_session, Op::join_namespace, Op::find_mount, Op::find_mount,
                                       Op::unmount, Op::unmount, Op::notify, Op::leave}));
    EXPECT_EQ(std::get<Unmount<Hosted>>(plan->steps[5].action).slot,
              std::get<FindMount<Hosted>>(plan->steps[4].action).slot);
    EXPECT_EQ(plan->steps[3].pointer, "/mounts/0/destination");
}

TEST(MountsPlan, RefusesWhatItCouldNotTakeBack) {
    const auto pointer = [](const Result<Plan>& plan) { return plan ? "planned" : plan.error().pointer; };
    EXPECT_EQ(pointer(added({tmpfs("/a"), mount("/b", "", {"remount"})})), "/1/options");
    EXPECT_EQ(pointer(added({mount("/a", "cgroup2")})), "/0/type");
    EXPECT_EQ(pointer(added({mount("/a", "overlay", {"lowerdir=" + std::string(300, 'x')})})), "/0/options");
    EXPECT_EQ(pointer(added({tmpfs("/")})), "/0/destination");
    EXPECT_EQ(pointer(removed({tmpfs("/a/..")})), "/mounts/0/destination");
    EXPECT_EQ(pointer(removed({tmpfs("/a"), tmpfs("//a")})), "/mounts/1/destination");
    EXPECT_TRUE(added(std::vector<Mount>(undo_limit, tmpfs("/a"))));
    EXPECT_FALSE(added(std::vector<Mount>(undo_limit + 1, tmpfs("/a"))));
}

TEST(MountsPlan, RefusesContainersThatItCannotChange) {
    const Json no_mounts = {
        {"hostname", nullptr},
        {"mounts", nullptr},
        {"linux",
         {{"namespaces", Json::array({{{"type", "pid"}}})}, {"maskedPaths", nullptr}, {"readonlyPaths", nullptr}}}};
    const Result<Plan> no_namespace = added({tmpfs("/a")}, no_mounts);
    ASSERT_FALSE(no_namespace);
    EXPECT_EQ(no_namespace.error().fault, Fault::unsupported);
    EXPECT_FALSE(added({tmpfs("/a")}, {}, rootless_host()));
}

}  // namespace
}  // namespace ocirt::plan
