#include "runtime/security/capabilities.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace ocirt::security {
namespace {

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

spec::Capabilities bounding(std::vector<std::string> names) {
    spec::Capabilities capabilities;
    capabilities.bounding = std::move(names);
    return capabilities;
}

TEST(Capabilities, NamesInAnyCaseWithAndWithoutPrefix) {
    const struct {
        const char* name;
        std::uint64_t mask;
    } table[] = {
        {"CAP_CHOWN", bit(CAP_CHOWN)},
        {"cap_chown", bit(CAP_CHOWN)},
        {"CHOWN", bit(CAP_CHOWN)},
        {"Net_Bind_Service", bit(CAP_NET_BIND_SERVICE)},
        {"CAP_CHECKPOINT_RESTORE", bit(CAP_CHECKPOINT_RESTORE)},
        {"ALL", 0},
        {"CAP_NO_SUCH_THING", 0},
        {"0", 0},
        {"CAP_CHOWN ", 0},
        {"CAP_CAP_CHOWN", 0},
        {"CAP_", 0},
        {"", 0},
    };
    for (const auto& row : table) {
        const ResolvedCapabilities resolved = resolve_capabilities(bounding({row.name}), 40);
        EXPECT_EQ(resolved.sets.bounding, row.mask) << row.name;
        ASSERT_EQ(resolved.warnings.size(), row.mask == 0 ? 1U : 0U) << row.name;
        if (row.mask != 0) continue;
        EXPECT_EQ(resolved.warnings[0].pointer, "/process/capabilities/bounding/0");
        EXPECT_EQ(resolved.warnings[0].object, row.name);
    }
}

TEST(Capabilities, TheKernelsLastOneIsTheLimit) {
    const ResolvedCapabilities resolved = resolve_capabilities(bounding({"CAP_BPF", "CAP_AUDIT_READ"}), CAP_AUDIT_READ);
    EXPECT_EQ(resolved.sets.bounding, bit(CAP_AUDIT_READ));
    ASSERT_EQ(resolved.warnings.size(), 1U);
    EXPECT_EQ(resolved.warnings[0].pointer, "/process/capabilities/bounding/0");
}

TEST(Capabilities, WhatTheKernelWouldRefuseTogetherIsLeftOut) {
    const spec::Capabilities capabilities{
        .bounding = {"CAP_CHOWN", "CAP_KILL", "CAP_SETUID"},
        .effective = {"CAP_CHOWN", "CAP_KILL"},
        .inheritable = {"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_SETUID"},
        .permitted = {"CAP_CHOWN", "CAP_SYS_ADMIN"},
        .ambient = {"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_SETUID"},
    };
    const ResolvedCapabilities resolved = resolve_capabilities(capabilities, 40, "/capabilities");
    EXPECT_EQ(resolved.sets.bounding, bit(CAP_CHOWN) | bit(CAP_KILL) | bit(CAP_SETUID));
    EXPECT_EQ(resolved.sets.permitted, bit(CAP_CHOWN) | bit(CAP_SYS_ADMIN));
    EXPECT_EQ(resolved.sets.effective, bit(CAP_CHOWN));
    EXPECT_EQ(resolved.sets.inheritable, bit(CAP_CHOWN) | bit(CAP_SETUID));
    EXPECT_EQ(resolved.sets.ambient, bit(CAP_CHOWN));
    std::vector<std::pair<std::string, std::string>> left_out;
    for (const Error& warning : resolved.warnings) left_out.emplace_back(warning.pointer, warning.object);
    EXPECT_EQ(left_out, (std::vector<std::pair<std::string, std::string>>{
                            {"/capabilities/inheritable", "CAP_SYS_ADMIN"},
                            {"/capabilities/effective", "CAP_KILL"},
                            {"/capabilities/ambient", "CAP_SETUID"},
                            {"/capabilities/ambient", "CAP_SYS_ADMIN"},
                        }));
}

TEST(Capabilities, MaskToNames) {
    EXPECT_EQ(capability_names(0), std::vector<std::string>{});
    EXPECT_EQ(capability_names(bit(CAP_KILL) | bit(CAP_CHOWN)), (std::vector<std::string>{"CAP_CHOWN", "CAP_KILL"}));
    EXPECT_EQ(capability_names(bit(63)), std::vector<std::string>{"63"});
}

TEST(Capabilities, EveryNameResolvesToItsOwnBit) {
    ASSERT_GE(last_capability(), CAP_AUDIT_READ);
    const int last = std::min(last_capability(), CAP_LAST_CAP);
    for (int capability = 0; capability <= last; ++capability)
        EXPECT_EQ(resolve_capabilities(bounding(capability_names(bit(capability))), last).sets.bounding,
                  bit(capability));
}

}  // namespace
}  // namespace ocirt::security
