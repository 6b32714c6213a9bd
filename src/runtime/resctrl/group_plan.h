// What /linux/intelRdt asks for, as groups of the kernel's resctrl filesystem (Documentation/filesystems/resctrl.rst;
// config-linux.md "IntelRdt").
#pragma once

#include <string>
#include <vector>

#include "runtime/spec/config.h"

namespace ocirt::resctrl {

struct GroupPlan {
    std::string clos{};  // the directory's name below the root; empty: the root itself, the default CLOS
    bool own = false;    // named after the container: made for it, and removed with it
    std::vector<std::string> schemata{};  // lines, in the order in which they are written. A CLOS that is there already
                                          // must have them; without any, one that is not the container's must be there
    std::string monitor{};                // a MON group below it, named after the container; empty: none
};

[[nodiscard]] GroupPlan plan_group(const spec::IntelRdt& rdt, const std::string& id);

}  // namespace ocirt::resctrl
