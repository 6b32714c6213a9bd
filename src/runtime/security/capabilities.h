// Capability names and masks (capabilities(7); runtime-spec config.md, process.capabilities). Bit n of a mask is
// capability n.
//
// The spec makes an unknown or ungrantable capability a warning, so nothing here fails: what is left out is named in
// `warnings`. What init itself lacks is known only to init (plan::Report::warnings).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::security {

struct CapabilitySets {
    std::uint64_t bounding = 0;
    std::uint64_t effective = 0;
    std::uint64_t inheritable = 0;
    std::uint64_t permitted = 0;
    std::uint64_t ambient = 0;
};

struct ResolvedCapabilities {
    CapabilitySets sets;
    std::vector<Error> warnings;  // pointer: the set or the name in it; object: the capability as written
};

// Number of the last capability that the running kernel knows (asked once, with prctl).
[[nodiscard]] int last_capability();

// Names to masks: "CAP_CHOWN" or "CHOWN" in any case. Pure. `last` is the kernel's last capability; `pointer` is where
// the sets stand in config.json or in exec's process.json.
// Left out with a warning: unknown names, capabilities above `last`, and what the kernel would refuse together
// (capset(2), prctl(2)): inheritable beyond bounding, effective beyond permitted, ambient beyond permitted and
// inheritable.
[[nodiscard]] ResolvedCapabilities resolve_capabilities(const spec::Capabilities& capabilities, int last,
                                                        std::string_view pointer = "/process/capabilities");

// "CAP_CHOWN", ... in order of their numbers; one that libcap has no name for as its number.
[[nodiscard]] std::vector<std::string> capability_names(std::uint64_t mask);

}  // namespace ocirt::security
