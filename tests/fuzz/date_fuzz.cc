// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>

#include "edge/base/check.h"
#include "edge/http/date.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const base::Wall now{std::chrono::seconds(1'800'000'000)};
  const auto time = http::parse_date(text, now);
  if (!time) return 0;
  const std::string formatted = http::format_date(*time);
  CHECK(formatted.size() == 29);
  CHECK(http::parse_date(formatted, now) == time);
  return 0;
}
