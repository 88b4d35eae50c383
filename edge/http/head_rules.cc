// SPDX-License-Identifier: Apache-2.0
#include "edge/http/head_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "edge/base/text.h"
#include "edge/http/authority.h"
#include "edge/http/hop_by_hop.h"
#include "edge/http/syntax.h"

namespace http {
namespace {

using Outcome = std::optional<Refusal>;

Refusal refuse(int status, std::string reason) { return {status, std::move(reason)}; }

/// Fields that speak of the connection or the framing, not of the request.
constexpr std::array<std::string_view, 9> kConnectionFields{
    "connection", "content-length",    "expect", "host", "keep-alive", "proxy-connection",
    "te",         "transfer-encoding", "upgrade"};

bool is_connection_field(std::string_view name) {
  return std::ranges::find(kConnectionFields, name) != kConnectionFields.end();
}

/// What the connection fields of one head say, gathered in one pass.
struct Found {
  std::optional<std::string> host{};
  std::size_t hosts = 0;
  std::optional<std::string> content_length{};
  std::size_t content_lengths = 0;
  std::string transfer_encoding{};
  bool has_transfer_encoding = false;
  std::string connection{};
  std::string te{};
  std::string expect{};
  bool specific = false;  ///< a field that HTTP/2 forbids (RFC 9113 8.2.2)
};

void append_list(std::string& list, std::string_view value) {
  if (!list.empty()) list += ", ";
  list += value;
}

void note(Found& found, std::string_view name, std::string_view value) {
  if (name == "host") {
    ++found.hosts;
    found.host = std::string(value);
  } else if (name == "content-length") {
    ++found.content_lengths;
    found.content_length = std::string(value);
  } else if (name == "te") {
    append_list(found.te, value);
  } else if (name == "expect") {
    append_list(found.expect, value);
  } else {
    found.specific = true;
    if (name == "connection") append_list(found.connection, value);
    if (name == "transfer-encoding") {
      found.has_transfer_encoding = true;
      append_list(found.transfer_encoding, value);
    }
  }
}

Outcome gather(const Fields& fields, Found& found) {
  for (const auto [name, value] : fields) {
    if (!is_token(name)) return refuse(400, "bad field name \"" + printable(name) + "\"");
    if (!is_field_value(value)) return refuse(400, "control character in the value of " + printable(name));
    if (is_connection_field(name)) note(found, name, value);
  }
  return {};
}

void remove_connection_fields(Fields& fields) {
  remove_hop_by_hop(fields);
  fields.remove_if([](std::string_view name) { return name == "host" || name == "content-length"; });
}

/// An absolute-form target (RFC 9112 3.2.2) becomes scheme, authority and origin-form.
Outcome split_absolute(RawHead& raw) {
  const std::size_t colon = raw.target.find("://");
  const std::string scheme = base::lowered(std::string_view(raw.target).substr(0, colon));
  if (scheme != "http" && scheme != "https") {
    return refuse(400, "target \"" + printable(raw.target) + "\": allowed is a path or an http(s) URL");
  }
  const std::size_t start = colon + 3;
  const std::size_t end = std::min(raw.target.find_first_of("/?", start), raw.target.size());
  raw.authority = raw.target.substr(start, end - start);
  if (raw.authority.empty()) return refuse(400, "target without a host");
  std::string rest = raw.target.substr(end);
  const bool whole_server = rest.empty() && raw.method == "OPTIONS";
  if (rest.empty() || rest.front() == '?') rest.insert(rest.begin(), '/');
  raw.target = whole_server ? "*" : std::move(rest);
  raw.scheme = scheme;
  return {};
}

Outcome check_target(RawHead& raw) {
  if (!is_token(raw.method)) return refuse(400, "bad method \"" + printable(raw.method) + "\"");
  if (raw.method == "CONNECT") return refuse(405, "CONNECT is not served here");
  if (raw.target.empty()) return refuse(400, "empty target");
  const bool bad = std::ranges::any_of(
      raw.target, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#'; });
  if (bad) return refuse(400, "space, control character or fragment in the target");
  if (raw.target == "*") {
    return raw.method == "OPTIONS" ? Outcome{} : refuse(400, "target \"*\" is for OPTIONS only");
  }
  if (raw.target.front() == '/') return {};
  if (raw.version == Version::Http2) return refuse(400, ":path does not begin with \"/\"");
  if (raw.target.find("://") == std::string::npos) return refuse(400, "target does not begin with \"/\"");
  return split_absolute(raw);
}

/// RFC 9110 7.2, RFC 9112 3.2, RFC 9113 8.3.1.
Outcome check_authority(RawHead& raw, const Found& found) {
  if (found.hosts > 1) return refuse(400, "more than one Host field");
  if (raw.version == Version::Http11 && found.hosts == 0) return refuse(400, "no Host field");
  if (found.host && !is_authority(*found.host))
    return refuse(400, "bad Host \"" + printable(*found.host) + "\"");
  if (!raw.authority.empty() && !is_authority(raw.authority)) {
    return refuse(400, "bad authority \"" + printable(raw.authority) + "\"");
  }
  if (raw.version == Version::Http2) {
    if (raw.authority.empty() && !found.host) return refuse(400, "neither :authority nor Host");
    if (!raw.authority.empty() && found.host && !base::iequals(raw.authority, *found.host)) {
      return refuse(400, "Host and :authority differ");
    }
  }
  if (raw.authority.empty() && found.host) raw.authority = *found.host;
  return {};
}

/// RFC 9112 6.1 to 6.3: one way to know where the body ends, or none.
Outcome check_framing(const RawHead& raw, const Found& found, CheckedHead& out) {
  if (found.has_transfer_encoding) {
    if (found.content_lengths > 0) return refuse(400, "both Transfer-Encoding and Content-Length");
    if (raw.version != Version::Http11) return refuse(400, "Transfer-Encoding is for HTTP/1.1 only");
    if (!base::iequals(found.transfer_encoding, "chunked")) {
      return refuse(501,
                    "Transfer-Encoding \"" + printable(found.transfer_encoding) + "\": allowed is chunked");
    }
    out.head.has_body = true;
    return {};
  }
  if (found.content_lengths > 1) return refuse(400, "more than one Content-Length field");
  if (found.content_length) {
    out.head.body_bytes = base::decimal(*found.content_length);
    if (!out.head.body_bytes) {
      return refuse(400, "bad Content-Length \"" + printable(*found.content_length) + "\"");
    }
  }
  if (raw.version == Version::Http2) {
    if (raw.ends && out.head.body_bytes.value_or(0) > 0) return refuse(400, "Content-Length without a body");
    out.head.has_body = !raw.ends;
  } else {
    out.head.has_body = out.head.body_bytes.value_or(0) > 0;
  }
  return {};
}

bool names(std::string_view list, std::string_view word) {
  bool found = false;
  base::split(list, ',', [&](std::string_view piece) { found = found || base::iequals(piece, word); });
  return found;
}

Outcome check_connection(const RawHead& raw, const Found& found, CheckedHead& out) {
  if (raw.version == Version::Http2) {
    if (found.specific) return refuse(400, "connection-specific field");
    if (!found.te.empty() && !base::iequals(found.te, "trailers")) {
      return refuse(400, "TE \"" + printable(found.te) + "\": allowed is trailers");
    }
    if (raw.scheme != "http" && raw.scheme != "https") {
      return refuse(400, "scheme \"" + printable(raw.scheme) + "\": allowed are http and https");
    }
  } else if (names(found.connection, "close")) {
    out.keep_alive = false;
  } else {
    out.keep_alive = raw.version == Version::Http11 || names(found.connection, "keep-alive");
  }
  if (!found.expect.empty() && raw.version != Version::Http10) {
    if (!base::iequals(found.expect, "100-continue")) {
      return refuse(417, "Expect \"" + printable(found.expect) + "\": allowed is 100-continue");
    }
    out.expects_continue = out.head.has_body;
  }
  return {};
}

}  // namespace

std::expected<CheckedHead, Refusal> check_head(RawHead raw, std::string_view scheme) {
  CheckedHead out;
  Found found;
  Outcome wrong = gather(raw.fields, found);
  if (!wrong) wrong = check_target(raw);
  if (!wrong) wrong = check_authority(raw, found);
  if (!wrong) wrong = check_framing(raw, found, out);
  if (!wrong) wrong = check_connection(raw, found, out);
  if (wrong) return std::unexpected(std::move(*wrong));

  remove_connection_fields(raw.fields);
  out.head.version = raw.version;
  out.head.method = std::move(raw.method);
  out.head.scheme = scheme;
  out.head.authority = base::lowered(raw.authority);
  out.head.target = std::move(raw.target);
  out.head.fields = std::move(raw.fields);
  return out;
}

}  // namespace http
