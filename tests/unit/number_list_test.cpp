// Lists of CPUs and memory nodes as the kernel writes and reads them.
#include "runtime/spec/number_list.h"

#include <gtest/gtest.h>

namespace ocirt::spec {
namespace {

using Words = std::vector<std::uint64_t>;

TEST(NumberList, BecomesBits) {
    EXPECT_EQ(number_mask(""), Words{});
    EXPECT_EQ(number_mask(" , "), Words{});
    EXPECT_EQ(number_mask("0"), Words{1});
    EXPECT_EQ(number_mask("0-3,7"), Words{0x8f});
    EXPECT_EQ(number_mask("3,1,1-2,"), Words{0xe});
    EXPECT_EQ(number_mask("63-64"), (Words{std::uint64_t{1} << 63, 1}));
    EXPECT_EQ(number_mask("128"), (Words{0, 0, 1}));
    EXPECT_EQ(number_mask("8-15:2/4"), Words{0x3300});
    EXPECT_EQ(number_mask("0-8191").size(), 128U);
}

TEST(NumberList, FaultsAreNamed) {
    for (const char* good : {"", ",", "0", "0-0", " 1-2 , 5"}) EXPECT_EQ(number_list_fault(good), "") << good;
    for (const char* bad : {"a", "-1", "1-", "2-1", "1 2", "0-3:", "0-3:1", "0-3:0/2", "0-3:3/2", "4294967296", "+1"})
        EXPECT_NE(number_list_fault(bad), "") << bad;
    EXPECT_EQ(number_list_fault("0-1023", memory_node_limit), "");
    EXPECT_NE(number_list_fault("5,0-1024", memory_node_limit).find("1023"), std::string::npos);
    EXPECT_NE(number_list_fault("x", 5), "");
}

}  // namespace
}  // namespace ocirt::spec
