// The keys that end an attachment: their words, and what of the typed ones reaches the container.
#include <gtest/gtest.h>

#include "shim/native/detach_keys.h"

namespace ocirt::shim::native {
namespace {

using namespace std::string_literals;

DetachKeys keys(std::string_view text) {
    Result<DetachKeys> parsed = DetachKeys::parse(text);
    EXPECT_TRUE(parsed) << text;
    return *std::move(parsed);
}

// One character at a time: what was passed on, and "!" where it detached.
std::string typed(DetachKeys keys, std::string_view text) {
    std::string seen;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const DetachKeys::Typed step = keys.take(text.substr(i, 1));
        seen += step.passed;
        if (step.detached) return seen + "!";
    }
    return seen;
}

TEST(DetachKeys, WordsAreDockers) {
    EXPECT_EQ(typed(keys(DetachKeys::usual), "\x10\x11"), "!");
    EXPECT_EQ(typed(keys("ctrl-a"), "\x01"), "!");
    EXPECT_EQ(typed(keys("ctrl-z"), "\x1a"), "!");
    EXPECT_EQ(typed(keys("ctrl-@"), "\0"s), "!");
    EXPECT_EQ(typed(keys("ctrl-["), "\x1b"), "!");
    EXPECT_EQ(typed(keys("ctrl-\\"), "\x1c"), "!");
    EXPECT_EQ(typed(keys("ctrl-]"), "\x1d"), "!");
    EXPECT_EQ(typed(keys("ctrl-^"), "\x1e"), "!");
    EXPECT_EQ(typed(keys("ctrl-_"), "\x1f"), "!");
    EXPECT_EQ(typed(keys("DEL"), "\x7f"), "!");
    EXPECT_EQ(typed(keys("a,B,~,ctrl-c"), "aB~\x03"), "!");
}

TEST(DetachKeys, OtherWordsAreRefused) {
    for (const char* text : {",", "a,", ",a", "a,,b", "ctrl-", "ctrl-P", "ctrl-1", "ctrl-ab", "ctrl", "Ctrl-p",
                             "ctrl-p ctrl-q", "ctrl-p, ctrl-q", "del", "é"}) {
        const Result<DetachKeys> parsed = DetachKeys::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().fault, Fault::invalid_argument);
    }
}

TEST(DetachKeys, NoneAtAllPassesEverythingOn) {
    EXPECT_EQ(typed(keys(""), "\x10\x11\0"s), "\x10\x11\0"s);
    EXPECT_EQ(keys("").take_held(), "");
}

TEST(DetachKeys, WhatIsNotCompletedIsPassedOn) {
    EXPECT_EQ(typed(keys("ctrl-p,ctrl-q"), "a\x10"), "a");
    EXPECT_EQ(typed(keys("ctrl-p,ctrl-q"), "a\x10z"), "a\x10z");
    EXPECT_EQ(typed(keys("ctrl-p,ctrl-q"), "\x11"), "\x11");
    EXPECT_EQ(typed(keys("ctrl-p,ctrl-q"), "\x10\x10\x11"), "\x10!");
}

TEST(DetachKeys, ABeginningMayBeginAgainWithinItself) {
    EXPECT_EQ(typed(keys("a,a,b"), "aaab"), "a!");
    EXPECT_EQ(typed(keys("a,b,a,c"), "ababac"), "ab!");
    EXPECT_EQ(typed(keys("a,b,a,c"), "abab"), "ab");
}

TEST(DetachKeys, ManyAtOnceAreAsOneByOne) {
    DetachKeys some = keys("x,y");
    DetachKeys::Typed step = some.take("word x");
    EXPECT_EQ(step.passed, "word ");
    EXPECT_FALSE(step.detached);
    step = some.take("z xy dropped");
    EXPECT_EQ(step.passed, "xz ");
    EXPECT_TRUE(step.detached);
    EXPECT_EQ(some.take("on").passed, "on");
}

TEST(DetachKeys, WhatIsHeldAtTheEndIsTheContainers) {
    DetachKeys some = keys("x,y");
    EXPECT_EQ(some.take("x").passed, "");
    EXPECT_EQ(some.take_held(), "x");
    EXPECT_EQ(some.take_held(), "");
    EXPECT_FALSE(some.take("y").detached);
}

}  // namespace
}  // namespace ocirt::shim::native
