// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "edge/base/clock.h"
#include "edge/http/date.h"
#include "edge/http/message.h"

/// Heads of messages and moments, written shortly, for tables of cases.
namespace support {

using FieldList = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline http::Fields fields(FieldList list) {
  http::Fields out;
  for (const auto& [name, value] : list) out.add(name, value);
  return out;
}

inline http::RequestHead get(std::string_view target, FieldList list = {}) {
  http::RequestHead out;
  out.method = "GET";
  out.scheme = "https";
  out.authority = "www.example.com";
  out.target = target;
  out.fields = fields(list);
  return out;
}

inline http::ResponseHead response(int status, FieldList list) { return {status, fields(list), {}}; }

/// `seconds` after Sun, 06 Nov 1994 08:00:00 GMT, which is the present of the tests.
inline base::Wall at(std::int64_t seconds) {
  return base::Wall(std::chrono::seconds(784'108'800) + std::chrono::seconds(seconds));
}

inline std::string date(std::int64_t seconds) { return http::format_date(at(seconds)); }

}  // namespace support
