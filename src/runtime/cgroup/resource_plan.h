// linux.resources as writes to cgroup files (config-linux.md, "Control groups"). Pure.
//
// Every controller's resources go to where the controller is: in a hybrid some writes are v1's and some v2's. A value
// that is asked for and has no controller is an error; "no limit" where there is no controller is nothing to do. Zero
// means "not set" for memory, cpu and block I/O values, as for runc.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/device_program.h"
#include "runtime/cgroup/layout.h"
#include "runtime/spec/config.h"

namespace ocirt::cgroup {

// One setting. The plain case is `value` to `file`; the rest is what a kernel or the order of values may ask for.
struct Write {
    std::string controller;  // whose directory; empty: the v2 tree's
    std::string file;
    std::string value;
    std::string pointer;  // JSON pointer of what asked for it

    std::string fallback_file{};  // tried where `file` does not exist
    std::string fallback_value{};
    bool optional = false;     // neither file exists: no error
    bool repeat_last = false;  // refused with EINVAL: once more after the writes up to the next one without this
    std::string usage_file{};  // an update: refused when `value` is not above what this file says
    std::string hint{};        // if it fails
};

struct Warning {
    std::string pointer;
    std::string text;
};

struct ResourcePlan {
    // v1's cpuset refuses processes before both files are set: what before_attach does not write comes from the parent.
    bool inherit_cpuset = false;
    std::vector<Write> before_attach;              // cpuset, real-time
    std::vector<Write> limits;                     // what init's own mounts and nodes could hit comes after them
    DeviceProgram device_program;                  // for the v2 tree, with the limits; empty: none
    std::vector<std::string> unified_controllers;  // of the v2 tree, that the writes need
    std::vector<Warning> warnings;
};

enum class PlanFor { create, update };

struct PlanOptions {
    PlanFor purpose = PlanFor::create;
    // A runtime in a user namespace may not change device rules, and need not: mknod is refused there.
    bool devices = true;
};

// Errors: unsupported (a controller is absent; the v2 tree or v1 has no such thing), invalid_config; all with a
// pointer.
[[nodiscard]] Result<ResourcePlan> make_resource_plan(const spec::Resources& resources, const Layout& layout,
                                                      const PlanOptions& options);

// The v2 controllers that the container's ancestors shall pass on: all there are where everything is in the v2 tree
// (for statistics too), those that the plan needs in a hybrid.
[[nodiscard]] std::vector<std::string> controllers_to_enable(const Layout& layout, const ResourcePlan& plan);

// cpu.weight (1..10000, 100 by default) for v1's cpu.shares (2..262144, 1024 by default): the curve through the minima,
// the defaults and the maxima that runc ≥ 1.4 and crun ≥ 1.23 use. (The older straight line makes 1024 shares 39.)
[[nodiscard]] std::uint64_t cpu_weight(std::uint64_t shares);

}  // namespace ocirt::cgroup
