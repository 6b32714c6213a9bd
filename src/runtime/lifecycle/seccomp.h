// The plan's seccomp filter, compiled.
#pragma once

#include <string>

#include "common/error.h"
#include "runtime/plan/plan.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// Fills the plan's InstallSeccomp step. Compiled programs are kept in <root>/.seccomp ("" keeps none): compiling takes
// longer than all the rest of a start.
[[nodiscard]] Result<> compile_seccomp(plan::Plan& plan, const spec::Config& config, const std::string& root);

}  // namespace ocirt::lifecycle
