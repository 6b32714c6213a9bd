#include "runtime/plan/encode.h"

#include <cstring>
#include <string>
#include <type_traits>

#include "runtime/plan/layout.h"

namespace ocirt::plan {
namespace {

// The same step, held the other way: OpenTree<Hosted> -> OpenTree<Wire>.
template <class T>
struct Rewire;
template <template <class> class S>
struct Rewire<S<Hosted>> {
    using type = S<Wire>;
};

class Block {
   public:
    // Offsets are checked once, at the end: 32 bits wrap only beyond program_size_limit.
    template <class T>
    std::uint32_t append(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        return append_bytes(&value, sizeof(value));
    }

    std::uint32_t append_bytes(const void* data, std::size_t size) {
        align();
        const std::size_t offset = bytes_.size();
        bytes_.resize(offset + size);
        if (size != 0) std::memcpy(bytes_.data() + offset, data, size);
        return static_cast<std::uint32_t>(offset);
    }

    WireText put(const std::string& text) {
        return {append_bytes(text.c_str(), text.size() + 1), static_cast<std::uint32_t>(text.size())};
    }
    WireTexts put(const std::vector<std::string>& texts) {
        std::vector<WireText> elements;
        elements.reserve(texts.size());
        for (const std::string& text : texts) elements.push_back(put(text));
        return {append_bytes(elements.data(), elements.size() * sizeof(WireText)),
                static_cast<std::uint32_t>(texts.size())};
    }
    WireNumbers put(const std::vector<std::uint64_t>& numbers) {
        return {append_bytes(numbers.data(), numbers.size() * sizeof(std::uint64_t)),
                static_cast<std::uint32_t>(numbers.size())};
    }
    WireBytes put(const std::vector<std::byte>& bytes) {
        return {append_bytes(bytes.data(), bytes.size()), static_cast<std::uint32_t>(bytes.size())};
    }
    std::uint32_t put(std::uint32_t number) { return number; }
    std::uint64_t put(std::uint64_t number) { return number; }

    template <class T>
    void overwrite(std::size_t offset, const T& value) {
        std::memcpy(bytes_.data() + offset, &value, sizeof(value));
    }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    void align() { bytes_.resize((bytes_.size() + 7) & ~std::size_t{7}); }
    void reserve(std::size_t size) { bytes_.reserve(size); }
    [[nodiscard]] std::vector<std::byte> take() && { return std::move(bytes_); }

   private:
    std::vector<std::byte> bytes_;
};

// Fields of the hosted step one by one into those of the wire step: `fields` gives both in the same order, so the
// wire side is filled through a list of addresses.
template <class HostedStep>
std::uint32_t append_step(Block& block, const HostedStep& step) {
    using WireStep = typename Rewire<HostedStep>::type;
    WireStep wire{};
    void* members[16];
    std::size_t count = 0;
    WireStep::fields(wire, [&](const char*, auto& member) { members[count++] = &member; });
    std::size_t index = 0;
    HostedStep::fields(step, [&](const char*, const auto& member) {
        const auto value = block.put(member);
        std::memcpy(members[index++], &value, sizeof(value));
    });
    return block.append(wire);
}

}  // namespace

Result<std::vector<std::byte>> encode(const std::vector<Step>& steps) {
    if (steps.size() > step_limit) {
        return fail({.fault = Fault::unsupported,
                     .operation = "encode the plan",
                     .detail = std::to_string(steps.size()) + " steps, the limit is " + std::to_string(step_limit)});
    }
    Block block;
    block.reserve(steps.size() * 160 + 4096);
    block.append(Header{});
    const std::vector<StepRef> empty(steps.size());
    const std::uint32_t table = block.append_bytes(empty.data(), empty.size() * sizeof(StepRef));
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const StepRef ref = std::visit(
            [&block](const auto& step) {
                return StepRef{.op = std::decay_t<decltype(step)>::op, .offset = append_step(block, step)};
            },
            steps[i].action);
        block.overwrite(table + i * sizeof(StepRef), ref);
        if (block.size() > program_size_limit) break;
    }
    block.align();
    if (block.size() > program_size_limit) {
        return fail({.fault = Fault::unsupported,
                     .pointer = {},
                     .operation = "encode the plan",
                     .detail = "it takes more than " + std::to_string(program_size_limit >> 20) + " MiB"});
    }
    block.overwrite(0, Header{.magic = program_magic,
                              .version = program_version,
                              .size = static_cast<std::uint32_t>(block.size()),
                              .step_count = static_cast<std::uint32_t>(steps.size()),
                              .steps = table,
                              .reserved = 0});
    return std::move(block).take();
}

}  // namespace ocirt::plan
