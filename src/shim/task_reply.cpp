#include "shim/task_reply.h"

namespace ocirt::shim {
namespace {

using ttrpc::Code;

Code code_of(const Error& error) {
    switch (error.fault) {
        case Fault::not_found: return Code::not_found;
        case Fault::already_exists: return Code::already_exists;
        case Fault::wrong_state: return Code::failed_precondition;
        case Fault::unsupported: return Code::unimplemented;
        case Fault::invalid_argument:
        case Fault::invalid_config: return Code::invalid_argument;
        default: return Code::unknown;
    }
}

}  // namespace

void refuse(const Reply& reply, const Error& error) { reply->fail(code_of(error), render(error)); }

Error not_running(const TaskProcess& process, const char* operation) {
    const bool stopped = process.status == TaskProcess::Status::stopped;
    return {.fault = Fault::wrong_state,
            .operation = operation,
            .detail = stopped ? "container not running: it has stopped" : "container not running"};
}

}  // namespace ocirt::shim
