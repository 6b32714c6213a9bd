#include "runtime/lifecycle/trace.h"

#include <algorithm>

#include "runtime/plan/describe.h"

namespace ocirt::lifecycle {

std::vector<std::string> trace(const plan::Plan& plan, const plan::Report& report) {
    std::vector<std::string> lines;
    std::uint64_t before = report.started;
    const std::size_t count = std::min<std::size_t>(plan.steps.size(), report.step_count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t finished = report.finished[i];
        if (finished == 0) break;
        lines.push_back(std::to_string((finished - report.started) / 1000) + " us  +" +
                        std::to_string((finished - before) / 1000) + " us  " + plan::sentence(plan.steps[i].action));
        before = finished;
    }
    return lines;
}

}  // namespace ocirt::lifecycle
