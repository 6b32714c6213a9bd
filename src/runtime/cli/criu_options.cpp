#include "runtime/cli/criu_options.h"

namespace ocirt::cli {

std::vector<Option> criu_options(std::vector<Option> more, checkpoint::Options& options) {
    more.insert(
        more.end(),
        {{"--image-path",
          &options.image_path,
          "directory of criu's images (default: checkpoint in the current one)",
          {},
          Names::directory},
         {"--work-path", &options.work_path, "directory of criu's log (default: the images')", {}, Names::directory},
         {"--tcp-established", &options.tcp_established, "with its open TCP connections"},
         {"--ext-unix-sk", &options.ext_unix_sk, "with unix sockets whose other ends are outside"},
         {"--shell-job", &options.shell_job, "with the terminal that it was started from"},
         {"--file-locks", &options.file_locks, "with its file locks"},
         {"--lazy-pages", &options.lazy_pages, "memory comes by userfaultfd when it is touched"},
         {"--auto-dedup", &options.auto_dedup, "take pages out of older images once they are read"},
         {"--manage-cgroups-mode", &options.manage_cgroups_mode,
          "what of the cgroups is restored: soft (default), full, strict, ignore"},
         {"--empty-ns", &options.empty_ns, "leave this namespace (network) empty"}});
    return more;
}

}  // namespace ocirt::cli
