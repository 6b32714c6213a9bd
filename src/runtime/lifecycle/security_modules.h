// The security modules of this kernel, as far as a config has labels for them.
#pragma once

#include "runtime/plan/security_modules.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// Asks the kernel only for what the config has a label of.
[[nodiscard]] plan::SecurityModules probe_security_modules(const spec::Config& config);

}  // namespace ocirt::lifecycle
