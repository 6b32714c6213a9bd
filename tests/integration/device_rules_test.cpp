// /linux/resources/devices: what of a device the rules allow, tried by opening and making nodes.
#include <gtest/gtest.h>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

constexpr const char* try_all =
    "(: </dev/probe) 2>/dev/null && echo read; (: >/dev/probe) 2>/dev/null && echo written; "
    "mknod /tmp/node c 10 229 2>/dev/null && echo made";

// fuse's device (10:229): opening it changes nothing.
std::string allowed(const Json& rules) {
    Bundle bundle;
    bundle.capabilities({"CAP_MKNOD"}).json("/linux/resources/devices", rules);
    bundle.json("/linux/devices",
                Json::array({{{"path", "/dev/probe"}, {"type", "c"}, {"major", 10}, {"minor", 229}}}));
    const Finished finished = bundle.sh(try_all).run();
    EXPECT_EQ(finished.err, "");
    return finished.out;
}

// Every container may make nodes: only opening them is what the rules are about (runc's way, as engines rely on it).
TEST(DeviceRules, AccessIsWhatTheyAllow) {
    const Json deny_all = {{"allow", false}, {"access", "rwm"}};
    const auto fuse = [](const char* access) -> Json {
        return {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", access}};
    };
    EXPECT_EQ(allowed(Json::array({deny_all})), "made\n");
    EXPECT_EQ(allowed(Json::array({deny_all, fuse("r")})), "read\nmade\n");
    EXPECT_EQ(allowed(Json::array({deny_all, fuse("w")})), "written\nmade\n");
    EXPECT_EQ(allowed(Json::array({deny_all, fuse("rwm")})), "read\nwritten\nmade\n");
}

TEST(DeviceRules, TypeAndNumbersMatchAllWhereTheyAreMissing) {
    const Json deny_all = {{"allow", false}, {"access", "rwm"}};
    const auto rule = [](Json more) {
        Json rule = {{"allow", true}, {"access", "rw"}};
        rule.update(more);
        return rule;
    };
    const std::string all = "read\nwritten\nmade\n";
    EXPECT_EQ(allowed(Json::array({deny_all, rule({{"type", "c"}})})), all);
    EXPECT_EQ(allowed(Json::array({deny_all, rule({{"type", "c"}, {"major", 10}})})), all);
    EXPECT_EQ(allowed(Json::array({deny_all, rule({{"type", "c"}, {"minor", 229}})})), all);
    EXPECT_EQ(allowed(Json::array({deny_all, rule({{"type", "a"}, {"access", "rwm"}})})), all);
    for (const Json& other : {Json{{"type", "b"}, {"major", 10}, {"minor", 229}},
                              {{"type", "c"}, {"major", 11}},
                              {{"type", "c"}, {"major", 10}, {"minor", 228}}})
        EXPECT_EQ(allowed(Json::array({deny_all, rule(other)})), "made\n") << other;
}

}  // namespace
}  // namespace ocirt::test
