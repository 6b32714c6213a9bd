// Any bytes as what a client of the shim's sends: the same frames come out however the bytes come in parts, and each is
// handled as a call of the Task service's. Create alone is only read: it would be carried out. The first byte says how
// long the parts are. Built with clang's -fsanitize=fuzzer,address,undefined (OCIRT_FUZZ).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "shim/task_service.h"
#include "shim/ttrpc/frame.h"
#include "ttrpc.pb.h"

namespace {

using namespace ocirt;
using namespace ocirt::shim;

std::vector<ttrpc::Frame> read_frames(std::string_view bytes, std::size_t part) {
    ttrpc::FrameReader reader;
    std::vector<ttrpc::Frame> frames;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(part, bytes.size()))) {
        reader.feed(bytes.substr(0, part));
        while (auto frame = reader.next()) frames.push_back(*std::move(frame));
    }
    return frames;
}

bool same(const ttrpc::Frame& one, const ttrpc::Frame& other) {
    return one.stream == other.stream && one.type == other.type && one.flags == other.flags &&
           one.too_long == other.too_long && one.message == other.message;
}

// A shim without containers.
struct Service {
    EventLoop loop = EventLoop::make().value();
    std::unique_ptr<Reaper> reaper = Reaper::start(loop).value();
    Log log;
    Publisher publisher{loop, "", "fuzz", log};
    TaskService tasks{{.loop = loop, .reaper = *reaper, .publisher = publisher, .log = log, .namespace_name = "fuzz"}};
};

void handle(const ttrpc::Frame& frame) {
    static Service service;
    wire::Request request;
    if (frame.too_long || !request.ParseFromString(frame.message)) return;
    if (request.method() == "Create") {
        wire::CreateTaskRequest create;
        (void)create.ParseFromString(request.payload());
        return;
    }
    service.tasks.handle({.service = request.service(), .method = request.method(), .payload = request.payload()},
                         std::make_shared<ttrpc::Reply>(std::weak_ptr<ttrpc::Connection>(), frame.stream));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::vector<ttrpc::Frame> frames = read_frames(bytes, bytes.size() + 1);
    const std::vector<ttrpc::Frame> parts = read_frames(bytes, std::size_t{1} + data[0]);
    if (frames.size() != parts.size()) std::abort();
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (!same(frames[i], parts[i]) || frames[i].message.size() > ttrpc::message_limit) std::abort();
        handle(frames[i]);
    }
    return 0;
}
