#include "runtime/checkpoint/image_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/json_document.h"
#include "common/json_writer.h"
#include "common/syscall.h"

namespace ocirt::checkpoint {
namespace {

constexpr const char* descriptors_name = "descriptors.json";
constexpr const char* parent_name = "parent";
constexpr const char* lazy_pages_name = "lazy-pages.socket";
constexpr std::size_t descriptors_limit = 16384;
constexpr std::size_t stdio_count = 3;
// Pre-dumps before the dump, each with the one before it as its parent.
constexpr int parents_limit = 64;

std::unexpected<Error> refuse(const std::string& path, const std::string& name, std::string detail) {
    return fail({.fault = Fault::corrupted,
                 .operation = "use the checkpoint's image",
                 .object = path + "/" + name,
                 .detail = std::move(detail)});
}

Result<> make_directories(const std::string& path) {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST)
            return fail_errno("mkdir", "make the image directory", path.substr(0, end));
    }
    return {};
}

// Where the link "parent" leads; an invalid one if there is no such link.
Result<Fd> open_parent(const Fd& directory, const std::string& path) {
    std::array<char, 4096> target{};
    const ssize_t size = ::readlinkat(directory.get(), parent_name, target.data(), target.size());
    if (size < 0) return Fd{};
    if (size == 0 || target.front() == '/') return refuse(path, parent_name, "it is a link to an absolute path");
    Result<Fd> parent = sys::open_at(directory, parent_name, O_RDONLY | O_DIRECTORY);
    if (!parent) return refuse(path, parent_name, "it is a link to no directory");
    return parent;
}

Result<> check_entry(const Fd& directory, const std::string& path, const std::string& name, bool lazy_pages) {
    struct stat status{};
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno("fstatat", "look at", path + "/" + name);
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return {};
    if (S_ISLNK(status.st_mode) && name == parent_name) return {};
    if (S_ISSOCK(status.st_mode) && lazy_pages && name == lazy_pages_name) return {};
    return refuse(path, name, S_ISLNK(status.st_mode) ? "it is a symbolic link" : "it is not a regular file");
}

Result<> check_entries(const Fd& directory, const std::string& path, bool lazy_pages) {
    for (const std::string& name : TRY(sys::names_in(directory))) TRY(check_entry(directory, path, name, lazy_pages));
    return {};
}

}  // namespace

Result<ImageDirectory> ImageDirectory::make(const std::string& path) {
    TRY(make_directories(path));
    return open(path);
}

Result<ImageDirectory> ImageDirectory::open(const std::string& path) {
    Result<Fd> fd = sys::open(path, O_RDONLY | O_DIRECTORY);
    if (fd) return ImageDirectory(std::move(*fd), path);
    fd.error().operation = "open the image directory";
    return std::unexpected(std::move(fd).error());
}

Result<> ImageDirectory::check(bool lazy_pages) const {
    TRY(check_entries(fd_, path_, lazy_pages));
    std::string path = path_;
    Fd parent = TRY(open_parent(fd_, path));
    for (int depth = 0; parent; ++depth) {
        path.append("/").append(parent_name);
        if (depth == parents_limit) return refuse(path_, parent_name, "there are too many of them");
        TRY(check_entries(parent, path, false));
        parent = TRY(open_parent(parent, path));
    }
    return {};
}

Result<> ImageDirectory::write_descriptors(const std::vector<std::string>& descriptors) const {
    JsonWriter json;
    json.begin_array();
    for (const std::string& descriptor : descriptors) json.value(descriptor);
    json.end_array();
    const std::string text = std::move(json).take();
    const Fd file = TRY(sys::open_at(fd_, descriptors_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    return sys::write_all(file, text.data(), text.size());
}

Result<std::vector<std::string>> parse_descriptors(std::string text) {
    const JsonDocument document = JsonDocument::parse(std::move(text));
    const JsonNode* root = document.root();
    const auto wrong = [] { return fail({.fault = Fault::corrupted, .detail = "it is not a list of three strings"}); };
    if (root == nullptr || root->kind != JsonKind::array || root->count > stdio_count) return wrong();
    std::vector<std::string> descriptors;
    descriptors.reserve(root->count);
    for (const JsonNode* node = document.first(*root); node != nullptr; node = document.next(*node)) {
        if (node->kind != JsonKind::string) return wrong();
        descriptors.emplace_back(node->text);
    }
    return descriptors;
}

Result<std::vector<std::string>> ImageDirectory::read_descriptors() const {
    const Result<Fd> file = sys::open_beneath(fd_, descriptors_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!file && file.error().errnum == ENOENT) return std::vector<std::string>{};
    if (!file) return std::unexpected(file.error());
    Result<std::vector<std::string>> parsed = parse_descriptors(TRY(sys::read_all(*file, descriptors_limit)));
    if (parsed) return parsed;
    return refuse(path_, descriptors_name, parsed.error().detail);
}

}  // namespace ocirt::checkpoint
