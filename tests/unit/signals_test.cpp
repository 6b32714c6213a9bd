#include "common/signals.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace ocirt {
namespace {

TEST(Signals, Accepted) {
    const struct {
        const char* text;
        int number;
    } table[] = {
        {"KILL", 9},        {"SIGKILL", 9},
        {"sigkill", 9},     {"kill", 9},
        {"9", 9},           {"0", 0},
        {"64", 64},         {"32", 32},
        {"RTMIN", 34},      {"SIGRTMIN", 34},
        {"RTMIN+3", 37},    {"RTMIN+0", 34},
        {"RTMIN+30", 64},   {"sigrtmin+1", 35},
        {"SIGRTMAX-1", 63}, {"RTMAX", 64},
        {"RTMAX-30", 34},   {"IOT", SIGABRT},
        {"CLD", SIGCHLD},   {"POLL", SIGIO},
        {"STKFLT", 16},     {"SIGVTALRM", SIGVTALRM},
    };
    for (const auto& row : table) {
        const Result<int> number = parse_signal(row.text);
        ASSERT_TRUE(number) << row.text;
        EXPECT_EQ(*number, row.number) << row.text;
    }
}

TEST(Signals, Refused) {
    for (const char* text : {"", "SIG", "SIGSIGKILL", "KILLL9", "-9", "+9", "65", "99999999999", "9x", " 9", "RTMIN+31",
                             "RTMIN-1", "RTMAX+1", "RTMAX-31", "RTMIN+", "RTMIN+-1", "0x9", "SIGKILL\n"}) {
        const Result<int> number = parse_signal(text);
        ASSERT_FALSE(number) << text;
        EXPECT_EQ(number.error().fault, Fault::invalid_argument) << text;
        EXPECT_EQ(number.error().object, text);
    }
    EXPECT_FALSE(parse_signal(std::string(1 << 20, 'K')));
    EXPECT_FALSE(parse_signal(std::string_view("KILL\0", 5)));
}

TEST(Signals, NearestName) {
    EXPECT_EQ(parse_signal("KIL").error().hint, "did you mean SIGKILL?");
    EXPECT_EQ(parse_signal("sigterrm").error().hint, "did you mean SIGTERM?");
    EXPECT_EQ(parse_signal("RTMIM").error().hint, "did you mean SIGRTMIN?");
    EXPECT_EQ(parse_signal("WHATEVER").error().hint, "");
    EXPECT_EQ(parse_signal("65").error().hint, "signals are 1 to 64");
}

TEST(Signals, Names) {
    EXPECT_EQ(signal_name(9), "SIGKILL");
    EXPECT_EQ(signal_name(6), "SIGABRT");
    EXPECT_EQ(signal_name(34), "SIGRTMIN");
    EXPECT_EQ(signal_name(35), "SIGRTMIN+1");
    EXPECT_EQ(signal_name(63), "SIGRTMAX-1");
    EXPECT_EQ(signal_name(64), "SIGRTMAX");
    EXPECT_EQ(signal_name(33), "33");
    EXPECT_EQ(signal_name(99), "99");
    for (int number = 0; number <= 64; ++number) EXPECT_EQ(parse_signal(signal_name(number)).value_or(-1), number);
}

}  // namespace
}  // namespace ocirt
