#include "shim/ttrpc/frame.h"

#include <algorithm>

namespace ocirt::shim::ttrpc {
namespace {

std::uint32_t read_u32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

void append_u32(std::string& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
}

}  // namespace

std::string encode(std::uint32_t stream, FrameType type, std::string_view message) {
    std::string bytes;
    bytes.reserve(header_size + message.size());
    append_u32(bytes, static_cast<std::uint32_t>(message.size()));
    append_u32(bytes, stream);
    bytes.push_back(static_cast<char>(type));
    bytes.push_back(0);
    bytes.append(message);
    return bytes;
}

void FrameReader::skip() {
    const std::size_t count = std::min(to_skip_, buffer_.size());
    buffer_.erase(0, count);
    to_skip_ -= count;
}

std::optional<Frame> FrameReader::next() {
    if (to_skip_ > 0) {
        skip();
        if (to_skip_ > 0) return std::nullopt;
        return skipped_;
    }
    if (buffer_.size() < header_size) return std::nullopt;
    const std::size_t length = read_u32(buffer_);
    Frame frame{.stream = read_u32(std::string_view(buffer_).substr(4)),
                .type = static_cast<FrameType>(buffer_[8]),
                .flags = static_cast<std::uint8_t>(buffer_[9])};
    if (length > message_limit) {
        frame.too_long = true;
        skipped_ = frame;
        to_skip_ = header_size + length;
        return next();
    }
    if (buffer_.size() < header_size + length) return std::nullopt;
    frame.message = buffer_.substr(header_size, length);
    buffer_.erase(0, header_size + length);
    if (buffer_.empty()) buffer_.shrink_to_fit();  // an idle connection holds no memory
    return frame;
}

}  // namespace ocirt::shim::ttrpc
