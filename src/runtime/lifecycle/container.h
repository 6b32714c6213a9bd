// An existing container: its state directory and record, and what can be found out about it.
#pragma once

#include <chrono>
#include <string>

#include "common/error.h"
#include "runtime/state/directory.h"
#include "runtime/state/record.h"

namespace ocirt::lifecycle {

struct Container {
    state::Directory directory;
    state::Record record;

    // Errors: Fault::not_found.
    [[nodiscard]] static Result<Container> open(const std::string& root, const std::string& id);

    // For whoever is about to change it. The record is read again: whoever had the lock before may have changed it.
    // Errors: Fault::timed_out; Fault::not_found if it was deleted meanwhile.
    [[nodiscard]] Result<> lock(std::chrono::milliseconds deadline);

    // Whether the record is of this boot. If not, its pid and its cgroups, where they exist, are someone else's.
    [[nodiscard]] bool of_this_boot() const;

    // From the record, the process and the start socket; asks init itself only where those leave it open.
    [[nodiscard]] state::Status status() const;

    [[nodiscard]] bool is_paused() const;

    // A pidfd of init; an invalid one if it has ended or never was.
    [[nodiscard]] Result<Fd> init() const;
};

// "container "x" is not running", in the words that engines match. `wanted` is what it would have to be.
[[nodiscard]] std::unexpected<Error> wrong_state(const Container& container, const std::string& operation,
                                                 const std::string& wanted);

}  // namespace ocirt::lifecycle
