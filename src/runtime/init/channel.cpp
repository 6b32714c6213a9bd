#include "runtime/init/channel.h"

#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr int64_t peer_patience_s = 1;  // for the request of a peer that has connected to start.sock

// Room for the one control message that init knows: descriptors.
template <uint32_t Count>
struct DescriptorControl {
    ControlHeader header{sizeof(ControlHeader) + Count * sizeof(int), sol_socket, scm_rights};
    int descriptors[Count]{};
};

using Received = DescriptorControl<plan::message_descriptor_limit>;

Result keep_descriptors(Machine& machine, const plan::Message& message, const Received& control, uint32_t count) {
    const bool fits = message.first_slot <= plan::slot_limit && count <= plan::slot_limit - message.first_slot;
    if (count != message.descriptors || (count > 0 && !fits)) {
        for (uint32_t at = 0; at < count; ++at) Fd unwanted(control.descriptors[at]);
        return refuse(EBADMSG, Detail::bad_message);
    }
    for (uint32_t at = 0; at < count; ++at) machine.slots[message.first_slot + at] = Fd(control.descriptors[at]);
    return done;
}

// True if a StartRequest comes over `peer` in time.
bool asks_to_start(int peer) {
    pollfd ready{peer, POLLIN, 0};
    __kernel_timespec left{peer_patience_s, 0};
    if (sys::call(__NR_ppoll, &ready, 1, &left, nullptr, 0).value <= 0) return false;
    plan::StartRequest request{0, 0};
    const Result size = sys::call(__NR_recvfrom, peer, &request, sizeof request, msg_trunc, nullptr, nullptr);
    return size.value == sizeof request && request.magic == plan::start_magic && request.version == 1;
}

// A peer that asked and went away has asked: only its answer is lost.
void answer(const Machine& machine, int peer, plan::Slot slot) {
    if (!machine.slots[slot]) return;
    plan::Message message;
    message.stage = plan::Stage::ready;
    message.first_slot = slot;
    message.descriptors = 1;
    static_cast<void>(send(peer, message, machine.slots[slot].get()));
}

Result receive_from(Machine& machine, int socket, plan::Stage expected, plan::Message& message) {
    Received control;
    IoVector vector{&message, sizeof message};
    MessageHeader header{nullptr, 0, &vector, 1, &control, sizeof control, 0};
    Result size;
    do {
        size = sys::call(__NR_recvmsg, socket, &header, msg_cmsg_cloexec);
    } while (size.is(EINTR));
    if (size.is(ECONNRESET) || size.value == 0) return refuse(EPIPE, Detail::channel_closed);
    TRY(size);
    uint32_t count = 0;
    if (header.control_size >= sizeof(ControlHeader) && control.header.level == sol_socket &&
        control.header.type == scm_rights)
        count = static_cast<uint32_t>((control.header.size - sizeof(ControlHeader)) / sizeof(int));
    const bool whole = size.value == sizeof message && message.magic == plan::message_magic &&
                       (header.flags & (msg_trunc | msg_ctrunc)) == 0;
    if (!whole || message.stage != expected) message.descriptors = UINT32_MAX;  // to close what came with it
    return keep_descriptors(machine, message, control, count);
}

}  // namespace

Result receive(Machine& machine, plan::Stage expected, plan::Message& message) {
    return receive_from(machine, machine.channel.get(), expected, message);
}

Result announce_listener(Machine& machine) {
    const int socket = machine.start_connection ? machine.start_connection.get() : machine.channel.get();
    plan::Message message;
    message.stage = plan::Stage::listener;
    TRY(send(socket, message));
    return receive_from(machine, socket, plan::Stage::listener, message);
}

Result send(int socket, const plan::Message& message, int descriptor) {
    DescriptorControl<1> control;
    control.descriptors[0] = descriptor;
    IoVector vector{const_cast<plan::Message*>(&message), sizeof message};
    MessageHeader header{nullptr, 0, &vector, 1, nullptr, 0, 0};
    if (descriptor >= 0) {
        header.control = &control;
        header.control_size = sizeof control;
    }
    const Result sent = sys::call(__NR_sendmsg, socket, &header, msg_nosignal);
    if (sent.is(EPIPE) || sent.is(ECONNRESET)) return sent.because(Detail::channel_closed);
    return sent;
}

Result perform(Machine& machine, const plan::Await<Wire>& step) {
    const auto stage = static_cast<plan::Stage>(step.stage);
    plan::Message message;
    do {
        TRY(receive(machine, stage, message));
    } while (message.more != 0);
    if (stage == plan::Stage::committed) machine.channel.reset();
    return done;
}

Result perform(Machine& machine, const plan::Notify<Wire>& step) {
    plan::Message message;
    message.stage = static_cast<plan::Stage>(step.stage);
    return send(machine.channel.get(), message);
}

Result perform(Machine& machine, const plan::AwaitStart<Wire>&) {
    const int listener = static_cast<int>(TRY(machine.in_slot(plan::slot_listener)));
    for (;;) {
        const Result accepted = sys::call(__NR_accept4, listener, nullptr, nullptr, sock_cloexec);
        if (accepted.is(EINTR) || accepted.is(ECONNABORTED)) continue;
        if (accepted.is(EAGAIN)) {
            pollfd ready{listener, POLLIN, 0};
            static_cast<void>(sys::call(__NR_ppoll, &ready, 1, nullptr, nullptr, 0));
            continue;
        }
        Fd peer(TRY(accepted));
        if (!asks_to_start(peer.get())) continue;
        answer(machine, peer.get(), plan::slot_report);
        answer(machine, peer.get(), plan::slot_notify);
        machine.start_connection = static_cast<Fd&&>(peer);
        return done;
    }
}

}  // namespace ocirt::init
