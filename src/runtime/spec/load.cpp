#include "runtime/spec/load.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace ocirt::spec {

Result<Fd> open_json(const std::string& path) {
    // O_NONBLOCK: a FIFO must not hold us up before fstat tells that it is one.
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (file) return file;
    auto error = fail_errno("open", "open", path);
    if (error.error().errnum == ENOENT) error.error().hint = "a bundle needs a config.json; `ocirt spec` makes one";
    return error;
}

Result<std::string> read_json_text(const Fd& file, const std::string& name) {
    const auto refuse = [&name](std::string detail) {
        return fail({.fault = Fault::invalid_config, .operation = "read", .object = name, .detail = std::move(detail)});
    };
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return fail_errno("fstat", "read", name);
    if (!S_ISREG(status.st_mode)) return refuse("not a regular file");
    if (std::cmp_greater(status.st_size, json_size_limit))
        return refuse("larger than " + std::to_string(json_size_limit >> 20) + " MiB");
    // One byte more than it should hold, so that a file that grows meanwhile is noticed.
    std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read", "read", name);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size == text.size()) return refuse("grew while it was read");
    text.resize(size);
    return text;
}

Result<Loaded> load(const Fd& file, const std::string& name) {
    JsonDocument document = JsonDocument::parse(TRY(read_json_text(file, name)));
    Parsed parsed = parse(document);
    return Loaded{.document = std::move(document), .parsed = std::move(parsed)};
}

Result<Loaded> load(const std::string& path) {
    const Fd file = TRY(open_json(path));
    return load(file, path);
}

}  // namespace ocirt::spec
