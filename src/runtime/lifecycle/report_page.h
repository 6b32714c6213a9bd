// The page on which init's fate stands (plan/protocol.h), on the parent's side.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/protocol.h"
#include "runtime/state/record.h"

namespace ocirt::lifecycle {

class ReportPage {
   public:
    // A new page for a plan of `step_count` steps.
    [[nodiscard]] static Result<ReportPage> make(std::uint32_t step_count);
    // The page that init handed to `start`; it must be what make() made.
    [[nodiscard]] static Result<ReportPage> map(Fd file);

    [[nodiscard]] const Fd& file() const { return file_; }
    [[nodiscard]] const plan::Report& report() const { return *page_; }
    [[nodiscard]] bool failed() const;
    // The last step has been taken, and has not failed.
    [[nodiscard]] bool executing() const;
    // The number of the seccomp listener's descriptor in init, once the filter is installed.
    [[nodiscard]] std::optional<int> listener() const;
    // The listener has been taken: lets init go on.
    void acknowledge_listener();

   private:
    struct Unmap {
        std::size_t size = 0;
        void operator()(plan::Report* page) const;
    };
    using Mapping = std::unique_ptr<plan::Report, Unmap>;

    ReportPage(Fd file, Mapping page) : file_(std::move(file)), page_(std::move(page)) {}

    Fd file_;
    Mapping page_;
};

// What `explain` needs to know of a step.
[[nodiscard]] state::StartStep summarize(const plan::Step& step, std::uint32_t index);

// The error that a failed report tells. `step` is the failed one; nullptr if nobody knows it any more.
[[nodiscard]] Error explain(const plan::Report& report, const state::StartStep* step);

}  // namespace ocirt::lifecycle
