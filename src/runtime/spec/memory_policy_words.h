// The spec's word lists of /linux/memoryPolicy (config-linux.md, Memory policy; set_mempolicy(2)).
#pragma once

#include <linux/mempolicy.h>

#include <array>

#include "runtime/spec/reader.h"

namespace ocirt::spec {

inline constexpr int mpol_weighted_interleave = 6;  // linux/mempolicy.h names it since 6.9
inline constexpr std::array<Word<int>, 7> memory_policy_modes{{
    {"MPOL_DEFAULT", MPOL_DEFAULT},
    {"MPOL_BIND", MPOL_BIND},
    {"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
    {"MPOL_WEIGHTED_INTERLEAVE", mpol_weighted_interleave},
    {"MPOL_PREFERRED", MPOL_PREFERRED},
    {"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
    {"MPOL_LOCAL", MPOL_LOCAL},
}};
inline constexpr std::array<Word<int>, 3> memory_policy_flags{{
    {"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
    {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
    {"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
}};

}  // namespace ocirt::spec
