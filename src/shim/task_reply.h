// How the Task service answers.
#pragma once

#include <string>

#include "common/error.h"
#include "shim/reaper.h"
#include "shim/task.h"
#include "shim/timestamp.h"
#include "shim/ttrpc/server.h"

namespace ocirt::shim {

// The code that containerd's clients tell kinds of errors by (google.rpc.Code), with ocirt's own text.
void refuse(const Reply& reply, const Error& error);

template <class Message>
void answer(const Reply& reply, const Message& message) {
    reply->ok(message.SerializeAsString());
}
inline void answer(const Reply& reply) { reply->ok({}); }

// `Message` has exit_status and exited_at.
template <class Message>
void set_exit(Message& message, const Exit& exit) {
    message.set_exit_status(static_cast<std::uint32_t>(exit.status));
    set(*message.mutable_exited_at(), exit.at);
}

[[nodiscard]] Error not_running(const TaskProcess& process, const char* operation);

}  // namespace ocirt::shim
