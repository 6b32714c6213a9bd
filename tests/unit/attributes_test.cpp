// What a process is given by the kernel's own book-keeping: what is planned of it, and what init asks the kernel for.
#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sys/personality.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "runtime/plan/describe.h"
#include "runtime/plan/make_exec_plan.h"
#include "support/fake_kernel.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

using test::Call;
using test::FakeKernel;
using test::FakeMachine;

template <class S>
const S* find(const Plan& plan) {
    for (const Step& step : plan.steps)
        if (const S* found = std::get_if<S>(&step.action)) return found;
    return nullptr;
}

template <class S>
std::size_t index_of(const Plan& plan) {
    std::size_t index = 0;
    while (index < plan.steps.size() && !std::holds_alternative<S>(plan.steps[index].action)) ++index;
    return index;
}

Json process(const Json& members) { return {{"process", members}}; }

const Json every_attribute = {
    {"process",
     {{"scheduler",
       {{"policy", "SCHED_DEADLINE"},
        {"flags", {"SCHED_FLAG_RESET_ON_FORK"}},
        {"runtime", 1},
        {"deadline", 2},
        {"period", 3}}},
      {"ioPriority", {{"class", "IOPRIO_CLASS_BE"}, {"priority", 7}}}}},
    {"linux",
     {{"personality", {{"domain", "LINUX32"}}},
      {"memoryPolicy", {{"mode", "MPOL_INTERLEAVE"}, {"nodes", "0-1,64"}, {"flags", {"MPOL_F_RELATIVE_NODES"}}}}}}};

TEST(Attributes, AreNotPlannedUnasked) {
    const Plan plan = *plan_of(patched_default({}));
    EXPECT_EQ(find<SetScheduler<Hosted>>(plan), nullptr);
    EXPECT_EQ(find<SetIoPriority<Hosted>>(plan), nullptr);
    EXPECT_EQ(find<SetPersonality<Hosted>>(plan), nullptr);
    EXPECT_EQ(find<SetMemoryPolicy<Hosted>>(plan), nullptr);
}

// The hooks keep the runtime's; the capabilities that it takes are still there.
TEST(Attributes, AreSetBetweenTheHooksAndTheCredentials) {
    Json patch = every_attribute;
    patch["hooks"] = {{"startContainer", {{{"path", "/hook"}}}}};
    const Plan plan = *plan_of(patched_default(patch));
    const std::size_t scheduler = index_of<SetScheduler<Hosted>>(plan);
    EXPECT_LT(index_of<RunHook<Hosted>>(plan), scheduler);
    EXPECT_LT(scheduler, index_of<SetIoPriority<Hosted>>(plan));
    EXPECT_LT(index_of<SetIoPriority<Hosted>>(plan), index_of<SetPersonality<Hosted>>(plan));
    EXPECT_LT(index_of<SetPersonality<Hosted>>(plan), index_of<SetMemoryPolicy<Hosted>>(plan));
    EXPECT_LT(index_of<SetMemoryPolicy<Hosted>>(plan), index_of<DropBounding<Hosted>>(plan));
    EXPECT_EQ(plan.steps[scheduler].pointer, "/process/scheduler");
    EXPECT_EQ(plan.steps[scheduler + 1].pointer, "/process/ioPriority");
}

