// The four functions that the compiler calls without being asked.
#include <stddef.h>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    for (size_t at = 0; at < size; ++at) out[at] = in[at];
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    if (out <= in) return memcpy(to, from, size);
    while (size-- > 0) out[size] = in[size];
    return to;
}

void* memset(void* to, int byte, size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    for (size_t at = 0; at < size; ++at) out[at] = static_cast<unsigned char>(byte);
    return to;
}

int memcmp(const void* a, const void* b, size_t size) {
    const auto* left = static_cast<const unsigned char*>(a);
    const auto* right = static_cast<const unsigned char*>(b);
    for (size_t at = 0; at < size; ++at)
        if (left[at] != right[at]) return left[at] < right[at] ? -1 : 1;
    return 0;
}

}  // extern "C"
