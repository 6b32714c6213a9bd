#include "runtime/lifecycle/list.h"

#include <cerrno>

namespace ocirt::lifecycle {

Result<std::vector<Listed>> list(const std::string& root) {
    std::vector<Listed> listed;
    for (const std::string& id : TRY(state::list_ids(root))) {
        const Result<Container> container = Container::open(root, id);
        if (container) {
            listed.push_back({container->record, container->status(), state::read_exit(root, id)});
        } else if (container.error().errnum == EACCES) {
            return std::unexpected(container.error());  // its status is not "stopped"
        } else if (container.error().fault != Fault::not_found) {
            state::Record unreadable;
            unreadable.id = id;
            listed.push_back({std::move(unreadable), state::Status::stopped, std::nullopt});
        }
    }
    return listed;
}

}  // namespace ocirt::lifecycle
