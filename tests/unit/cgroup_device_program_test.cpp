#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <array>

#include "runtime/cgroup/device_program.h"
#include "runtime/cgroup/device_rules.h"

// Each case names the members that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace ocirt::cgroup {
namespace {

using enum spec::DeviceType;

// As much of a BPF machine as the programs use. Anything else fails the test.
int run(const DeviceProgram& program, std::uint32_t type, std::uint32_t access, std::uint32_t major,
        std::uint32_t minor) {
    const std::array<std::uint32_t, 3> context{type | (access << 16), major, minor};
    std::array<std::uint64_t, 11> r{};
    for (std::size_t at = 0, steps = 0; at < program.size() && steps < 100000; ++at, ++steps) {
        const BpfInstruction& i = program[at];
        std::uint64_t& to = r[i.registers & 0xf];
        const std::uint64_t from = r[i.registers >> 4];
        const auto immediate = static_cast<std::uint64_t>(static_cast<std::int64_t>(i.immediate));
        const auto low = static_cast<std::uint32_t>(i.immediate);
        switch (i.code) {
            case BPF_LDX | BPF_MEM | BPF_W: to = context.at(static_cast<std::size_t>(i.offset) / 4); break;
            case BPF_ALU | BPF_MOV | BPF_K: to = low; break;
            case BPF_ALU | BPF_MOV | BPF_X: to = static_cast<std::uint32_t>(from); break;
            case BPF_ALU | BPF_AND | BPF_K: to = static_cast<std::uint32_t>(to) & low; break;
            case BPF_ALU | BPF_RSH | BPF_K: to = static_cast<std::uint32_t>(to) >> low; break;
            case BPF_JMP | BPF_JNE | BPF_K:
                if (to != immediate) at += static_cast<std::size_t>(i.offset);
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                if (to == immediate) at += static_cast<std::size_t>(i.offset);
                break;
            case BPF_JMP | BPF_JNE | BPF_X:
                if (to != from) at += static_cast<std::size_t>(i.offset);
                break;
            case BPF_JMP | BPF_EXIT: return static_cast<int>(r[0]);
            default: ADD_FAILURE() << "instruction " << int{i.code}; return -1;
        }
    }
    ADD_FAILURE() << "the program has no end";
    return -1;
}

constexpr std::uint32_t m = BPF_DEVCG_ACC_MKNOD, rd = BPF_DEVCG_ACC_READ, wr = BPF_DEVCG_ACC_WRITE;
constexpr std::uint32_t chr = BPF_DEVCG_DEV_CHAR, blk = BPF_DEVCG_DEV_BLOCK;

TEST(DeviceProgram, ImplicitRules) {
    const auto program = make_device_program(effective_device_rules({})).value();
    EXPECT_EQ(run(program, chr, rd | wr, 1, 3), 1);
    EXPECT_EQ(run(program, chr, m, 99, 99), 1);
    EXPECT_EQ(run(program, blk, m, 8, 0), 1);
    EXPECT_EQ(run(program, blk, rd, 8, 0), 0);
    EXPECT_EQ(run(program, blk, rd | m, 8, 0), 0);
    EXPECT_EQ(run(program, chr, rd, 1, 1), 0);  // mem
    EXPECT_EQ(run(program, chr, rd | wr, 136, 77), 1);
    EXPECT_EQ(run(program, blk, rd, 1, 3), 0);
}

TEST(DeviceProgram, LastRuleDecidesEachAccessByItself) {
    const auto program = make_device_program({{true, any, {}, {}, "rwm"}, {false, block, 8, {}, "w"}}).value();
    EXPECT_EQ(run(program, blk, rd, 8, 1), 1);
    EXPECT_EQ(run(program, blk, wr, 8, 1), 0);
    EXPECT_EQ(run(program, blk, rd | wr, 8, 1), 0);
    EXPECT_EQ(run(program, blk, rd | wr, 9, 1), 1);
    const auto split = make_device_program({{true, character, 1, 3, "r"}, {true, character, 1, 3, "w"}}).value();
    EXPECT_EQ(run(split, chr, rd | wr, 1, 3), 1);
    EXPECT_EQ(run(split, chr, rd | wr | m, 1, 3), 0);
}

TEST(DeviceProgram, NumbersAboveTwoToThe31) {
    const auto program = make_device_program({{true, character, 0xfffffff0u, 0x80000000u, "rwm"}}).value();
    EXPECT_EQ(run(program, chr, rd, 0xfffffff0u, 0x80000000u), 1);
    EXPECT_EQ(run(program, chr, rd, 0xfffffff0u, 0x80000001u), 0);
}

TEST(DeviceProgram, StopsAtARuleThatDecidesEverything) {
    const std::vector<spec::DeviceRule> rules{{true, character, 1, 3, "r"}, {false, any, {}, {}, ""}};
    EXPECT_EQ(make_device_program(rules).value().size(), 8u);  // the kernel refuses unreachable code
    EXPECT_EQ(run(make_device_program(rules).value(), chr, rd, 1, 3), 0);
}

// Every list of three rules out of a small world, against the plain reading of the contract.
TEST(DeviceProgram, AgreesWithThePlainReading) {
    std::vector<spec::DeviceRule> world;
    for (bool allow : {false, true})
        for (auto type : {any, character, block})
            for (std::optional<std::uint32_t> major : {std::optional<std::uint32_t>{}, std::optional<std::uint32_t>{1}})
                for (const char* access : {"rwm", "r", "rw"}) world.push_back({allow, type, major, {}, access});
    const auto allowed = [](const std::vector<spec::DeviceRule>& rules, char type, std::uint32_t major, char access) {
        bool verdict = false;
        for (const auto& rule : rules)
            if ((rule.type == any || static_cast<char>(rule.type) == type) && (!rule.major || *rule.major == major) &&
                rule.access.find(access) != std::string::npos)
                verdict = rule.allow;
        return verdict;
    };
    for (std::size_t a = 0; a < world.size(); ++a)
        for (std::size_t b = 0; b < world.size(); b += 5)
            for (std::size_t c = 0; c < world.size(); c += 7) {
                const std::vector<spec::DeviceRule> rules{world[a], world[b], world[c]};
                const auto program = make_device_program(rules).value();
                for (char type : {'c', 'b'})
                    for (std::uint32_t major : {1u, 2u})
                        for (std::uint32_t access : {rd, wr, m, rd | wr, rd | wr | m}) {
                            const bool expected = (!(access & rd) || allowed(rules, type, major, 'r')) &&
                                                  (!(access & wr) || allowed(rules, type, major, 'w')) &&
                                                  (!(access & m) || allowed(rules, type, major, 'm'));
                            ASSERT_EQ(run(program, type == 'c' ? chr : blk, access, major, 0), expected ? 1 : 0);
                        }
            }
}

TEST(DeviceProgram, RefusesMoreThanOldKernelsTake) {
    EXPECT_FALSE(make_device_program(std::vector<spec::DeviceRule>(1000, {true, character, 1, 3, "r"})));
}

}  // namespace
}  // namespace ocirt::cgroup
