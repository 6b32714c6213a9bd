// What the encoder writes is what init reads, for every kind of step.
#include "runtime/plan/encode.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "runtime/init/program.h"
#include "runtime/plan/describe.h"
#include "runtime/plan/layout.h"

namespace ocirt::plan {

void PrintTo(const Step& step, std::ostream* out) { *out << op_name(step.action); }

namespace {

// Aligned as a mapping is.
class Block {
   public:
    explicit Block(const std::vector<std::byte>& bytes) : words_(bytes.size() / 8 + 1), size_(bytes.size()) {
        std::memcpy(words_.data(), bytes.data(), bytes.size());
    }
    [[nodiscard]] const void* data() const { return words_.data(); }
    [[nodiscard]] std::size_t size() const { return size_; }

   private:
    std::vector<std::uint64_t> words_;
    std::size_t size_;
};

// Gives every member of a step a value that no other has, within what init accepts.
struct Fill {
    std::uint32_t next = 0;

    void operator()(const char* name, std::uint32_t& member) {
        ++next;
        const std::string_view field = name;
        const bool bounded = field == "stage" || field == "targetFlags" || field == "flags";
        member = field == "type" ? std::uint32_t{S_IFBLK} : bounded ? 1 + next % 3 : 100 + next;
    }
    void operator()(const char*, std::uint64_t& member) { member = 0x0123456789abcd00 + ++next; }
    void operator()(const char* name, std::string& member) { member = name + std::to_string(++next); }
    void operator()(const char* name, std::vector<std::string>& member) {
        member = {name + std::to_string(++next), "", "a=b c\n\"\xff"};
    }
    void operator()(const char*, std::vector<std::uint64_t>& member) { member = {++next, 4294967294}; }
    void operator()(const char*, std::vector<std::byte>& member) { member.assign(24, std::byte(++next)); }
};

// Both forms of a step, member by member, as text.
struct ReadHosted {
    std::vector<std::string> values{};

    void operator()(const char*, std::uint64_t member) { values.push_back(std::to_string(member)); }
    void operator()(const char*, const std::string& member) { values.push_back(member); }
    void operator()(const char*, const std::vector<std::string>& member) {
        values.push_back(std::to_string(member.size()) + " texts");
        values.insert(values.end(), member.begin(), member.end());
    }
    void operator()(const char*, const std::vector<std::uint64_t>& member) {
        values.push_back(std::to_string(member.size()) + " numbers");
        for (const std::uint64_t number : member) values.push_back(std::to_string(number));
    }
    void operator()(const char*, const std::vector<std::byte>& member) {
        values.emplace_back(reinterpret_cast<const char*>(member.data()), member.size());
    }
};

struct ReadWire {
    const init::Program& program;
    std::vector<std::string> values{};

    static std::string text_of(init::Text text) {
        EXPECT_EQ(text.data[text.size], '\0');
        return {text.data, text.size};
    }
    void operator()(const char*, std::uint64_t member) { values.push_back(std::to_string(member)); }
    void operator()(const char*, WireText member) { values.push_back(text_of(program.text(member))); }
    void operator()(const char*, WireTexts member) {
        values.push_back(std::to_string(member.count) + " texts");
        for (std::uint32_t i = 0; i < member.count; ++i) values.push_back(text_of(program.text(member, i)));
    }
    void operator()(const char*, WireNumbers member) {
        values.push_back(std::to_string(member.count) + " numbers");
        for (std::uint32_t i = 0; i < member.count; ++i) values.push_back(std::to_string(program.numbers(member)[i]));
    }
    void operator()(const char*, WireBytes member) {
        values.emplace_back(static_cast<const char*>(program.bytes(member)), member.size);
    }
};

Step exec_step() { return {Exec<Hosted>{.args = {"true"}, .env = {}}, {}}; }

template <class S>
Step filled() {
    S step;
    S::fields(step, Fill{});
    return {std::move(step), {}};
}

template <std::size_t... I>
std::vector<Step> one_of_each(std::index_sequence<I...>) {
    return {filled<std::variant_alternative_t<I, Action>>()...};
}

std::vector<Step> one_of_each() { return one_of_each(std::make_index_sequence<std::variant_size_v<Action>>{}); }

class EncodedStep : public testing::TestWithParam<Step> {};

TEST_P(EncodedStep, ArrivesWhole) {
    std::vector<Step> steps{GetParam()};
    const Action& action = GetParam().action;
    if (!std::holds_alternative<Exec<Hosted>>(action) && !std::holds_alternative<Leave<Hosted>>(action))
        steps.push_back(exec_step());
    const Result<std::vector<std::byte>> encoded = encode(steps);
    ASSERT_TRUE(encoded) << render(encoded.error());
    const Block block(*encoded);
    init::Program program;
    ASSERT_TRUE(program.check(block.data(), block.size())) << "at step " << program.faulty_step();
    ASSERT_EQ(program.step_count(), steps.size());
    ASSERT_EQ(static_cast<std::size_t>(program.op(0)), GetParam().action.index());

    ReadHosted before;
    std::visit([&before]<class S>(const S& step) { S::fields(step, before); }, GetParam().action);
    ReadWire after{program};
    ASSERT_TRUE(with_op<Wire>(program.op(0), [&]<class S>() { S::fields(program.step<S>(0), after); }));
    EXPECT_EQ(after.values, before.values);
}

INSTANTIATE_TEST_SUITE_P(Every, EncodedStep, testing::ValuesIn(one_of_each()),
                         [](const auto& info) { return std::string(op_name(info.param.action)); });

TEST(Encode, BigPlansArriveWhole) {
    std::vector<Step> steps;
    for (std::uint32_t i = 0; i + 1 < step_limit; ++i)
        steps.push_back({MakeSymlink<Hosted>{.target = std::to_string(i), .link = "/l"}, {}});
    steps.push_back(exec_step());
    const Result<std::vector<std::byte>> encoded = encode(steps);
    ASSERT_TRUE(encoded) << render(encoded.error());
    const Block block(*encoded);
    init::Program program;
    ASSERT_TRUE(program.check(block.data(), block.size()));
    EXPECT_EQ(program.step_count(), step_limit);
    EXPECT_STREQ(program.text(program.step<MakeSymlink<Wire>>(60000).target).data, "60000");
}

TEST(Encode, RefusesMoreStepsThanInitTakes) {
    const Result<std::vector<std::byte>> encoded = encode(std::vector<Step>(step_limit + 1, exec_step()));
    ASSERT_FALSE(encoded);
    EXPECT_EQ(encoded.error().fault, Fault::unsupported);
    EXPECT_EQ(render(encoded.error()), "encode the plan: 65537 steps, the limit is 65536");
}

TEST(Encode, RefusesMoreBytesThanInitTakes) {
    const std::vector<Step> steps{{Exec<Hosted>{.args = {"sh", std::string(program_size_limit, 'x')}, .env = {}}, {}}};
    const Result<std::vector<std::byte>> encoded = encode(steps);
    ASSERT_FALSE(encoded);
    EXPECT_EQ(encoded.error().fault, Fault::unsupported);
    EXPECT_EQ(render(encoded.error()), "encode the plan: it takes more than 64 MiB");
}

// A text with a NUL inside would be another text to the kernel.
TEST(Encode, InitRefusesATextWithNul) {
    const std::string text("/a\0b", 4);
    const Block block(*encode({{MaskPath<Hosted>{.path = text}, {}}, exec_step()}));
    init::Program program;
    EXPECT_FALSE(program.check(block.data(), block.size()));
    EXPECT_EQ(program.faulty_step(), 0U);
}

}  // namespace
}  // namespace ocirt::plan
