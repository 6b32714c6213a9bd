// Annotations: which are honoured, and what the plan then says (threats D7, D8).
#include <gtest/gtest.h>

#include <algorithm>

#include "common/administrators_list.h"
#include "plan_fixture.h"
#include "runtime/plan/describe.h"
#include "runtime/plan/make_exec_plan.h"

namespace ocirt::plan {
namespace {

const std::string name(keep_original_groups);

Host allowing(std::vector<std::string> names) {
    Host host = v2_host();
    host.annotations.allowed = std::move(names);
    return host;
}

Json annotated(const Json& annotations) {
    return patched_default({{"annotations", annotations}, {"process", {{"user", {{"additionalGids", {7}}}}}}});
}

template <class T>
const T& step_of(const Plan& plan) {
    const auto found =
        std::ranges::find_if(plan.steps, [](const Step& step) { return std::holds_alternative<T>(step.action); });
    return std::get<T>(found->action);
}

std::string warning_at(const Plan& plan, const std::string& pointer) {
    const auto found = std::ranges::find(plan.warnings, pointer, &Warning::pointer);
    return found == plan.warnings.end() ? "" : found->message;
}

TEST(Annotations, GroupsAreKeptWhereTheyMayBe) {
    const Plan plan = *plan_of(annotated({{name, "1"}}), allowing({name}));
    EXPECT_TRUE(plan.keep_groups);
    EXPECT_EQ(step_of<SetUser<Hosted>>(plan).set_groups, 0U);
    EXPECT_TRUE(step_of<SetUser<Hosted>>(plan).groups.empty());
    EXPECT_EQ(warning_at(plan, "/annotations/" + name), "");
    EXPECT_NE(warning_at(plan, "/process/user/additionalGids"), "");
}

TEST(Annotations, GroupsAreSetWhereItIsNotAllowed) {
    const Plan plan = *plan_of(annotated({{name, "1"}}), allowing({"run.oci.handler"}));
    EXPECT_FALSE(plan.keep_groups);
    EXPECT_EQ(step_of<SetUser<Hosted>>(plan).set_groups, 1U);
    EXPECT_EQ(step_of<SetUser<Hosted>>(plan).groups, std::vector<std::uint64_t>{7});
    EXPECT_EQ(warning_at(plan, "/annotations/" + name), "ignored: /etc/ocirt/annotations.conf does not allow it");
}

TEST(Annotations, OnlyOneIsAYes) {
    for (const char* value : {"", "0", "true", "11", "1 "}) {
        const Plan plan = *plan_of(annotated({{name, value}}), allowing({name}));
        EXPECT_FALSE(plan.keep_groups) << value;
        EXPECT_EQ(warning_at(plan, "/annotations/" + name), "ignored: its value is not \"1\"");
    }
}

TEST(Annotations, TheFilesFaultIsTold) {
    Host host = allowing({});
    host.annotations.note = "the file is bad";
    const Plan plan = *plan_of(annotated({{name, "1"}}), host);
    EXPECT_EQ(warning_at(plan, "/annotations/" + name), "ignored: the file is bad");
}

// No name in the file makes ocirt do what it does not know how to do.
TEST(Annotations, OthersOfCrunsAreWarnedOf) {
    const Json annotations = {{"run.oci.hooks.stdout", "/x"}, {"org.systemd.property.SuccessAction", "'reboot'"}};
    Host host = allowing({"run.oci.hooks.stdout", "org.systemd.property.SuccessAction"});
    const Plan plan = *plan_of(annotated(annotations), host);
    EXPECT_NE(warning_at(plan, "/annotations/run.oci.hooks.stdout"), "");
    host.annotations = {};
    EXPECT_EQ(describe_json(plan), describe_json(*plan_of(annotated(annotations), host)));
}

TEST(Annotations, AUserNamespacesRootAndAnExecKeepThemToo) {
    Json config = annotated({{name, "1"}});
    config["linux"]["namespaces"].push_back({{"type", "user"}, {"path", "/proc/7/ns/user"}});
    const auto keeps = [&config](const std::vector<std::string>& allowed) {
        const Plan container = *plan_of(config, allowing(allowed));
        const Plan exec =
            *make_exec_plan(parse_config(config), {.id = "web", .annotations = allowing(allowed).annotations});
        EXPECT_EQ(step_of<BecomeRoot<Hosted>>(exec).keep_groups, step_of<BecomeRoot<Hosted>>(container).keep_groups);
        EXPECT_NE(step_of<SetUser<Hosted>>(exec).set_groups, step_of<BecomeRoot<Hosted>>(exec).keep_groups);
        return step_of<BecomeRoot<Hosted>>(container).keep_groups;
    };
    EXPECT_EQ(keeps({name}), 1U);
    EXPECT_EQ(keeps({}), 0U);
}

TEST(Annotations, TheFileHasANameOnALine) {
    EXPECT_EQ(parse_administrators_list("# Podman\n  run.oci.keep_original_groups \r\n\n a # b\n#c\nlast"),
              (std::vector<std::string>{"run.oci.keep_original_groups", "a", "last"}));
    EXPECT_TRUE(parse_administrators_list("").empty());
    EXPECT_TRUE(parse_administrators_list("\n \n#").empty());
}

}  // namespace
}  // namespace ocirt::plan
