// Which ID mapping a mount is planned with.
#include "runtime/plan/describe.h"

#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

const Json own = {{{"containerID", 5}, {"hostID", 6}, {"size", 7}}};
const Json containers = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};

Json with_mount(const std::vector<std::string>& words, bool mapped, const std::string& type = "bind") {
    Json mount = {{"destination", "/a"}, {"type", type}, {"source", "/a"}, {"options", words}};
    if (mapped) mount["uidMappings"] = mount["gidMappings"] = own;
    return patched_default({{"mounts", Json::array({mount})}});
}

Json in_user_namespace(Json config, const std::string& path = {}) {
    Json ns = {{"type", "user"}};
    if (path.empty())
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = containers;
    else
        ns["path"] = path;
    config["linux"]["namespaces"].push_back(ns);
    return config;
}

std::optional<PlannedIdMap> id_map_of(const Json& config) {
    const Result<Plan> plan = plan_of(config);
    EXPECT_TRUE(plan) << render(plan.error());
    return plan ? plan->trees.at(1).id_map : std::nullopt;
}

Error refusal(const Json& config, const Host& host = v2_host()) {
    const Result<Plan> plan = plan_of(config, host);
    EXPECT_FALSE(plan);
    return plan ? Error{} : plan.error();
}

TEST(PlanIdMaps, OnlyWhereAsked) {
    EXPECT_FALSE(id_map_of(with_mount({"rbind"}, false)));
    EXPECT_FALSE(id_map_of(in_user_namespace(with_mount({"rbind"}, false))));
}

TEST(PlanIdMaps, ItsOwnComeFirst) {
    for (const Json& config : {with_mount({"bind", "idmap"}, true), with_mount({"bind"}, true),
                               in_user_namespace(with_mount({"bind", "idmap"}, true)),
                               in_user_namespace(with_mount({"bind", "idmap"}, true), "/ns")}) {
        const auto id_map = id_map_of(config);
        ASSERT_TRUE(id_map);
        EXPECT_EQ(id_map->joined, slot_none);
        EXPECT_EQ(id_map->maps, (UserNamespace{{{5, 6, 7}}, {{5, 6, 7}}}));
        EXPECT_FALSE(id_map->recursive);
    }
}

TEST(PlanIdMaps, ElseTheContainers) {
    const auto made = id_map_of(in_user_namespace(with_mount({"rbind", "ridmap"}, false)));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->maps.uid_mappings, (std::vector<spec::IdMapping>{{0, 100000, 65536}}));
    EXPECT_TRUE(made->recursive);
    const Plan plan = *plan_of(in_user_namespace(with_mount({"bind", "idmap"}, false), "/ns"));
    ASSERT_TRUE(plan.trees.at(1).id_map);
    EXPECT_EQ(plan.trees.at(1).id_map->joined, plan.namespaces.at(0).slot);
    EXPECT_EQ(plan.namespaces.at(0).kind, spec::NamespaceKind::user);
}

TEST(PlanIdMaps, Refusals) {
    const Error none = refusal(with_mount({"bind", "idmap"}, false));
    EXPECT_EQ(none.fault, Fault::invalid_config);
    EXPECT_EQ(none.pointer, "/mounts/0/options");
    EXPECT_EQ(refusal(with_mount({"idmap"}, true, "tmpfs")).fault, Fault::unsupported);
    EXPECT_EQ(refusal(with_mount({}, true, "cgroup")).fault, Fault::unsupported);
    EXPECT_EQ(refusal(with_mount({"remount", "bind", "idmap"}, true)).fault, Fault::unsupported);
    EXPECT_TRUE(refusal(with_mount({"bind", "idmap"}, true), old_host()).detail.contains("5.12"));
    EXPECT_EQ(refusal(in_user_namespace(with_mount({"bind", "idmap"}, true)), rootless_host()).hint,
              "run ocirt as root");
}

TEST(PlanIdMaps, AreShown) {
    const Plan plan = *plan_of(in_user_namespace(with_mount({"rbind", "ridmap"}, true)));
    EXPECT_TRUE(describe(plan).contains("its ids mapped (5:6:7; groups 5:6:7), and those of the mounts below"));
    EXPECT_EQ(Json::parse(describe_json(plan))["trees"][1]["idMap"],
              (Json{{"uidMappings", own}, {"gidMappings", own}, {"recursive", true}}));
}

}  // namespace
}  // namespace ocirt::plan
