// ttrpc's frames: ten bytes of header, then a protobuf message.
//
//   u32  length of the message, big endian
//   u32  stream, big endian: odd, chosen by the client, increasing
//   u8   type: 1 request, 2 response, 3 data
//   u8   flags
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ocirt::shim::ttrpc {

inline constexpr std::size_t header_size = 10;
inline constexpr std::size_t message_limit = std::size_t{4} << 20;  // containerd's ttrpc takes no more

enum class FrameType : std::uint8_t { request = 1, response = 2, data = 3 };

struct Frame {
    std::uint32_t stream = 0;
    FrameType type = FrameType::request;
    std::uint8_t flags = 0;
    bool too_long = false;  // above the limit: it was passed over
    std::string message{};
};

// `message` is at most message_limit long.
[[nodiscard]] std::string encode(std::uint32_t stream, FrameType type, std::string_view message);

// Cuts a stream of bytes into frames, however it comes in parts.
class FrameReader {
   public:
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    // The next whole frame.
    [[nodiscard]] std::optional<Frame> next();
    // Whether it holds the beginning of a frame.
    [[nodiscard]] bool in_frame() const { return !buffer_.empty() || to_skip_ > 0; }

   private:
    void skip();

    std::string buffer_;
    std::size_t to_skip_ = 0;  // of a frame that is too long
    Frame skipped_;
};

}  // namespace ocirt::shim::ttrpc
