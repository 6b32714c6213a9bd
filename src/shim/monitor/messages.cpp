#include "shim/monitor/messages.h"

#include <syslog.h>
#include <unistd.h>

#include <utility>

namespace ocirt::shim::monitor {

Messages::Messages(const std::string& level, std::string id, bool syslog)
    : warns_(level != "error" && level != "fatal" && level != "panic"), id_(std::move(id)), syslog_(syslog) {
    if (syslog_) ::openlog("conmon", LOG_PID, LOG_DAEMON);
}

void Messages::error(const Error& error) const { tell(LOG_ERR, "[conmon:e]: ", error); }

void Messages::warning(const Error& error) const {
    if (warns_) tell(LOG_WARNING, "[conmon:w]: ", error);
}

void Messages::tell(int priority, const char* mark, const Error& error) const {
    constexpr int id_shown = 20;
    const std::string text = render(error);
    const std::string line = mark + text + "\n";
    (void)!::write(STDERR_FILENO, line.data(), line.size());
    if (syslog_) ::syslog(priority, "%.*s: %s", id_shown, id_.c_str(), text.c_str());
}

}  // namespace ocirt::shim::monitor
