#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/syscall.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cli/cli.h"
#include "runtime/spec/default_config.h"

namespace ocirt::cli {
namespace {

// As runc: a config.json that exists is never overwritten.
Result<> write_config(const std::string& path, const std::string& text) {
    Result<Fd> file = sys::open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (!file) {
        Error error = std::move(file).error();
        error.operation = "write";
        if (error.errnum == EEXIST) error.hint = "remove it first";
        return fail(std::move(error));
    }
    return sys::write_all(*file, text.data(), text.size());
}

struct Options {
    std::string bundle;
    std::string file = "config.json";
    bool rootless = false;
};

Result<int> write_default_config(const Options& options) {
    const cgroup::Layout layout = TRY(cgroup::read_layout());
    spec::DefaultConfigOptions wanted;
    wanted.cgroup_namespace =
        layout.hierarchies.size() == 1 && layout.hierarchies.front().version == cgroup::Version::v2;
    if (options.rootless) wanted.rootless = spec::DefaultConfigOptions::Rootless{::geteuid(), ::getegid()};
    const bool in_bundle = !options.bundle.empty() && !options.file.starts_with('/');
    TRY(write_config((in_bundle ? options.bundle + "/" : "") + options.file, spec::default_config(wanted)));
    return 0;
}

}  // namespace

Command spec_command(Cli& /*cli*/) {
    const auto options = std::make_shared<Options>();
    return {.name = "spec",
            .group = Group::bundle,
            .description = "write a config.json to start from",
            .examples =
                "  ocirt spec                       a config.json in the current directory\n"
                "  ocirt spec --rootless -b bundle\n",
            .options = {{"-b,--bundle",
                         &options->bundle,
                         "directory to write it to (default: the current one)",
                         {},
                         Names::directory},
                        {"-f,--file", &options->file, "name of the file (default: config.json)", {}, Names::file},
                        {"--rootless", &options->rootless, "for a user who is not root"}},
            .action = [options] { return write_default_config(*options); }};
}

}  // namespace ocirt::cli