TEST(Attributes, OfAnotherProcessAreItsOwn) {
    const Plan plan = *make_exec_plan(parse_config(patched_default(every_attribute)), {.id = "web"});
    ASSERT_NE(find<SetScheduler<Hosted>>(plan), nullptr);
    EXPECT_EQ(find<SetScheduler<Hosted>>(plan)->policy, 6U);
    ASSERT_NE(find<SetIoPriority<Hosted>>(plan), nullptr);
    EXPECT_EQ(find<SetIoPriority<Hosted>>(plan)->priority, 7U);
    ASSERT_NE(find<SetPersonality<Hosted>>(plan), nullptr) << "the container's";
    ASSERT_NE(find<SetMemoryPolicy<Hosted>>(plan), nullptr) << "the container's";
    EXPECT_EQ(find<SetMemoryPolicy<Hosted>>(plan)->mode, std::uint32_t{MPOL_INTERLEAVE | MPOL_F_RELATIVE_NODES});
    EXPECT_EQ(find<SetMemoryPolicy<Hosted>>(plan)->nodes, (std::vector<std::uint64_t>{3, 1}));
    EXPECT_NE(describe(plan).find("set the memory policy MPOL_INTERLEAVE (nodes 0,1,64, MPOL_F_RELATIVE_NODES)"),
              std::string::npos);
}

// The container's first process has none.
TEST(Attributes, AffinityIsForExecAlone) {
    const Json patch = process({{"execCPUAffinity", {{"initial", "0"}, {"final", "1,64-65"}}}});
    const Plan create = *plan_of(patched_default(patch));
    EXPECT_EQ(find<SetCpuAffinity<Hosted>>(create), nullptr);
    EXPECT_FALSE(create.initial_affinity);

    const Plan exec =
        *make_exec_plan(parse_config(patched_default(patch)), {.id = "web", .process_pointer = "", .task_files = 2});
    ASSERT_TRUE(exec.initial_affinity);
    EXPECT_EQ(exec.initial_affinity->cpus, std::vector<std::uint64_t>{1});
    EXPECT_EQ(exec.initial_affinity->pointer, "/execCPUAffinity/initial");
    const std::size_t final = index_of<SetCpuAffinity<Hosted>>(exec);
    EXPECT_EQ(final, index_of<EnterCgroups<Hosted>>(exec) + 1);
    EXPECT_EQ(exec.steps[final].pointer, "/execCPUAffinity/final");
    EXPECT_EQ(find<SetCpuAffinity<Hosted>>(exec)->cpus, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ(sentence(exec.steps[final].action), "run on the CPUs 1,64,65");
}

TEST(Attributes, EmptyAffinityIsNone) {
    const Json patch = process({{"execCPUAffinity", {{"initial", ""}, {"final", ","}}}});
    const Plan exec = *make_exec_plan(parse_config(patched_default(patch)), {.id = "web"});
    EXPECT_EQ(find<SetCpuAffinity<Hosted>>(exec), nullptr);
    EXPECT_FALSE(exec.initial_affinity);
}

TEST(Attributes, AreToldInWords) {
    const auto told = [](const Json& members) {
        const Plan plan = *plan_of(patched_default(process(members)));
        return describe(plan);
    };
    EXPECT_NE(told({{"scheduler", {{"policy", "SCHED_BATCH"}, {"nice", -5}}}}).find("SCHED_BATCH (nice -5)"),
              std::string::npos);
    EXPECT_NE(told({{"scheduler", {{"policy", "SCHED_RR"}, {"priority", 9}}}}).find("SCHED_RR (priority 9)"),
              std::string::npos);
    EXPECT_NE(told({{"ioPriority", {{"class", "IOPRIO_CLASS_IDLE"}}}}).find("I/O priority to idle 0"),
              std::string::npos);
}

TEST(Attributes, SchedulerTakesTheKernelsForm) {
    FakeKernel kernel;
    struct {  // struct sched_attr, first version
        std::uint32_t size, policy;
        std::uint64_t flags;
        std::int32_t nice;
        std::uint32_t priority;
        std::uint64_t runtime, deadline, period;
    } seen{};
    kernel.on(__NR_sched_setattr, [&seen](const Call& call) {
        EXPECT_EQ(call.at[0], 0);
        std::memcpy(&seen, reinterpret_cast<const void*>(call.at[1]), sizeof(seen));
        EXPECT_EQ(call.at[2], 0);
        return 0L;
    });
    FakeMachine init(SetScheduler<Hosted>{.policy = SCHED_BATCH,
                                          .nice = static_cast<std::uint32_t>(-20),
                                          .priority = 3,
                                          .scheduler_flags = 1,
                                          .runtime = 4,
                                          .deadline = 5,
                                          .period = 6});
    ASSERT_TRUE(init.accepted());
    init.run();
    EXPECT_GE(seen.size, sizeof(seen));
    EXPECT_EQ(seen.policy, std::uint32_t{SCHED_BATCH});
    EXPECT_EQ(seen.nice, -20);
    EXPECT_EQ(seen.priority, 3U);
    EXPECT_EQ(seen.flags, 1U);
    EXPECT_EQ(seen.runtime, 4U);
    EXPECT_EQ(seen.deadline, 5U);
    EXPECT_EQ(seen.period, 6U);
}

TEST(Attributes, IoPriorityIsOneNumber) {
    FakeKernel kernel;
    kernel.on(__NR_ioprio_set, -EPERM);
    FakeMachine init(SetIoPriority<Hosted>{.io_class = 2, .priority = 6});
    ASSERT_TRUE(init.accepted());
    EXPECT_EQ(init.run(), 1);
    const Call* call = kernel.find(__NR_ioprio_set);
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->at[0], 1) << "IOPRIO_WHO_PROCESS";
    EXPECT_EQ(call->at[1], 0);
    EXPECT_EQ(call->at[2], 2 << 13 | 6) << "IOPRIO_CLASS_BE";
    EXPECT_EQ(init.report().errnum, EPERM);
}

