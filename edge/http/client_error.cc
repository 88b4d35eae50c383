// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_error.h"

#include "edge/http/syntax.h"

namespace http {
namespace {

base::Errc kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return base::Errc::Timeout;
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return base::Errc::Invalid;
    case CURLE_UNSUPPORTED_PROTOCOL:  // not HTTP: the scheme was checked before
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_GOT_NOTHING: return base::Errc::Protocol;
    case CURLE_PEER_FAILED_VERIFICATION: return base::Errc::Denied;
    case CURLE_OUT_OF_MEMORY: return base::Errc::Limit;
    default: return base::Errc::Unavailable;
  }
}

}  // namespace

std::string server_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return printable(url);
  return printable(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

base::Error describe(CURLcode code, std::string_view url, std::string_view details) {
  std::string text =
      server_of(url) + ": " + std::string(details.empty() ? curl_easy_strerror(code) : details);
  return {kind_of(code), std::move(text)};
}

}  // namespace http
