// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Sizes and times as people write them in settings and on command lines. Pure functions, any thread.
namespace base {

/// "1048576", "64KiB", "1.5GiB", "10MB"; units B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB
/// (powers of 1024). Nothing if `text` is not such a size or does not fit.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// "250ms", "5s", "1.5m", "1h", "7d", and "0". Nothing if `text` is not such a time or does not fit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest form that parse_bytes reads back: "64MiB", "1500B".
std::string format_bytes(std::uint64_t bytes);
/// The shortest form that parse_duration reads back: "90s", "250ms".
std::string format_duration(std::chrono::milliseconds time);

}  // namespace base
