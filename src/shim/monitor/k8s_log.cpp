#include "shim/monitor/k8s_log.h"

#include <array>
#include <cstring>

namespace ocirt::shim::monitor {
namespace {

constexpr std::size_t time_size = 35;

// "TIME stdout F "; both streams' names are as long.
class Head {
   public:
    Head(std::string_view time, std::string_view stream, char tag) {
        std::memcpy(text_.data(), time.data(), time_size);
        std::memcpy(text_.data() + time_size + 1, stream.data(), stream_size);
        text_[time_size] = text_[time_size + 1 + stream_size] = text_[text_.size() - 1] = ' ';
        text_[text_.size() - 2] = tag;
    }
    [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }

   private:
    static constexpr std::size_t stream_size = 6;
    std::array<char, time_size + 1 + stream_size + 3> text_{};
};

}  // namespace

Result<> K8sLog::write(const Chunk& chunk) {
    const std::string_view time = time_.text(chunk.at);
    const Head whole(time, name_of(chunk.stream), 'F');
    const Head part(time, name_of(chunk.stream), 'P');
    return append_lines(file_, chunk.bytes, [&](std::string_view line) {
        return line.ends_with('\n') ? file_.append({whole.text(), line}) : file_.append({part.text(), line, "\n"});
    });
}

}  // namespace ocirt::shim::monitor
