// Users and groups by name, from files that an image made.
#include <gtest/gtest.h>

#include "runtime/security/accounts.h"

namespace ocirt::security {
namespace {

using Gids = std::vector<std::uint32_t>;

struct Words {
    std::string text;
    const char* user;  // nullptr: refused
    const char* group = "";
};
void PrintTo(const Words& words, std::ostream* out) { *out << '"' << words.text << '"'; }

class UserWordsOf : public testing::TestWithParam<Words> {};
TEST_P(UserWordsOf, FollowTheTable) {
    const Result<UserWords> words = parse_user_words(GetParam().text);
    ASSERT_EQ(words.has_value(), GetParam().user != nullptr);
    if (!words) return;
    EXPECT_EQ(words->user, GetParam().user);
    EXPECT_EQ(words->group, GetParam().group);
}
INSTANTIATE_TEST_SUITE_P(Texts, UserWordsOf,
                         testing::Values(Words{"web", "web"}, Words{"0", "0"}, Words{"1:2", "1", "2"},
                                         Words{"web:adm", "web", "adm"}, Words{"0x1", "0x1"}, Words{"", nullptr},
                                         Words{":", nullptr}, Words{"1:", nullptr}, Words{":1", nullptr},
                                         Words{"1:2:3", nullptr}, Words{"-1", nullptr}, Words{"1:-1", nullptr},
                                         Words{"1 ", nullptr}, Words{" 1", nullptr}, Words{"a\nb", nullptr},
                                         Words{"../x", nullptr}));

TEST(AccountIds, AreInRangeOrNames) {
    EXPECT_EQ(*parse_id("0"), 0U);
    EXPECT_EQ(*parse_id("4294967294"), 4294967294U);
    EXPECT_EQ(*parse_id("web"), std::nullopt);
    EXPECT_EQ(*parse_id("0x1"), std::nullopt);
    for (const char* out_of_range : {"4294967295", "4294967296", "99999999999999999999"})
        EXPECT_FALSE(parse_id(out_of_range)) << out_of_range;
}

TEST(Accounts, AreFoundByTheirWholeName) {
    constexpr const char* passwd =
        "root:x:0:0:root:/root:/bin/sh\n"
        "webb:x:7:7\n"
        "broken\n"
        "web:x:nonsense:5::/:/bin/sh\n"
        "web:x:1000:1001::/home/web:/bin/sh\n"
        "web:x:0:0::/:/bin/sh\n"
        "last:x:5:6";
    const auto web = find_account(passwd, "web");
    ASSERT_TRUE(web);
    EXPECT_EQ(web->uid, 1000U);
    EXPECT_EQ(web->gid, 1001U);
    EXPECT_EQ(find_account(passwd, "last")->gid, 6U);
    for (const char* absent : {"we", "broken", "x", "", "root:x"}) EXPECT_FALSE(find_account(passwd, absent)) << absent;
    EXPECT_FALSE(find_account("evil:x:4294967295:0::/:\n", "evil"));
    EXPECT_FALSE(find_account("evil:x:-1:0::/:\n", "evil"));
    EXPECT_FALSE(find_account("evil:x::0::/:\n", "evil"));
}

TEST(Groups, AreFoundByNameAndByMember) {
    constexpr const char* group =
        "wheel:x:10:root,web\n"
        "adm:x:4:web\n"
        "webs:x:5:webb,aweb\n"
        "again:x:4:x,web,\n"
        "bad:x:z:web\n"
        "none:x:8:";
    EXPECT_EQ(find_group(group, "adm"), 4U);
    EXPECT_EQ(find_group(group, "none"), 8U);
    EXPECT_EQ(find_group(group, "bad"), std::nullopt);
    EXPECT_EQ(groups_of(group, "web"), (Gids{4, 10}));
    EXPECT_EQ(groups_of(group, "nobody"), Gids{});
    EXPECT_EQ(groups_of("", "web"), Gids{});
}

}  // namespace
}  // namespace ocirt::security
