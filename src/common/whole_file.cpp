#include "common/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/syscall.h"

namespace ocirt {

Result<> write_whole_file(const std::string& path, std::string_view text) {
    const std::string draft = path + ".ocirt-new";
    const Fd file = TRY(sys::open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
    Result<> written = sys::write_all(file, text.data(), text.size());
    if (written && ::rename(draft.c_str(), path.c_str()) != 0) written = fail_errno("rename", "write the file", path);
    if (!written) ::unlink(draft.c_str());
    return written;
}

}  // namespace ocirt
