// SPDX-License-Identifier: Apache-2.0
#include "edge/http/message.h"

namespace http {

const char* name_of(Version version) {
  switch (version) {
    case Version::Http10: return "HTTP/1.0";
    case Version::Http11: return "HTTP/1.1";
    case Version::Http2: return "HTTP/2";
  }
  return "HTTP/?";
}

bool has_no_body(const std::string& method, int status) {
  return method == "HEAD" || (status >= 100 && status < 200) || status == 204 || status == 304;
}

}  // namespace http
