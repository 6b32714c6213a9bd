// Lists of CPUs and memory nodes in the kernel's form, "0-3,7,8-15:2/4" (cpuset(7), List format).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ocirt::spec {

// The most that a kernel can be built for: x86's NR_CPUS with CONFIG_MAXSMP, and MAX_NUMNODES.
inline constexpr std::uint32_t cpu_limit = 8192;
inline constexpr std::uint32_t memory_node_limit = 1024;

// What is wrong with the list; empty when nothing is.
[[nodiscard]] std::string number_list_fault(std::string_view list);
// The same, where each number has to be below `limit`.
[[nodiscard]] std::string number_list_fault(std::string_view list, std::uint32_t limit);

// The numbers of a list without fault below such a limit, as bits: 64 to a word, the lowest first. No words for an
// empty list.
[[nodiscard]] std::vector<std::uint64_t> number_mask(std::string_view list);

}  // namespace ocirt::spec
