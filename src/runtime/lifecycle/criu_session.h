// What checkpoint and restore share: where images and log are, and criu's failures in ocirt's words.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/checkpoint/image_directory.h"
#include "runtime/checkpoint/options.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

struct CriuFiles {
    checkpoint::ImageDirectory images;
    Fd work;
    std::string work_path;
    std::string log;  // its name in `work`

    // For a dump both directories are made. Relative paths are the working directory's.
    [[nodiscard]] static Result<CriuFiles> make(const checkpoint::Options& options);
    // For a restore they must be there, and hold nothing but files (threat F3).
    [[nodiscard]] static Result<CriuFiles> open(const checkpoint::Options& options);

    // criu opens the directories through this process: the object must outlive the request.
    void tell(criu::Options& wanted) const;

    // The error of a request, with the end of criu's log and where it is.
    [[nodiscard]] Error explain(Error error, const std::string& operation, const std::string& id) const;
};

// "net[4026531840]:extRootNetNS" and the like, as runc names them: namespaces that the config joins by path and that
// criu can leave alone.
struct ExternalNamespace {
    std::string criu_type;  // "net"
    std::string key;        // "extRootNetNS"
    plan::Slot slot = plan::slot_none;
};
[[nodiscard]] std::vector<ExternalNamespace> external_namespaces(const plan::Plan& plan);

// Fault::unsupported for what cannot be saved and made again: a container without cgroups or a mount namespace of its
// own, or with a user namespace (its root may not read the images, nor pass the directories on the way to its mounts).
[[nodiscard]] Result<> check_restorable(const plan::Plan& plan, bool has_mount_namespace);

}  // namespace ocirt::lifecycle
