// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h1_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/http/sending.h"

namespace http {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

/// RFC 9110 15 and the registry, in order of status.
constexpr std::array kReasons{
    Reason{100, "Continue"},
    Reason{102, "Processing"},
    Reason{103, "Early Hints"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{203, "Non-Authoritative Information"},
    Reason{204, "No Content"},
    Reason{205, "Reset Content"},
    Reason{206, "Partial Content"},
    Reason{300, "Multiple Choices"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{416, "Range Not Satisfiable"},
    Reason{417, "Expectation Failed"},
    Reason{421, "Misdirected Request"},
    Reason{422, "Unprocessable Content"},
    Reason{425, "Too Early"},
    Reason{428, "Precondition Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{451, "Unavailable For Legal Reasons"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
    Reason{507, "Insufficient Storage"},
    Reason{508, "Loop Detected"},
};
static_assert(std::ranges::is_sorted(kReasons, {}, &Reason::status));

void write_fields(const Fields& fields, std::string& out) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (sending_of(fields, i) == Fields::Sending::Never) continue;
    const Fields::Field field = fields.at(i);
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
  return found != kReasons.end() && found->status == status ? found->phrase : std::string_view{};
}

void write_head(const ResponseHead& head, H1Framing framing, H1Connection connection, std::string& out) {
  out.reserve(out.size() + head.fields.text_bytes() + 4 * head.fields.size() + 128);
  out.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ");
  out.append(reason_phrase(head.status)).append("\r\n");
  write_fields(head.fields, out);
  const bool tells_length =
      framing == H1Framing::Length || (framing == H1Framing::None && head.status != 204);
  if (tells_length && head.status >= 200 && head.body_bytes) {
    out.append("content-length: ").append(std::to_string(*head.body_bytes)).append("\r\n");
  }
  if (framing == H1Framing::Chunked) out.append("transfer-encoding: chunked\r\n");
  if (connection == H1Connection::Close) out.append("connection: close\r\n");
  if (connection == H1Connection::KeepAlive) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
}

std::string chunk_line(std::size_t bytes) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), bytes, 16).ptr;
  return std::string(digits.begin(), end).append("\r\n");
}

std::string last_chunk(const Fields* trailers) {
  std::string out = "0\r\n";
  if (trailers != nullptr) write_fields(*trailers, out);
  return out.append("\r\n");
}

}  // namespace http
