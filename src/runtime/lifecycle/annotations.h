// Which annotations the caller of this ocirt may have honoured (plan/annotations.h).
#pragma once

#include "runtime/plan/annotations.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// What /etc/ocirt/annotations.conf names: where there is such a file, it alone decides, for every user. It counts only
// if it and its directory are root's and nobody else can write them; else nothing is allowed, and the note says why.
//
// Where there is none: run.oci.keep_original_groups for those who run ocirt with their own rights, as the groups are
// their own. That is a user who is not root, or root of a user namespace that this very user made (rootless Podman).
// For root nothing.
//
// Looks at the system only if `wanted`, the config's annotations, has one of crun's.
[[nodiscard]] plan::Annotations allowed_annotations(const spec::StringMap& wanted);

}  // namespace ocirt::lifecycle
