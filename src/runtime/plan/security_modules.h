// Which of the kernel's security modules a config's labels can be handed to.
#pragma once

namespace ocirt::plan {

struct SecurityModules {
    bool apparmor = false;
    bool selinux = false;
};

}  // namespace ocirt::plan
