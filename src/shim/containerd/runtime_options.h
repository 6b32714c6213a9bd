// The options that containerd's configuration has for a runtime, in both forms in which a shim gets them.
//
//   containerd.runc.v1.Options   a message with a field for each, as runc's shim gets it
//   runtimeoptions.v1.Options    TOML with runc's names: a file's name, or, since containerd 1.7, the text itself. It
//                                is what containerd's CRI plugin and Docker hand to every shim but runc's
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"
#include "task.pb.h"

namespace ocirt::shim {

// Whether an Any of this type_url holds them.
[[nodiscard]] bool are_runtime_options(std::string_view type);

// `type` is the Any's type_url, `value` its value. Of another type, or of none: no options. Reads the file that is
// named where there is no text. Errors: Fault::invalid_argument, or the file's.
[[nodiscard]] Result<wire::RuncOptions> read_runtime_options(std::string_view type, const std::string& value);

// Lines of `Name = true`, `Name = 7` or `Name = "text"`, with comments; no tables. `origin` is what errors call the
// text.
[[nodiscard]] Result<wire::RuncOptions> parse_runtime_options(std::string_view text, const std::string& origin);

}  // namespace ocirt::shim
