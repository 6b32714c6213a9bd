// What make_exec_plan decides: in which order a process joins a container, and what of that depends on the container.
#include <gtest/gtest.h>
#include <linux/sched.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/plan/describe.h"
#include "runtime/plan/encode.h"
#include "runtime/plan/make_exec_plan.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

Result<Plan> exec_plan(const Json& patch, const ExecOptions& options = {.id = "web"}) {
    return make_exec_plan(parse_config(patched_default(patch)), options);
}

std::vector<Op> ops(const Plan& plan) {
    std::vector<Op> list;
    for (const Step& step : plan.steps)
        list.push_back(std::visit([](const auto& s) { return std::decay_t<decltype(s)>::op; }, step.action));
    return list;
}

bool has(const Plan& plan, Op op) { return std::ranges::count(ops(plan), op) > 0; }

template <class S>
const S* find(const Plan& plan) {
    for (const Step& step : plan.steps)
        if (const S* found = std::get_if<S>(&step.action)) return found;
    return nullptr;
}

// Of these kinds alone, and nothing that would need others.
Json namespaces(const std::vector<std::string>& kinds) {
    Json list = Json::array();
    for (const std::string& kind : kinds) list.push_back({{"type", kind}});
    return {{"hostname", nullptr},
            {"mounts", nullptr},
            {"linux", {{"namespaces", list}, {"maskedPaths", nullptr}, {"readonlyPaths", nullptr}}}};
}

TEST(ExecPlan, JoinsBeforeItIsSeenAndLooksUpBeforeItRuns) {
    const Result<Plan> plan = exec_plan({}, {.id = "web", .task_files = 3});
    ASSERT_TRUE(plan) << render(plan.error());
    const std::vector<Op> expected = {Op::await,
                                      Op::enter_cgroups,
                                      Op::join_namespace,
                                      Op::respawn,
                                      Op::join_session_keyring,
                                      Op::new_session,
                                      Op::open_console,
                                      Op::change_directory,
                                      Op::find_home,
                                      Op::find_program,
                                      Op::notify,
                                      Op::await,
                                      Op::set_rlimit,
                                      Op::set_no_new_privileges,
                                      Op::drop_bounding,
                                      Op::set_user,
                                      Op::set_capabilities,
                                      Op::change_directory,
                                      Op::set_umask,
                                      Op::exec};
    EXPECT_EQ(ops(*plan), expected);
    EXPECT_EQ(find<Await<Hosted>>(*plan)->stage, static_cast<std::uint32_t>(Stage::trees));
    EXPECT_EQ(plan->task_files, find<EnterCgroups<Hosted>>(*plan)->first_slot);
    EXPECT_EQ(find<EnterCgroups<Hosted>>(*plan)->count, 3U);
    EXPECT_EQ(plan->clone_flags, 0U);
    EXPECT_TRUE(encode(plan->steps));
}

TEST(ExecPlan, JoinsExactlyTheContainersNamespaces) {
    const Result<Plan> some = exec_plan(namespaces({"mount", "uts", "time"}));
    ASSERT_TRUE(some);
    EXPECT_EQ(find<JoinNamespace<Hosted>>(*some)->kind, std::uint32_t{CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWTIME});
    EXPECT_EQ(find<JoinNamespace<Hosted>>(*some)->slot, slot_container);
    EXPECT_FALSE(has(*some, Op::respawn)) << "no pid namespace of its own";
    EXPECT_EQ(sentence(some->steps[1].action), "join the uts, mount, time namespaces");
    const Result<Plan> none = exec_plan(namespaces({}));
    ASSERT_TRUE(none);
    EXPECT_FALSE(has(*none, Op::join_namespace));
    EXPECT_TRUE(has(*none, Op::enter_root)) << "the host's mounts are in sight: chroot as the container did";
}

TEST(ExecPlan, BecomesRootOfAUserNamespace) {
    Json patch = namespaces({"user", "mount", "pid"});
    patch["linux"]["uidMappings"] = {{{"containerID", 0}, {"hostID", 1000}, {"size", 1}}};
    patch["linux"]["gidMappings"] = patch["linux"]["uidMappings"];
    const Result<Plan> plan = exec_plan(patch);
    ASSERT_TRUE(plan);
    const std::vector<Op> list = ops(*plan);
    const auto joined = std::ranges::find(list, Op::join_namespace);
    ASSERT_NE(joined, list.end());
    EXPECT_EQ(*(joined + 1), Op::become_root);
}

TEST(ExecPlan, KeepsTheCallersKeyringWhereCreateDid) {
    EXPECT_FALSE(has(*exec_plan({}, {.id = "web", .no_new_keyring = true}), Op::join_session_keyring));
    EXPECT_EQ(find<JoinSessionKeyring<Hosted>>(*exec_plan({}))->name, "_ses.web");
}

TEST(ExecPlan, PointsIntoTheFileThatTheProcessIsFrom) {
    const Result<Plan> plan = exec_plan({}, {.id = "web", .process_pointer = ""});
    ASSERT_TRUE(plan);
    for (const Step& step : plan->steps) EXPECT_FALSE(step.pointer.starts_with("/process")) << step.pointer;
    EXPECT_EQ(plan->steps.back().pointer, "/args/0");
    const Result<Plan> refused =
        exec_plan({{"process", {{"apparmorProfile", "x"}}}}, {.id = "web", .process_pointer = ""});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().pointer, "/apparmorProfile");
}

TEST(ExecPlan, RunsNoHooksAndWaitsForNoStart) {
    const Json hook = Json::array({{{"path", "/bin/true"}}});
    const Result<Plan> plan = exec_plan({{"hooks", {{"startContainer", hook}, {"createContainer", hook}}}});
    ASSERT_TRUE(plan);
    EXPECT_FALSE(has(*plan, Op::run_hook));
    EXPECT_FALSE(has(*plan, Op::await_start));
}

TEST(ExecPlan, InstallsTheContainersFilterLast) {
    const Json seccomp = {{"linux", {{"seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"}}}}}};
    const std::vector<Op> list = ops(*exec_plan(seccomp));
    EXPECT_EQ(list[list.size() - 2], Op::install_seccomp);
}

TEST(ExecPlan, NamesTheAgentWhereTheFilterNotifies) {
    const auto listener = [](const char* action) {
        const Json seccomp = {{"defaultAction", "SCMP_ACT_ALLOW"},
                              {"listenerPath", "/run/agent.sock"},
                              {"listenerMetadata", "m"},
                              {"syscalls", {{{"names", {"mkdir"}}, {"action", action}}}}};
        return exec_plan({{"linux", {{"seccomp", seccomp}}}})->seccomp_listener;
    };
    ASSERT_TRUE(listener("SCMP_ACT_NOTIFY"));
    EXPECT_EQ(listener("SCMP_ACT_NOTIFY")->path, "/run/agent.sock");
    EXPECT_EQ(listener("SCMP_ACT_NOTIFY")->metadata, "m");
    EXPECT_FALSE(listener("SCMP_ACT_ERRNO"));
}

TEST(ExecPlan, CarriesTheOomScore) { EXPECT_EQ(exec_plan({{"process", {{"oomScoreAdj", 500}}}})->oom_score_adj, 500); }

}  // namespace
}  // namespace ocirt::plan
