// The spec's word lists of /linux/memoryPolicy (config-linux.md, Memory policy; set_mempolicy(2)).
#pragma once

#include <linux/mempolicy.h>

#include <array>

#include "runtime/spec/reader.h"

namespace ocirt::spec {

// What linux/mempolicy.h of Debian 12 may not name yet.
inline constexpr int mpol_preferred_many = 5;       // linux/mempolicy.h since 5.15
inline constexpr int mpol_weighted_interleave = 6;  // since 6.9
inline constexpr std::array<Word<int>, 7> memory_policy_modes{{
    {"MPOL_DEFAULT", MPOL_DEFAULT},
    {"MPOL_BIND", MPOL_BIND},
    {"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
    {"MPOL_WEIGHTED_INTERLEAVE", mpol_weighted_interleave},
    {"MPOL_PREFERRED", MPOL_PREFERRED},
    {"MPOL_PREFERRED_MANY", mpol_preferred_many},
    {"MPOL_LOCAL", MPOL_LOCAL},
}};
inline constexpr int mpol_f_numa_balancing = 1 << 13;
inline constexpr int mpol_f_relative_nodes = 1 << 14;
inline constexpr int mpol_f_static_nodes = 1 << 15;
inline constexpr std::array<Word<int>, 3> memory_policy_flags{{
    {"MPOL_F_NUMA_BALANCING", mpol_f_numa_balancing},
    {"MPOL_F_RELATIVE_NODES", mpol_f_relative_nodes},
    {"MPOL_F_STATIC_NODES", mpol_f_static_nodes},
}};

}  // namespace ocirt::spec
