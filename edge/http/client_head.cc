// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_head.h"

#include "edge/base/text.h"
#include "edge/http/hop_by_hop.h"
#include "edge/http/syntax.h"

namespace http {
namespace {

/// Interim responses of one exchange. Each is kept for a client that does not read, outside of every window.
constexpr unsigned kInterimsMax = 16;

}  // namespace

HeadReader::Event HeadReader::broken(base::Errc code, std::string text) {
  error_ = {code, "the server's response " + std::move(text)};
  return Event::Broken;
}

HeadReader::Event HeadReader::line(std::string_view line) {
  begun_ = true;
  bytes_ += line.size();
  if (bytes_ > limit_) {
    return broken(base::Errc::Limit, std::string("has ") + (complete_ ? "trailers" : "a head") +
                                         " of more than " + std::to_string(limit_) + " bytes");
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (complete_) return line.empty() ? Event::More : field_line(line);
  if (!in_head_) return status_line(line);
  return line.empty() ? end_of_head() : field_line(line);
}

HeadReader::Event HeadReader::status_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  const std::string_view code = space == std::string_view::npos ? "" : line.substr(space + 1, 3);
  const auto status = base::decimal(code);
  const bool ends = space != std::string_view::npos && (line.size() == space + 4 || line[space + 4] == ' ');
  if (!line.starts_with("HTTP/") || code.size() != 3 || !ends || !status || *status < 100) {
    return broken(base::Errc::Protocol,
                  "begins with '" + printable(line) + "', expected a status line such as 'HTTP/1.1 200 OK'");
  }
  status_ = static_cast<int>(*status);
  version_ = line.starts_with("HTTP/2") ? Version::Http2
             : line.starts_with("HTTP/1.0") ? Version::Http10
                                            : Version::Http11;
  in_head_ = true;
  lines_.clear();
  return Event::More;
}

HeadReader::Event HeadReader::field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {  // obs-fold: becomes one space (RFC 9112 5.2)
    if (lines_.empty()) return broken(base::Errc::Protocol, "has white space before its first field");
    const std::string_view rest = base::trimmed(line);
    if (!is_field_value(rest)) return broken(base::Errc::Protocol, "has a control character in a field");
    lines_.back().second.append(" ").append(rest);
    return Event::More;
  }
  const std::size_t colon = line.find(':');
  // White space before the colon is to be removed by whoever passes the response on (RFC 9112 5.1).
  const std::string_view name = base::trimmed(line.substr(0, colon));
  if (colon == std::string_view::npos || !is_token(name)) {
    return broken(base::Errc::Protocol,
                  "has the line '" + printable(line) + "' in its head, expected 'name: value'");
  }
  const std::string_view value = base::trimmed(line.substr(colon + 1));
  if (!is_field_value(value)) {
    return broken(base::Errc::Protocol, "has a control character in field '" + std::string(name) + "'");
  }
  lines_.emplace_back(base::lowered(name), value);
  return Event::More;
}

HeadReader::Event HeadReader::end_of_head() {
  in_head_ = false;
  bytes_ = 0;
  if (status_ == 101) return broken(base::Errc::Protocol, "switches protocols (101) without being asked to");
  std::optional<std::uint64_t> length;
  if (!read_framing(length)) return Event::Broken;
  head_ = {status_, end_to_end_fields(), {}, version_};
  lines_.clear();
  if (status_ < 200 && ++interims_ > kInterimsMax) {
    return broken(base::Errc::Protocol,
                  "comes after more than " + std::to_string(kInterimsMax) + " interim ones");
  }
  if (status_ < 200) return status_ == 100 ? Event::More : Event::Informational;
  if (status_ != 204) head_.body_bytes = length;
  complete_ = true;
  return Event::Final;
}

bool HeadReader::read_framing(std::optional<std::uint64_t>& length) {
  bool chunked = false;
  for (const auto& [name, value] : lines_) {
    if (name == "transfer-encoding") {
      if (chunked || !base::iequals(value, "chunked")) {
        broken(base::Errc::Protocol,
               "has the Transfer-Encoding '" + printable(value) + "', allowed is one 'chunked'");
        return false;
      }
      chunked = true;
    } else if (name == "content-length") {
      const auto bytes = base::decimal(value);
      if (!bytes || (length && *length != *bytes)) {
        broken(base::Errc::Protocol,
               "has the Content-Length '" + printable(value) + "', expected one number");
        return false;
      }
      length = bytes;
    }
  }
  if (chunked && length) {
    broken(base::Errc::Protocol, "has both Content-Length and Transfer-Encoding");
    return false;
  }
  return true;
}

Fields HeadReader::end_to_end_fields() {
  Fields fields;
  for (const auto& [name, value] : lines_) fields.add(name, value);
  remove_hop_by_hop(fields);
  fields.remove("content-length");  // each hop frames anew
  return fields;
}

Fields HeadReader::take_trailers() {
  Fields fields = end_to_end_fields();
  lines_.clear();
  return fields;
}

}  // namespace http
