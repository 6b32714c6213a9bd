// The rules between members of config.json: what needs which namespace, what excludes what.
#pragma once

#include "runtime/spec/config.h"
#include "runtime/spec/finding.h"

namespace ocirt::spec {

// Adds to `findings`. Where a part could not be read (it has an error already), rules that rest on it are left out.
void validate(const Config& config, Findings& findings);

}  // namespace ocirt::spec
