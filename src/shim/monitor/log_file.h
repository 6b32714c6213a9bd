// A file of records that end with a newline, appended to and kept within limits.
//
// Its directory is opened once, and everything is done by that descriptor: who swaps the directory, or the file, for a
// link to somewhere else has nothing written there. A file of that name that is a symlink is refused.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "shim/monitor/stream.h"

namespace ocirt::shim::monitor {

// Each time the log is rotated every file gets another name.
inline constexpr std::int64_t most_kept_files = 1000;

struct LogLimits {
    std::int64_t size_max = 0;   // bytes of the file; 0 and below: none
    std::int64_t total_max = 0;  // bytes over all files, those before this monitor included as far as the file shows
    unsigned kept_files = 0;  // FILE.1 … FILE.N, most_kept_files at most; 0: a full file is thrown away, as conmon does
};

class LogFile {
   public:
    // Errors: the path's.
    [[nodiscard]] static Result<LogFile> open(const std::string& path, const LogLimits& limits);

    // One record, in parts that have to live until flush(). A record never spans two files. Beyond total_max nothing is
    // taken any more.
    Result<> append(std::initializer_list<std::string_view> parts);
    // Errors: the disk's, or why the next file could not be made; what was not written is kept.
    Result<> flush();
    // Throws away what is kept; how many bytes.
    std::uint64_t give_up();

    // A new file where the name is not this file's any more.
    Result<> reopen();
    Result<> sync() const;

   private:
    Result<> write_all(std::vector<iovec>& parts);
    Result<> rotate();
    [[nodiscard]] Result<Fd> open_file(int flags) const;
    void take(Fd file);
    void keep(const std::vector<iovec>& parts, std::size_t first);

    Fd directory_;
    std::string name_;
    LogLimits limits_;
    Fd file_;
    bool regular_ = true;    // a device has neither size nor rotation
    std::int64_t size_ = 0;  // written and in `parts_`
    std::int64_t total_ = 0;
    std::vector<iovec> parts_;
    std::string kept_;   // what the disk did not take
    bool torn_ = false;  // `kept_` begins within a record
};

// Writes all of `bytes`: `append` makes a record of each line. Errors: as of flush().
template <class Append>
Result<> append_lines(LogFile& file, std::string_view bytes, Append append) {
    Result<> done;
    while (!bytes.empty()) {
        const std::string_view line = first_line(bytes);
        bytes.remove_prefix(line.size());
        Result<> appended = append(line);
        if (!appended) done = std::move(appended);
    }
    const Result<> flushed = file.flush();
    return flushed ? done : flushed;
}

}  // namespace ocirt::shim::monitor
