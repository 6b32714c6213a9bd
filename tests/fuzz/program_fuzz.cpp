// Any bytes as a program: the check must neither read outside them nor accept what init could not trust. What it
// accepts is read through once, as init would. An input that begins with an odd byte is the program; any other is a
// list of places in a good program and what to write there, which gets behind the first checks. Built with clang's
// -fsanitize=fuzzer,address,undefined (OCIRT_FUZZ).
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/init/program.h"
#include "runtime/plan/encode.h"

namespace {

using ocirt::init::Program;
using ocirt::init::Wire;

volatile unsigned char sink;

// Touches every byte that a step leads to.
struct Reader {
    const Program& program;

    void operator()(const char*, uint32_t) const {}
    void operator()(const char*, uint64_t) const {}
    void operator()(const char*, ocirt::plan::WireText text) const { read(program.text(text).data, text.size + 1); }
    void operator()(const char*, ocirt::plan::WireTexts texts) const {
        for (uint32_t at = 0; at < texts.count; ++at) {
            const ocirt::init::Text text = program.text(texts, at);
            read(text.data, text.size + 1);
        }
    }
    void operator()(const char*, ocirt::plan::WireNumbers numbers) const {
        read(program.numbers(numbers), numbers.count * sizeof(uint64_t));
    }
    void operator()(const char*, ocirt::plan::WireBytes bytes) const { read(program.bytes(bytes), bytes.size); }

    static void read(const void* data, size_t size) {
        const auto* bytes = static_cast<const unsigned char*>(data);
        for (size_t at = 0; at < size; ++at) sink = bytes[at];
    }
};

std::vector<std::byte> good_program() {
    using namespace ocirt::plan;
    return encode({
                      {MountFs<Hosted>{.fstype = "tmpfs", .target = "/dev", .options = {"mode=755", "size=1k"}}, ""},
                      {AttachMount<Hosted>{slot_first_free, "/x", 0}, ""},
                      {MakeDevice<Hosted>{"/dev/null", 0020000, 1, 3, 0666, 0, 0}, ""},
                      {RunHook<Hosted>{"/hook", {"hook", "a"}, {"A=B"}, 5}, ""},
                      {SetUser<Hosted>{1, 2, {3, 4}, 1}, ""},
                      {Await<Hosted>{8}, ""},
                      {InstallSeccomp<Hosted>{0, std::vector<std::byte>(16)}, ""},
                      {Exec<Hosted>{{"sh", "-c"}, {"A=B"}, 0}, ""},
                  })
        .value();
}

struct Patch {
    uint16_t word;  // the number of a 4-byte word of the program
    uint32_t value;
} __attribute__((packed));

std::vector<std::byte> patched_program(const uint8_t* data, size_t size) {
    static const std::vector<std::byte> good = good_program();
    std::vector<std::byte> bytes = good;
    for (size_t at = 0; at + sizeof(Patch) <= size; at += sizeof(Patch)) {
        Patch patch{};
        std::memcpy(&patch, data + at, sizeof(patch));
        const size_t place = patch.word % (bytes.size() / sizeof(patch.value)) * sizeof(patch.value);
        std::memcpy(bytes.data() + place, &patch.value, sizeof(patch.value));
    }
    return bytes;
}

void carry_out(const void* data, size_t size) {
    // Ends where the input ends, but for the 8 bytes that a mapping is aligned to.
    const size_t words = (size + 7) / 8;
    const auto block = std::make_unique<uint64_t[]>(words);
    if (size > 0) std::memcpy(block.get(), data, size);
    Program program;
    if (!program.check(block.get(), size)) return;
    for (uint32_t step = 0; step < program.step_count(); ++step)
        ocirt::plan::with_op<Wire>(program.op(step),
                                   [&]<class Step>() { Step::fields(program.step<Step>(step), Reader{program}); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    if (data[0] % 2 != 0) {
        carry_out(data + 1, size - 1);
    } else {
        const std::vector<std::byte> bytes = patched_program(data + 1, size - 1);
        carry_out(bytes.data(), bytes.size());
    }
    return 0;
}
