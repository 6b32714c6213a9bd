#include "runtime/resctrl/group_plan.h"

namespace ocirt::resctrl {

GroupPlan plan_group(const spec::IntelRdt& rdt, const std::string& id) {
    GroupPlan plan{.clos = rdt.clos_id, .own = rdt.clos_id.empty()};
    if (plan.own) plan.clos = id;
    if (rdt.clos_id == "/") plan.clos.clear();
    for (const std::string* line : {&rdt.l3_cache_schema, &rdt.mem_bw_schema})
        if (!line->empty()) plan.schemata.push_back(*line);
    for (const std::string& line : rdt.schemata)
        if (!line.empty()) plan.schemata.push_back(line);
    if (rdt.enable_monitoring) plan.monitor = id;
    return plan;
}

}  // namespace ocirt::resctrl
