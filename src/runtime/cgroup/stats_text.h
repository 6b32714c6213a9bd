// The forms that cgroup files have, as values. Pure; lines that make no sense are skipped, as the kernel may add to its
// files what this ocirt does not know. For the stats*.cpp files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/cgroup/stats.h"

namespace ocirt::cgroup {

// "123" or "max". nullopt: neither.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
// Calls `visit` with each line, without the newline.
template <class Visit>
void each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        visit(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}
// The words of a line.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view line);
// "name number" lines.
[[nodiscard]] Counters parse_counters(std::string_view text);
// "1 2 3": numbers by position.
[[nodiscard]] std::vector<std::uint64_t> parse_numbers(std::string_view text);
// "0-3,7": a list of CPUs or memory nodes. At most 65,536 of them.
[[nodiscard]] std::vector<std::uint16_t> parse_number_list(std::string_view text);
// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and the same for full.
[[nodiscard]] Pressure parse_pressure(std::string_view text);
// v1's "8:0 Read 4096" or "8:0 17"; the sum at the end ("Total 4096") is left out.
[[nodiscard]] std::vector<BlockIoEntry> parse_block_io(std::string_view text);
// v1's memory.numa_stat "total=5 N0=3 N1=2", v2's "anon N0=3 N1=2".
[[nodiscard]] std::vector<NumaCounter> parse_numa(std::string_view text);
// "8:0" as major and minor.
[[nodiscard]] bool parse_device_number(std::string_view text, std::uint64_t& major, std::uint64_t& minor);

// One cgroup directory being read: what cannot be read is absent.
class StatsDirectory {
   public:
    StatsDirectory(const Place& place, Fd directory) : place_(place), directory_(std::move(directory)) {}

    [[nodiscard]] const Place& place() const { return place_; }
    [[nodiscard]] bool has(std::string_view controller) const;
    [[nodiscard]] std::optional<std::string> text(const std::string& file) const;
    [[nodiscard]] std::optional<std::uint64_t> number(const std::string& file) const;
    [[nodiscard]] std::uint64_t number_or_zero(const std::string& file) const { return number(file).value_or(0); }
    [[nodiscard]] Counters counters(const std::string& file) const;
    [[nodiscard]] std::optional<Pressure> pressure(const std::string& file) const;
    // The sizes for which there is "hugetlb.SIZE<suffix>".
    [[nodiscard]] std::vector<std::string> page_sizes(std::string_view suffix) const;

   private:
    const Place& place_;
    Fd directory_;
};

void add_stats_v1(const StatsDirectory& directory, Stats& stats);
void add_stats_v2(const StatsDirectory& directory, Stats& stats);

// rdma.current and rdma.max, misc.*, and a hugetlb gauge: the same files on v1 and v2 but for their names.
void add_rdma(const StatsDirectory& directory, Stats& stats);
void add_misc(const StatsDirectory& directory, Stats& stats);

}  // namespace ocirt::cgroup
