#include "runtime/cgroup/stats.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "runtime/cgroup/control_file.h"
#include "runtime/cgroup/stats_text.h"

namespace ocirt::cgroup {

namespace {

// "mlx4_0 hca_handle=2 hca_object=max"
void each_rdma(std::string_view text, Stats& stats, std::uint64_t RdmaStats::* handles,
               std::uint64_t RdmaStats::* objects) {
    each_line(text, [&](std::string_view line) {
        const auto words = split_words(line);
        if (words.empty()) return;
        auto entry = std::ranges::find(stats.rdma, words[0], &RdmaStats::device);
        if (entry == stats.rdma.end()) entry = stats.rdma.insert(entry, RdmaStats{.device = std::string(words[0])});
        for (const std::string_view word : words) {
            const std::size_t equals = word.find('=');
            if (equals == std::string_view::npos) continue;
            const auto value = parse_number(word.substr(equals + 1));
            if (!value) continue;
            if (word.starts_with("hca_handle=")) (*entry).*handles = *value;
            if (word.starts_with("hca_object=")) (*entry).*objects = *value;
        }
    });
}

}  // namespace

void add_rdma(const StatsDirectory& directory, Stats& stats) {
    each_rdma(directory.text("rdma.current").value_or(""), stats, &RdmaStats::hca_handles, &RdmaStats::hca_objects);
    each_rdma(directory.text("rdma.max").value_or(""), stats, &RdmaStats::hca_handles_limit,
              &RdmaStats::hca_objects_limit);
}

void add_misc(const StatsDirectory& directory, Stats& stats) {
    const Counters limits = directory.counters("misc.max");
    const Counters peaks = directory.counters("misc.peak");
    const Counters events = directory.counters("misc.events");
    for (const auto& [name, usage] : directory.counters("misc.current"))
        stats.misc.push_back({.resource = name,
                              .usage = {.usage = usage,
                                        .max = counter(peaks, name),
                                        .limit = counter(limits, name),
                                        .failures = counter(events, name + ".max")}});
}

Result<Stats> read_stats(std::span<const Place> places) {
    Stats stats;
    std::optional<Error> missing;
    bool found = places.empty();
    for (const Version version : {Version::v1, Version::v2})
        for (const Place& place : places) {
            if (place.version != version) continue;
            auto opened = open_directory(place.path);
            if (!opened && opened.error().errnum != ENOENT) return std::unexpected(std::move(opened).error());
            if (!opened) {
                missing = std::move(opened).error();
                continue;
            }
            found = true;
            const StatsDirectory directory(place, *std::move(opened));
            version == Version::v1 ? add_stats_v1(directory, stats) : add_stats_v2(directory, stats);
        }
    if (!found) return fail(*std::move(missing));
    return stats;
}

}  // namespace ocirt::cgroup
