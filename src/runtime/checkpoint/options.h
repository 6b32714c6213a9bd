// What a caller asks of a checkpoint or a restore: runc's options, crun's among them, checked and put into criu's
// words.
#pragma once

#include <criu.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "common/error.h"

namespace ocirt::checkpoint {

struct Options {
    std::string criu = "criu";  // the program
    std::string image_path;     // "": checkpoint/ in the current directory
    std::string work_path;      // of criu's log; "": the image directory
    std::string parent_path;    // relative to image_path: where the memory was dumped before
    bool leave_running = false;
    bool pre_dump = false;
    bool tcp_established = false;
    bool ext_unix_sk = false;
    bool shell_job = false;
    bool file_locks = false;
    bool auto_dedup = false;
    bool lazy_pages = false;
    std::optional<int> status_fd;
    std::string page_server;  // ADDRESS:PORT
    std::string manage_cgroups_mode;
    std::string empty_ns;
    std::string lsm_profile;
    std::string lsm_mount_context;
};

// Into criu's words: all that is neither a path nor a descriptor. Errors: Fault::invalid_argument, naming the option.
[[nodiscard]] Result<> fill(criu::Options& wanted, const Options& options);

}  // namespace ocirt::checkpoint
