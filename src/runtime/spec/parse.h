// config.json → spec::Config, with everything that is wrong in it told at once. Pure: opens no file, asks no host.
//
// Refused: what the runtime-spec 1.3 calls an error (config.md, config-linux.md and its JSON schema), and what could
// only go wrong later or be read in two ways (duplicate keys, environment entries without "=", ids above 4294967294).
// A warning: what is ignored, deprecated, or looks like a typing error in the name of a member.
// Unknown members are ignored, unknown words of the spec's lists refused, as config.md (Extensibility) has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json_document.h"
#include "runtime/spec/config.h"
#include "runtime/spec/finding.h"

namespace ocirt::spec {

inline constexpr std::string_view oci_version = "1.3.0";      // of the newest spec that ocirt knows
inline constexpr std::string_view oci_version_min = "1.0.0";  // of the oldest

// What came out of one document. Without ok(), `value` is what could be read: never run it.
template <class T>
struct ParsedAs {
    T value;
    std::vector<Finding> findings;  // in the order of the text

    [[nodiscard]] bool ok() const {
        for (const Finding& finding : findings)
            if (finding.severity == Severity::error) return false;
        return true;
    }
};
using Parsed = ParsedAs<Config>;

// A whole config.json. Its process may be missing (the spec wants it for `start` only), which is a warning.
[[nodiscard]] Parsed parse(const JsonDocument& document);

// A document that is just a /process (`exec --process`) or just a /linux/resources (`update --resources`).
[[nodiscard]] ParsedAs<Process> parse_process(const JsonDocument& document);
[[nodiscard]] ParsedAs<Resources> parse_resources(const JsonDocument& document);

// A document that is a list as /mounts is one, or an object that has it as "mounts" (`mounts add`). Relative
// destinations, which are deprecated, are refused here.
[[nodiscard]] ParsedAs<std::vector<Mount>> parse_mounts(const JsonDocument& document);

}  // namespace ocirt::spec
