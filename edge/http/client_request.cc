// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_request.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "edge/http/syntax.h"
#include "edge/loop/alpn.h"

namespace http {
namespace {

constexpr long kReceiveBytes = 64 * 1024;
constexpr long kSendBytes = 128 * 1024;

/// A URL in the two parts that curl gets: it would change a target that it parsed itself.
struct SplitUrl {
  std::string base{};    ///< "https://host:port/"
  std::string target{};  ///< path and query as given
  bool https = false;
};

base::Result<SplitUrl> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  const std::string_view scheme = url.substr(0, colon);
  const bool https = base::iequals(scheme, "https");
  if (colon == std::string_view::npos || (!https && !base::iequals(scheme, "http"))) {
    return base::fail(base::Errc::Invalid,
                      "URL '" + printable(url) + "' does not begin with http:// or https://");
  }
  const std::string_view rest = url.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  std::string target(end == std::string_view::npos ? "" : rest.substr(end));
  if (target.empty() || target.front() != '/') target.insert(0, 1, '/');
  const auto fits = [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; };
  if (authority.empty() || authority.find('@') != std::string_view::npos ||
      !std::ranges::all_of(authority, fits)) {
    return base::fail(
        base::Errc::Invalid,
        "URL '" + printable(url) + "' has no usable host: expected a name or address, maybe ':port'");
  }
  if (!std::ranges::all_of(target, fits)) {
    return base::fail(base::Errc::Invalid, "URL '" + printable(url) + "' holds a space or control character");
  }
  return SplitUrl{(https ? "https://" : "http://") + std::string(authority) + "/", std::move(target), https};
}

void append(TextList& list, const std::string& text) {
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  CHECK(longer != nullptr);  // out of memory
  static_cast<void>(list.release());
  list.reset(longer);
}

/// What each hop makes itself.
bool is_framing(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames{
      "connection", "content-length", "transfer-encoding", "keep-alive", "proxy-connection",
      "upgrade",    "expect",         "http2-settings"};
  return std::ranges::find(kNames, name) != kNames.end();
}

/// Whether a request without a body says so (RFC 9110 8.6).
bool tells_empty_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

base::Status add_fields(const ClientRequest& request, TextList& list) {
  for (const Fields::Field field : request.fields) {
    if (is_framing(field.name)) continue;
    if (!is_token(field.name) || !is_field_value(field.value)) {
      return base::fail(base::Errc::Invalid,
                        "field '" + printable(field.name) +
                            "' cannot be sent: its name or value holds a character that HTTP does not allow");
    }
    std::string line(field.name);
    // curl's forms: "name;" is an empty field, "name:" would take the field out.
    append(list, base::trimmed(field.value).empty() ? line + ";" : line + ": " + std::string(field.value));
  }
  // Take out what curl adds by itself.
  for (const char* name : {"user-agent", "accept", "expect", "content-type"}) {
    if (!request.fields.has(name)) append(list, std::string(name) + ":");
  }
  if (!request.body && tells_empty_body(request.method)) append(list, "content-length: 0");
  return {};
}

template <typename T>
void set(const EasyHandle& easy, CURLoption option, T value) {
  CHECK(curl_easy_setopt(easy.get(), option, value) == CURLE_OK);
}

void set_method(const EasyHandle& easy, const ClientRequest& request) {
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.body) {
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_INFILESIZE_LARGE,
        request.body_bytes ? static_cast<curl_off_t>(*request.body_bytes) : curl_off_t{-1});
  } else {
    set(easy, CURLOPT_HTTPGET, 1L);
  }
  set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

/// libcurl shares connections only among requests with the same TLS options: this one does nothing with
/// OpenSSL but to keep those apart that must not meet, see ServerVersions.
void set_http1(const EasyHandle& easy, bool https) {
  set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  if (https) set(easy, CURLOPT_SSL_OPTIONS, long{CURLSSLOPT_NO_REVOKE});
}

void set_version(const EasyHandle& easy, const ServerOptions& options, bool https) {
  if (https && options.prefer_http2) {
    set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
    set(easy, CURLOPT_PIPEWAIT, 1L);  // requests that find no connection yet share the one that is being made
  } else if (!https && options.prefer_http2 && options.http2_prior_knowledge) {
    set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE});
    // libcurl 7.88 puts a second HTTP/2 layer on such a connection when it is used again, which breaks it.
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
  } else {
    set_http1(easy, https);
  }
}

void set_tls(const EasyHandle& easy, const ServerOptions& options) {
  set(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  set(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  if (!options.ca_file.empty()) {
    set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // trust that file and no other
  }
  if (!options.client_cert_file.empty()) {
    set(easy, CURLOPT_SSLCERT, options.client_cert_file.c_str());
    set(easy, CURLOPT_SSLKEY,
        options.client_key_file.empty() ? options.client_cert_file.c_str() : options.client_key_file.c_str());
  }
}

void set_manners(const EasyHandle& easy) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // cancelling must not wait for a name look-up that hangs
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOPROXY, "*");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(easy, CURLOPT_HTTP_TRANSFER_DECODING, 1L);
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendBytes);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

}  // namespace

base::Result<PreparedRequest> prepare(const ClientRequest& request) {
  const auto url = split_url(request.url);
  if (!url) return std::unexpected(url.error());
  if (!is_token(request.method)) {
    return base::fail(base::Errc::Invalid, "method '" + printable(request.method) + "' is not a token");
  }
  PreparedRequest out{.https = url->https};
  if (auto added = add_fields(request, out.fields); !added) return std::unexpected(added.error());

  static const ServerOptions kDefaults;
  const ServerOptions& options = request.options ? *request.options : kDefaults;
  out.easy.reset(curl_easy_init());
  CHECK(out.easy != nullptr);
  set_manners(out.easy);
  if (curl_easy_setopt(out.easy.get(), CURLOPT_URL, url->base.c_str()) != CURLE_OK) {
    return base::fail(base::Errc::Invalid, "URL '" + printable(request.url) + "' is too long");
  }
  set(out.easy, CURLOPT_REQUEST_TARGET, url->target.c_str());
  set(out.easy, CURLOPT_HTTPHEADER, out.fields.get());
  set_method(out.easy, request);
  set_version(out.easy, options, url->https);
  if (url->https) set_tls(out.easy, options);
  if (!options.connect_to.empty()) {
    append(out.connect_to, "::" + options.connect_to);
    set(out.easy, CURLOPT_CONNECT_TO, out.connect_to.get());
  }
  set(out.easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_limit.count()));
  return out;
}

void settle_for_http1(PreparedRequest& request) {
  set(request.easy, CURLOPT_PIPEWAIT, 0L);
  set_http1(request.easy, request.https);
}

bool speaks_http2(const PreparedRequest& request) {
  curl_tlssessioninfo* tls = nullptr;
  if (curl_easy_getinfo(request.easy.get(), CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == nullptr)
    return false;
  return tls->backend == CURLSSLBACKEND_OPENSSL && tls->internals != nullptr &&
         loop::alpn_of(tls->internals) == "h2";
}

bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 10> kMethods{"DELETE", "GET",   "HEAD",   "OPTIONS", "PROPFIND",
                                                      "PUT",    "QUERY", "REPORT", "SEARCH",  "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

}  // namespace http
