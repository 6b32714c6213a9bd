// Which network devices are planned to be moved.
#include "runtime/plan/describe.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

Json with_devices(const Json& devices) { return patched_default({{"linux", {{"netDevices", devices}}}}); }

TEST(PlanNetDevices, TheirNamesAndPointers) {
    const Plan plan = *plan_of(with_devices({{"eth0", {{"name", "inner%d"}}}, {"a~b", Json::object()}}));
    ASSERT_EQ(plan.net_devices.size(), 2U);
    EXPECT_EQ(plan.net_devices[0].name, "a~b");
    EXPECT_EQ(plan.net_devices[0].pointer, "/linux/netDevices/a~0b");
    EXPECT_EQ(plan.net_devices[1].host_name, "eth0");
    EXPECT_EQ(plan.net_devices[1].name, "inner%d");
    EXPECT_TRUE(describe(plan).contains("move the network device eth0 into it as inner%d"));
    EXPECT_EQ(Json::parse(describe_json(plan))["netDevices"][1],
              (Json{{"hostName", "eth0"}, {"name", "inner%d"}, {"pointer", "/linux/netDevices/eth0"}}));
}

TEST(PlanNetDevices, NeedANetworkNamespaceAndRoot) {
    Json config = with_devices({{"eth0", Json::object()}});
    EXPECT_EQ(plan_of(config, rootless_host()).error().fault, Fault::unsupported);
    Json& namespaces = config["linux"]["namespaces"];
    for (std::size_t i = namespaces.size(); i-- > 0;)
        if (namespaces[i]["type"] == "network") namespaces.erase(i);
    const Result<Plan> refused = plan_of(config);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::invalid_config);
    EXPECT_EQ(refused.error().pointer, "/linux/netDevices");
}

}  // namespace
}  // namespace ocirt::plan
