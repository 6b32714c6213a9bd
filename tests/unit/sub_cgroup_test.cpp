// `exec --cgroup`: nothing but the container's own cgroups and those below them has a name.
#include <gtest/gtest.h>

#include "runtime/cgroup/sub_cgroup.h"

namespace ocirt::cgroup {
namespace {

using Strings = std::vector<std::string>;

std::vector<Place> hybrid() {
    return {{Version::v1, "/cg/memory/web", {"memory"}},
            {Version::v1, "/cg/cpu/web", {"cpu", "cpuacct"}},
            {Version::v2, "/cg/unified/web", {"hugetlb"}}};
}

struct Asked {
    Strings words;
    Strings paths;       // of memory, cpu and the v2 tree
    const char* detail;  // nullptr: allowed
};
void PrintTo(const Asked& asked, std::ostream* out) { *out << ::testing::PrintToString(asked.words); }

class SubCgroups : public testing::TestWithParam<Asked> {};

TEST_P(SubCgroups, FollowTheTable) {
    const Result<std::vector<Place>> places = sub_cgroups(hybrid(), GetParam().words);
    ASSERT_EQ(places.has_value(), GetParam().detail == nullptr);
    if (!places) {
        EXPECT_EQ(places.error().fault, Fault::invalid_argument);
        EXPECT_EQ(places.error().pointer, "--cgroup");
        EXPECT_NE(places.error().detail.find(GetParam().detail), std::string::npos) << places.error().detail;
        return;
    }
    Strings paths;
    for (const Place& place : *places) paths.push_back(place.path);
    EXPECT_EQ(paths, GetParam().paths);
}

constexpr const char* mem = "/cg/memory/web";
constexpr const char* cpu = "/cg/cpu/web";
constexpr const char* all = "/cg/unified/web";
constexpr const char* not_below = "not below";

INSTANTIATE_TEST_SUITE_P(
    Words, SubCgroups,
    testing::Values(Asked{{}, {mem, cpu, all}, nullptr}, Asked{{"/"}, {mem, cpu, all}, nullptr},
                    Asked{{"a//b/./"}, {"/cg/memory/web/a/b", "/cg/cpu/web/a/b", "/cg/unified/web/a/b"}, nullptr},
                    Asked{{"memory:/a"}, {"/cg/memory/web/a", cpu, all}, nullptr},
                    Asked{{"memory:a", "cpu:b"}, {"/cg/memory/web/a", "/cg/cpu/web/b", all}, nullptr},
                    Asked{{"cpu,cpuacct:b"}, {mem, "/cg/cpu/web/b", all}, nullptr},
                    Asked{{"cpu:b", "cpuacct:c"}, {}, "given another cgroup"},
                    Asked{{"cpu:/a/b", "cpu:/b"}, {}, "given another cgroup"},
                    Asked{{"a", "memory:b"}, {}, "give it alone"}, Asked{{"memory:b", "a"}, {}, "give it alone"},
                    Asked{{"hugetlb:a"}, {}, "no v1 cgroup of a controller \"hugetlb\""},
                    Asked{{":a"}, {}, "no v1 cgroup of a controller \"\""},
                    Asked{{"memory,:a"}, {}, "no v1 cgroup of a controller \"\""}, Asked{{".."}, {}, not_below},
                    Asked{{"../web-sibling"}, {}, not_below}, Asked{{"a/../../b"}, {}, not_below},
                    Asked{{"memory:/.."}, {}, not_below},
                    // Not a sibling of the same prefix: a cgroup of that name below.
                    Asked{{"memory:-sibling"}, {"/cg/memory/web/-sibling", cpu, all}, nullptr}));

}  // namespace
}  // namespace ocirt::cgroup
