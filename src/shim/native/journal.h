// The log of a container in the journal, which journalctl shows.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "shim/native/log_reader.h"
#include "shim/native/log_watch.h"

namespace ocirt::shim::native {

struct JournalView {
    bool times = false;
    bool follow = false;
    std::string cursor{};  // of the entry to begin with, in the place of the selection's beginning
};

// journalctl's command line. Pure.
[[nodiscard]] std::vector<std::string> journal_words(const std::string& id, const LogSelection& selection,
                                                     const JournalView& view);

// Becomes journalctl. Errors: there is none.
[[nodiscard]] Result<int> show_journal(const std::string& id, const LogSelection& selection, const JournalView& view);
// The same with --follow, which ends with the container's log.
[[nodiscard]] Result<int> follow_journal(const std::string& id, const LogSelection& selection, const JournalView& view,
                                         LogWatch& watch);

}  // namespace ocirt::shim::native
