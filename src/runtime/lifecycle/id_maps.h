// Idmapped mounts (mount_setattr(2), MOUNT_ATTR_IDMAP): the mappings of trees that are not attached yet.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

// A user namespace with these maps and nobody in it. For root.
[[nodiscard]] Result<Fd> make_user_namespace(const plan::UserNamespace& maps);

// The user namespaces whose maps a container's mounts have, each made once.
class IdMaps {
   public:
    // Maps the ids of `tree`, a detached copy of `source`, as `id_map` says. `joined` is the namespace that it may
    // name. Errors: Fault::unsupported, with the filesystem's type, where that cannot be mapped.
    [[nodiscard]] Result<> apply(const Fd& tree, const std::string& source, const plan::PlannedIdMap& id_map,
                                 const Fd* joined);

   private:
    [[nodiscard]] Result<const Fd*> user_namespace(const plan::UserNamespace& maps);

    std::vector<std::pair<plan::UserNamespace, Fd>> made_;
};

}  // namespace ocirt::lifecycle
