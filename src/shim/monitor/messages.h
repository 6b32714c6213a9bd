// What the monitor itself has to say: to its stderr as long as that is its caller's, and to the syslog if asked to.
#pragma once

#include <string>

#include "common/error.h"

namespace ocirt::shim::monitor {

class Messages {
   public:
    // `level` is one of --log-level's words.
    Messages(const std::string& level, std::string id, bool syslog);

    void error(const Error& error) const;
    void warning(const Error& error) const;

   private:
    void tell(int priority, const char* mark, const Error& error) const;

    bool warns_;
    std::string id_;
    bool syslog_;
};

}  // namespace ocirt::shim::monitor
