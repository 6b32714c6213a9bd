#include "common/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/syscall.h"

// Kernel 6.3; the C library of Debian 12 does not name them.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace ocirt {
namespace {

// `wish` is MFD_EXEC or MFD_NOEXEC_SEAL: older kernels know neither (EINVAL).
Result<Fd> create(const char* name, unsigned wish) {
    Fd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | wish));
    if (!file && errno == EINVAL) file.reset(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) return fail_errno("memfd_create", "make an anonymous file", name);
    return file;
}

Result<Fd> fill_and_seal(Fd file, std::span<const std::byte> content) {
    TRY(sys::write_all(file, content.data(), content.size()));
    if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        return fail_errno("fcntl", "seal an anonymous file");
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno("lseek", "rewind an anonymous file");
    return file;
}

Result<Fd> executable_on_tmpfs(const char* name, std::span<const std::byte> content) {
    const Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
    if (!context) return fail_errno("fsopen", "make a filesystem for init");
    if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return fail_errno("fsconfig", "make a filesystem for init");
    const Fd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV));
    if (!mount) return fail_errno("fsmount", "make a filesystem for init");
    {
        const Fd file = TRY(sys::open_at(mount, name, O_WRONLY | O_CREAT | O_EXCL, 0500));
        TRY(sys::write_all(file, content.data(), content.size()));
    }
    mount_attr readonly{.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) != 0)
        return fail_errno("mount_setattr", "make init's filesystem read-only");
    return sys::open_at(mount, name, O_RDONLY);
}

}  // namespace

Result<Fd> make_sealed_memfd(const char* name, std::span<const std::byte> content) {
    return fill_and_seal(TRY(create(name, MFD_NOEXEC_SEAL)), content);
}

Result<Fd> make_sealed_memfd(const char* name, std::string_view content) {
    return make_sealed_memfd(name, std::as_bytes(std::span(content)));
}

Result<Fd> make_sealed_message(const char* name, std::string_view content) {
    Result<Fd> file = create(name, MFD_EXEC);
    if (!file) return make_sealed_memfd(name, content);
    return fill_and_seal(std::move(*file), std::as_bytes(std::span(content)));
}

Result<Fd> make_sealed_executable(const char* name, std::span<const std::byte> content) {
    Result<Fd> file = create(name, MFD_EXEC);
    if (!file) return executable_on_tmpfs(name, content);
    return fill_and_seal(std::move(*file), content);
}

Result<Fd> make_shared_memfd(const char* name, std::size_t size) {
    Fd file = TRY(create(name, MFD_NOEXEC_SEAL));
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0)
        return fail_errno("ftruncate", "size an anonymous file");
    return file;
}

}  // namespace ocirt
