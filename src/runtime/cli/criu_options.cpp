#include "runtime/cli/criu_options.h"

namespace ocirt::cli {

void add_criu_options(CLI::App& command, checkpoint::Options& options) {
    command.add_option("--image-path", options.image_path,
                       "directory of criu's images (default: checkpoint in the current one)");
    command.add_option("--work-path", options.work_path, "directory of criu's log (default: the images')");
    command.add_flag("--tcp-established", options.tcp_established, "with its open TCP connections");
    command.add_flag("--ext-unix-sk", options.ext_unix_sk, "with unix sockets whose other ends are outside");
    command.add_flag("--shell-job", options.shell_job, "with the terminal that it was started from");
    command.add_flag("--file-locks", options.file_locks, "with its file locks");
    command.add_flag("--lazy-pages", options.lazy_pages, "memory comes by userfaultfd when it is touched");
    command.add_flag("--auto-dedup", options.auto_dedup, "take pages out of older images once they are read");
    command.add_option("--manage-cgroups-mode", options.manage_cgroups_mode,
                       "what of the cgroups is restored: soft (default), full, strict, ignore");
    command.add_option("--empty-ns", options.empty_ns, "leave this namespace (network) empty");
}

}  // namespace ocirt::cli
