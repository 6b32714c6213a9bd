// ttrpc's frames: the ten bytes before a message, and streams of bytes that come in any parts.
#include <gtest/gtest.h>

#include <random>

#include "shim/ttrpc/frame.h"

namespace ocirt::shim::ttrpc {
namespace {

using namespace std::string_literals;

TEST(TtrpcFrame, HasTenBytesBeforeTheMessage) {
    EXPECT_EQ(encode(3, FrameType::request, "abc"), "\0\0\0\3\0\0\0\3\1\0abc"s);
    EXPECT_EQ(encode(0x01020305, FrameType::response, ""), "\0\0\0\0\1\2\3\5\2\0"s);
}

TEST(TtrpcFrame, IsReadInWhateverPartsItComes) {
    const std::string bytes =
        encode(1, FrameType::request, "first") + encode(3, FrameType::data, "") + encode(5, FrameType::response, "x");
    std::mt19937 random(7);
    for (int round = 0; round < 100; ++round) {
        FrameReader reader;
        std::vector<Frame> frames;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t part = 1 + random() % 12;
            reader.feed(std::string_view(bytes).substr(at, part));
            at += part;
            while (auto frame = reader.next()) frames.push_back(*std::move(frame));
        }
        ASSERT_EQ(frames.size(), 3U);
        EXPECT_EQ(frames[0].message, "first");
        EXPECT_EQ(frames[1].type, FrameType::data);
        EXPECT_EQ(frames[2].stream, 5U);
        EXPECT_FALSE(reader.in_frame());
    }
}

TEST(TtrpcFrame, TooLongIsPassedOverAndWhatFollowsIsRead) {
    FrameReader reader;
    std::string head = encode(7, FrameType::request, "");
    head[0] = 0;
    head[1] = '\x40';  // 4 MiB and one byte
    head[3] = 1;
    reader.feed(head);
    EXPECT_FALSE(reader.next());
    const std::string part(std::size_t{1} << 20, 'x');
    for (int i = 0; i < 4; ++i) {
        reader.feed(part);
        EXPECT_FALSE(reader.next());
    }
    reader.feed("x" + encode(9, FrameType::request, "after"));
    const std::optional<Frame> skipped = reader.next();
    ASSERT_TRUE(skipped);
    EXPECT_TRUE(skipped->too_long);
    EXPECT_EQ(skipped->stream, 7U);
    const std::optional<Frame> after = reader.next();
    ASSERT_TRUE(after);
    EXPECT_EQ(after->message, "after");
}

TEST(TtrpcFrame, TheLongestIsFourMebibytes) {
    FrameReader reader;
    reader.feed(encode(1, FrameType::request, std::string(message_limit, 'm')));
    const std::optional<Frame> frame = reader.next();
    ASSERT_TRUE(frame);
    EXPECT_FALSE(frame->too_long);
    EXPECT_EQ(frame->message.size(), message_limit);
}

}  // namespace
}  // namespace ocirt::shim::ttrpc