TEST(Attributes, AffinityIsAMask) {
    FakeKernel kernel;
    std::vector<std::uint64_t> seen(2);
    kernel.on(__NR_sched_setaffinity, [&seen](const Call& call) {
        EXPECT_EQ(call.at[0], 0);
        EXPECT_EQ(call.at[1], 16);
        std::memcpy(seen.data(), reinterpret_cast<const void*>(call.at[2]), 16);
        return 0L;
    });
    FakeMachine init(SetCpuAffinity<Hosted>{.cpus = {5, 1}});
    ASSERT_TRUE(init.accepted());
    init.run();
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{5, 1}));
}

TEST(Attributes, PersonalityIsItsDomain) {
    FakeKernel kernel;
    FakeMachine init(SetPersonality<Hosted>{.domain = PER_LINUX32});
    ASSERT_TRUE(init.accepted());
    init.run();
    ASSERT_NE(kernel.find(__NR_personality), nullptr);
    EXPECT_EQ(kernel.find(__NR_personality)->at[0], PER_LINUX32);
}

TEST(Attributes, MemoryNodesAreAMaskAndItsLength) {
    FakeKernel kernel;
    kernel.on(__NR_set_mempolicy, [](const Call& call) {
        EXPECT_EQ(call.at[0], MPOL_BIND);
        EXPECT_EQ(*reinterpret_cast<const std::uint64_t*>(call.at[1]), 5U);
        EXPECT_EQ(call.at[2], 65);
        return 0L;
    });
    FakeMachine init(SetMemoryPolicy<Hosted>{.mode = MPOL_BIND, .nodes = {5}});
    ASSERT_TRUE(init.accepted());
    init.run();
    EXPECT_EQ(kernel.count(__NR_set_mempolicy), 1U);
}

TEST(Attributes, APolicyWithoutNodesHasNoMask) {
    FakeKernel kernel;
    kernel.on(__NR_set_mempolicy, -ENOSYS);
    FakeMachine init(SetMemoryPolicy<Hosted>{.mode = MPOL_LOCAL});
    ASSERT_TRUE(init.accepted());
    EXPECT_EQ(init.run(), 1);
    ASSERT_NE(kernel.find(__NR_set_mempolicy), nullptr);
    EXPECT_EQ(kernel.find(__NR_set_mempolicy)->at[1], 0);
    EXPECT_EQ(init.report().errnum, ENOSYS);
}

}  // namespace
}  // namespace ocirt::plan
