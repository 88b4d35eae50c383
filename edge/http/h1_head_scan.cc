// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h1_head_scan.h"

#include <string>

namespace http {
namespace {

std::unexpected<Refusal> refuse(int status, std::string reason) {
  return std::unexpected(Refusal{status, std::move(reason)});
}

}  // namespace

std::expected<std::optional<std::size_t>, Refusal> H1HeadScan::scan(std::string_view bytes,
                                                                    std::uint32_t bytes_max,
                                                                    std::uint32_t fields_max) {
  for (;;) {
    const std::size_t end = bytes.find('\n', seen_);
    seen_ = end == std::string_view::npos ? bytes.size() : end + 1;
    if (seen_ > bytes_max) {
      const std::string limit = std::to_string(bytes_max) + " bytes are allowed";
      return lines_ == 0 ? refuse(414, "request line too long: " + limit)
                         : refuse(431, "head too large: " + limit);
    }
    if (end == std::string_view::npos) return std::nullopt;
    if (end == line_start_ || bytes[end - 1] != '\r')
      return refuse(400, "line in the head that does not end in CR LF");
    if (end == line_start_ + 1) return seen_;
    if (lines_ > 0 && (bytes[line_start_] == ' ' || bytes[line_start_] == '\t')) {
      return refuse(400, "folded line in the head");
    }
    if (lines_ > fields_max)
      return refuse(431, "too many fields: " + std::to_string(fields_max) + " are allowed");
    ++lines_;
    line_start_ = seen_;
  }
}

}  // namespace http
