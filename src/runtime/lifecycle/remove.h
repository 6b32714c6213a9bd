// `delete`: takes away what is left of a container. Every step may be repeated: a delete cut short is finished by the
// next one.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

// A created container is killed and removed, as runc does; a running or paused one only with `force`
// (Fault::wrong_state otherwise). Poststop hooks that failed, and a systemd that does not answer, are
// `warnings`: the container is removed all the same.
struct Removed {
    std::vector<Error> warnings{};
};
[[nodiscard]] Result<Removed> remove(Container& container, bool force);

// The same for a container whose init this process has reaped: nothing to look up.
[[nodiscard]] Result<Removed> remove_ended(Container& container);

// For a container that takes the place of one that has ended: all of that is removed but its directory, which is
// returned locked, and what others than the runtime keep there. Nobody sees the name free in between. Errors:
// Fault::wrong_state for one that has not ended, Fault::not_found.
struct Place {
    state::Directory directory;
    std::vector<Error> warnings{};  // as of Removed
};
[[nodiscard]] Result<Place> make_room(const std::string& root, const std::string& id);

// A state directory whose record cannot be read (Fault::corrupted): nobody knows what else belongs to it, the directory
// is all that can be taken away.
[[nodiscard]] Result<> discard(const std::string& root, const std::string& id);

}  // namespace ocirt::lifecycle
