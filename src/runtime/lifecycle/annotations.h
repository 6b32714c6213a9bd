// Which annotations the caller of this ocirt may have honoured (plan/annotations.h).
#pragma once

#include <cstdint>
#include <optional>

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
// Looks at the system only if `wanted`, the config's annotations, has one of crun's or sets properties of a systemd
// unit (cgroup/unit_annotations.h has those that need nobody's leave).
[[nodiscard]] plan::Annotations allowed_annotations(const spec::StringMap& wanted);

// The uid outside of the root of a user namespace of this user's own making, if this process is such a root: rootless
// Podman's. The namespace of a host's root, and one that somebody else made for this root, are none: what is there is
// the system's.
[[nodiscard]] std::optional<std::uint32_t> own_user_namespace();

}  // namespace ocirt::lifecycle
