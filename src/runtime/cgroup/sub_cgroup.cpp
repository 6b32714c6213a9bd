#include "runtime/cgroup/sub_cgroup.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace ocirt::cgroup {
namespace {

std::unexpected<Error> refuse(const std::string& word, std::string detail) {
    return fail({.fault = Fault::invalid_argument,
                 .pointer = "--cgroup",
                 .operation = "use",
                 .object = "\"" + word + "\"",
                 .detail = std::move(detail)});
}

// "a//b/./c" is "/a/b/c", "/" is "".
Result<std::string> clean(const std::string& word, std::string_view path) {
    std::string cleaned;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (part == "..") return refuse(word, "it is not below the container's cgroup: \"..\" is not allowed");
        if (!part.empty() && part != ".") cleaned.append("/").append(part);
        begin = end + 1;
    }
    return cleaned;
}

Place* holding(std::vector<Place>& places, const std::string& controller) {
    for (Place& place : places)
        if (place.version == Version::v1 && std::ranges::find(place.controllers, controller) != place.controllers.end())
            return &place;
    return nullptr;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> names;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        names.emplace_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return names;
}

}  // namespace

Result<std::vector<Place>> sub_cgroups(std::vector<Place> places, const std::vector<std::string>& words) {
    std::map<const Place*, std::string> moved;
    for (const std::string& word : words) {
        const std::size_t colon = word.find(':');
        if (colon == std::string::npos) {
            if (words.size() > 1) return refuse(word, "without a controller it is for all of them: give it alone");
            const std::string below = TRY(clean(word, word));
            for (Place& place : places) place.path += below;
            continue;
        }
        const std::string below = TRY(clean(word, std::string_view(word).substr(colon + 1)));
        for (const std::string& controller : split(std::string_view(word).substr(0, colon))) {
            Place* place = holding(places, controller);
            if (place == nullptr)
                return refuse(word, "the container has no v1 cgroup of a controller \"" + controller + "\"");
            // cpu and cpuacct are one directory: to name both is to name it once.
            const auto [entry, first] = moved.emplace(place, below);
            if (first)
                place->path += below;
            else if (entry->second != below)
                return refuse(word, "the hierarchy of \"" + controller + "\" was given another cgroup before");
        }
    }
    return places;
}

}  // namespace ocirt::cgroup
