// Texts without a C library: views into the program, and lines built in fixed buffers.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ocirt::init {

// `size` bytes and a NUL that `size` does not count.
struct Text {
    const char* data = "";
    size_t size = 0;

    constexpr Text() = default;
    constexpr Text(const char* bytes, size_t count) : data(bytes), size(count) {}
    constexpr Text(const char* terminated) : data(terminated) {  // implicit: "words" are texts
        while (terminated[size] != 0) ++size;
    }

    [[nodiscard]] constexpr bool empty() const { return size == 0; }
    // Where `wanted` stands first; `size` where it does not.
    [[nodiscard]] constexpr size_t find(char wanted) const {
        size_t at = 0;
        while (at < size && data[at] != wanted) ++at;
        return at;
    }
    friend constexpr bool operator==(Text a, Text b) {
        if (a.size != b.size) return false;
        for (size_t at = 0; at < a.size; ++at)
            if (a.data[at] != b.data[at]) return false;
        return true;
    }
};

// A text of less than Limit bytes that is made piece by piece. Once a piece did not fit it stays `overflowed`.
template <size_t Limit>
class TextBuffer {
   public:
    // Touches the first byte only, so that a large one costs no page before it is used. Zeroed memory is an empty one.
    constexpr TextBuffer() { bytes_[0] = 0; }  // the others are written before they are read
    constexpr TextBuffer& add(Text piece) {
        if (piece.size >= Limit - size_) {
            overflowed_ = true;
            return *this;
        }
        for (size_t at = 0; at < piece.size; ++at) bytes_[size_ + at] = piece.data[at];
        truncate(size_ + piece.size);
        return *this;
    }
    constexpr TextBuffer& add(char byte) { return add(Text(&byte, 1)); }
    constexpr TextBuffer& add_number(uint64_t number) {
        char digits[20];
        size_t first = sizeof digits;
        do {
            digits[--first] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        return add(Text(digits + first, sizeof digits - first));
    }
    constexpr void truncate(size_t size) {
        size_ = size;
        bytes_[size_] = 0;
    }
    constexpr void clear() {
        truncate(0);
        overflowed_ = false;
    }

    [[nodiscard]] constexpr const char* c_str() const { return bytes_; }
    [[nodiscard]] constexpr char* bytes() { return bytes_; }
    [[nodiscard]] constexpr size_t size() const { return size_; }
    [[nodiscard]] constexpr Text text() const { return {bytes_, size_}; }
    [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
    [[nodiscard]] constexpr bool overflowed() const { return overflowed_; }

   private:
    size_t size_ = 0;
    bool overflowed_ = false;
    char bytes_[Limit];
};

inline constexpr size_t path_limit = 4096;  // PATH_MAX
using PathBuffer = TextBuffer<path_limit>;

}  // namespace ocirt::init
