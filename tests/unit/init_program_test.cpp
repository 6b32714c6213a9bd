// What init accepts as a program. A block is made by the encoder and then spoilt in one place.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "runtime/init/program.h"
#include "runtime/plan/encode.h"

namespace ocirt {
namespace {

using namespace plan;

// Blocks are aligned as a mapping is.
class Block {
   public:
    explicit Block(const std::vector<Step>& steps) {
        const Result<std::vector<std::byte>> encoded = encode(steps);
        size_ = encoded->size();
        words_.resize(size_ / 8 + 1);
        std::memcpy(words_.data(), encoded->data(), size_);
    }
    [[nodiscard]] bool check() {
        init::Program program;
        const bool good = program.check(words_.data(), size_);
        faulty_ = program.faulty_step();
        return good;
    }
    [[nodiscard]] std::uint32_t faulty() const { return faulty_; }
    [[nodiscard]] Header& header() { return *at<Header>(0); }
    [[nodiscard]] StepRef& ref(std::uint32_t index) { return at<StepRef>(header().steps)[index]; }
    template <template <class> class S>
    [[nodiscard]] S<Wire>& step(std::uint32_t index) {
        return *at<S<Wire>>(ref(index).offset);
    }
    template <class T>
    [[nodiscard]] T* at(std::uint32_t offset) {
        return reinterpret_cast<T*>(reinterpret_cast<char*>(words_.data()) + offset);
    }
    void shrink(std::size_t size) { size_ = size; }
    [[nodiscard]] std::size_t size() const { return size_; }

