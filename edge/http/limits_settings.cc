// SPDX-License-Identifier: Apache-2.0
#include "edge/http/limits_settings.h"

namespace http {

using namespace std::chrono_literals;

void read_limits(const base::Table& table, Limits& limits) {
  constexpr std::uint64_t kKiB = 1ULL << 10;
  constexpr std::uint64_t kMiB = 1ULL << 20;
  const auto count = [&](const char* key, std::uint32_t& value, std::int64_t min, std::int64_t max) {
    value = static_cast<std::uint32_t>(table.number(key, value, min, max));
  };
  const auto size = [&](const char* key, std::uint32_t& value, std::uint64_t min, std::uint64_t max) {
    value = static_cast<std::uint32_t>(table.bytes(key, value, min, max));
  };
  const auto time = [&](const char* key, std::chrono::milliseconds& value, std::chrono::milliseconds max) {
    value = table.duration(key, value, 100ms, max);
  };
  count("connections", limits.connections, 1, 10'000'000);
  size("header", limits.header_bytes, kKiB, kMiB);
  count("header_fields", limits.header_fields, 8, 10'000);
  count("streams", limits.streams, 1, 10'000);
  size("request_window", limits.request_window, 16 * kKiB, 64 * kMiB);
  size("buffered", limits.buffered_bytes, 16 * kKiB, 64 * kMiB);
  time("handshake", limits.handshake, 10min);
  time("header_time", limits.header, 10min);
  time("idle", limits.idle, 24h);
  time("write_stall", limits.write_stall, 24h);
  time("body_stall", limits.body_stall, 24h);
  limits.linger = table.duration("linger", limits.linger, 0ms, 1min);
  count("resets_per_second", limits.resets_per_second, 1, 1'000'000);
  count("control_frames_per_second", limits.control_frames_per_second, 1, 1'000'000);
}

}  // namespace http
