// The record of a container that is being made.
#pragma once

#include "runtime/lifecycle/create.h"
#include "runtime/state/record.h"

namespace ocirt::lifecycle {

// All that is known before there is a process: not complete yet.
[[nodiscard]] state::Record new_record(const CreateRequest& request, const Prepared& prepared);

}  // namespace ocirt::lifecycle