   private:
    std::vector<std::uint64_t> words_;
    std::size_t size_ = 0;
    std::uint32_t faulty_ = 0;
};

std::vector<Step> usual_steps() {
    return {
        {MountFs<Hosted>{.fstype = "tmpfs", .target = "/dev", .options = {"mode=755", "size=1k"}}, ""},
        {AttachMount<Hosted>{slot_first_free, "/x", 0}, ""},
        {MakeDevice<Hosted>{"/dev/null", 0020000, 1, 3, 0666, 0, 0}, ""},
        {SetUser<Hosted>{1, 2, {3, 4}, 1}, ""},
        {Await<Hosted>{static_cast<std::uint32_t>(Stage::committed)}, ""},
        {EnterCgroups<Hosted>{slot_first_free, 3}, ""},
        {InstallSeccomp<Hosted>{0, std::vector<std::byte>(16)}, ""},
        {Exec<Hosted>{{"sh", "-c"}, {"A=B"}, 0}, ""},
    };
}

TEST(InitProgram, AcceptsWhatTheEncoderMakes) {
    Block block(usual_steps());
    ASSERT_TRUE(block.check());
    init::Program program;
    ASSERT_TRUE(program.check(block.at<void*>(0), block.size()));
    EXPECT_EQ(program.step_count(), 8U);
    const auto& mount = program.step<MountFs<Wire>>(0);
    EXPECT_STREQ(program.text(mount.fstype).data, "tmpfs");
    EXPECT_STREQ(program.text(mount.options, 1).data, "size=1k");
    EXPECT_EQ(program.numbers(program.step<SetUser<Wire>>(3).groups)[1], 4U);
    EXPECT_TRUE(program.has(Op::install_seccomp));
    EXPECT_FALSE(program.has(Op::write_sysctl));
}

TEST(InitProgram, RefusesEveryTruncation) {
    Block block(usual_steps());
    const std::size_t whole = block.size();
    for (std::size_t size = 0; size < whole; ++size) {
        block.shrink(size);
        EXPECT_FALSE(block.check()) << size;
    }
    block.shrink(whole);
    EXPECT_TRUE(block.check());
}

struct Spoiled {
    const char* name;
    void (*spoil)(Block&);
};
void PrintTo(const Spoiled& spoiled, std::ostream* out) { *out << spoiled.name; }

class InitProgramSpoiled : public testing::TestWithParam<Spoiled> {};

TEST_P(InitProgramSpoiled, IsRefused) {
    Block block(usual_steps());
    ASSERT_TRUE(block.check());
    GetParam().spoil(block);
    EXPECT_FALSE(block.check());
}

constexpr std::uint32_t far = 0xfffffff8;

INSTANTIATE_TEST_SUITE_P(
    All, InitProgramSpoiled,
    testing::Values(Spoiled{"Magic", [](Block& b) { b.header().magic ^= 1; }},
                    Spoiled{"Version", [](Block& b) { b.header().version = 2; }},
                    Spoiled{"SizeBeyondTheFile", [](Block& b) { b.header().size += 8; }},
                    Spoiled{"NoSteps", [](Block& b) { b.header().step_count = 0; }},
                    Spoiled{"TooManySteps", [](Block& b) { b.header().step_count = step_limit + 1; }},
                    Spoiled{"StepsOutside", [](Block& b) { b.header().steps = far; }},
                    Spoiled{"StepsUnaligned", [](Block& b) { b.header().steps += 4; }},
                    Spoiled{"UnknownOp", [](Block& b) { b.ref(0).op = Op::count; }},
                    Spoiled{"StepOutside", [](Block& b) { b.ref(0).offset = far; }},
                    Spoiled{"StepUnaligned", [](Block& b) { b.ref(0).offset += 4; }},
                    Spoiled{"TextOutside", [](Block& b) { b.step<MountFs>(0).target.offset = far; }},
                    Spoiled{"TextTooLong", [](Block& b) { b.step<MountFs>(0).target.size = 0xffffffff; }},
                    Spoiled{"TextWithoutNul", [](Block& b) { --b.step<MountFs>(0).target.size; }},
                    Spoiled{"TextWithNulInside",
                            [](Block& b) { *b.at<char>(b.step<MountFs>(0).fstype.offset + 1) = 0; }},
                    Spoiled{"TextsOutside", [](Block& b) { b.step<MountFs>(0).options.offset = far; }},
                    Spoiled{"TextsTooMany", [](Block& b) { b.step<MountFs>(0).options.count = 0x20000001; }},
                    Spoiled{"TextsUnaligned", [](Block& b) { b.step<MountFs>(0).options.offset += 4; }},
                    Spoiled{"TextInTextsOutside",
                            [](Block& b) { b.at<WireText>(b.step<MountFs>(0).options.offset)[1].offset = far; }},
                    Spoiled{"MountFlags", [](Block& b) { b.step<MountFs>(0).flags = 32; }},
                    Spoiled{"TargetFlags", [](Block& b) { b.step<AttachMount>(1).target_flags = 4; }},
                    Spoiled{"Slot", [](Block& b) { b.step<AttachMount>(1).slot = slot_limit; }},
                    Spoiled{"DeviceType", [](Block& b) { b.step<MakeDevice>(2).type = 0100000; }},
                    Spoiled{"NumbersOutside", [](Block& b) { b.step<SetUser>(3).groups.offset = far; }},
                    Spoiled{"NumbersUnaligned",
                            [](Block& b) {
                                b.step<SetUser>(3).groups.offset += 4;
                                b.step<SetUser>(3).groups.count = 1;
                            }},
                    Spoiled{"NumbersTooMany", [](Block& b) { b.step<SetUser>(3).groups.count = 65537; }},
                    Spoiled{"Stage", [](Block& b) { b.step<Await>(4).stage = 99; }},
                    Spoiled{"SlotsBeyondTheTable", [](Block& b) { b.step<EnterCgroups>(5).count = slot_limit; }},
                    Spoiled{"SlotsWrapping", [](Block& b) { b.step<EnterCgroups>(5).first_slot = 0xffffffff; }},
                    Spoiled{"FilterOutside", [](Block& b) { b.step<InstallSeccomp>(6).filter.offset = far; }},
                    Spoiled{"FilterOdd", [](Block& b) { b.step<InstallSeccomp>(6).filter.size = 12; }},
                    Spoiled{"NoArguments", [](Block& b) { b.step<Exec>(7).args.count = 0; }},
                    Spoiled{"ExecNotLast", [](Block& b) { b.header().step_count = 7; }},
                    Spoiled{"LeaveNotLast", [](Block& b) { b.ref(4).op = Op::leave; }},
                    Spoiled{"SeccompBeforeLeave", [](Block& b) { b.ref(7).op = Op::leave; }},
                    Spoiled{"ExecTwice", [](Block& b) { b.ref(4) = b.ref(7); }},
                    Spoiled{"SeccompEarly", [](Block& b) { b.ref(4) = b.ref(6); }}),
    [](const auto& info) { return info.param.name; });

TEST(InitProgram, NamesTheFaultyStep) {
    Block block(usual_steps());
    block.step<MakeDevice>(2).type = 0;
    EXPECT_FALSE(block.check());
    EXPECT_EQ(block.faulty(), 2U);
}

}  // namespace
}  // namespace ocirt
