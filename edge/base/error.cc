// SPDX-License-Identifier: Apache-2.0
#include "edge/base/error.h"

#include <system_error>

namespace base {

const char* name_of(Errc code) {
  switch (code) {
    case Errc::Invalid: return "invalid";
    case Errc::NotFound: return "not-found";
    case Errc::Exists: return "exists";
    case Errc::Denied: return "denied";
    case Errc::Limit: return "limit";
    case Errc::Busy: return "busy";
    case Errc::Timeout: return "timeout";
    case Errc::Unavailable: return "unavailable";
    case Errc::Protocol: return "protocol";
    case Errc::Corrupt: return "corrupt";
    case Errc::Cancelled: return "cancelled";
    case Errc::System: return "system";
  }
  return "unknown";
}

std::unexpected<Error> fail_system(std::string what, int number) {
  what += ": ";
  what += std::generic_category().message(number);
  return fail(Errc::System, std::move(what));
}

}  // namespace base
