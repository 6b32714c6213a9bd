#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/draft.h"

namespace ocirt::plan {

std::string clean_path(const std::string& path) {
    std::vector<std::string_view> parts;
    const std::string_view text = path;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('/', begin), text.size());
        const std::string_view part = text.substr(begin, end - begin);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        begin = end + 1;
    }
    std::string clean;
    for (const std::string_view part : parts) clean.append("/").append(part);
    return clean.empty() ? "/" : clean;
}

std::string host_path(const Draft& draft, const std::string& path) {
    return path.starts_with('/') ? path : draft.options.bundle + "/" + path;
}

}  // namespace ocirt::plan
