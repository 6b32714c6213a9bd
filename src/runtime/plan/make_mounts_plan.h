// Mounts that are added to a running container, or taken away: pure, as make_plan is.
//
// The steps join the container, as those of an exec do, but for its pid namespace: the container cannot see the
// process. Only a new procfs needs one, and then the process goes on inside. The mounts themselves are planned as
// create plans them.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/plan/make_plan.h"
#include "runtime/plan/plan.h"
#include "runtime/spec/config.h"

namespace ocirt::plan {

struct MountsOptions {
    std::string id{};
    std::string bundle{};          // relative sources are in it
    std::string mounts_pointer{};  // where the list stands in its document: "" where it is all of it
};

// `config` is the container's. Of the result only these count: steps, trees, warnings. Stage::trees brings
// slot_container and the trees; Stage::ready says that all is done, and if init fails before it, all is as it was, but
// for targets that were made.
// Fails with Fault::invalid_config or Fault::unsupported and the pointer of the value that cannot be planned.
[[nodiscard]] Result<Plan> make_mounts_plan(spec::Config config, std::vector<spec::Mount> mounts, const Host& host,
                                            const MountsOptions& options);

// The same for taking them away: what is mounted at the destinations is looked up before the first is unmounted.
[[nodiscard]] Result<Plan> make_unmounts_plan(const spec::Config& config, const std::vector<spec::Mount>& mounts,
                                              const Host& host, const MountsOptions& options);

}  // namespace ocirt::plan
