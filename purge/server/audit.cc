// SPDX-License-Identifier: Apache-2.0
#include "purge/server/audit.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

namespace purgeapi {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kTargetBytesMax = 512;  // also of who has no token

ordered_json line_of(base::Wall time, const char* outcome, const Asker& asker) {
  ordered_json line = {{"time", utc_text(time)}, {"outcome", outcome}};
  if (!asker.by.empty()) line["by"] = asker.by;
  line["from"] = asker.from;
  line["api"] = asker.api;
  return line;
}

std::string dump(const ordered_json& line) {
  return line.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string utc_text(base::Wall time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + n, text.size() - n, ".%03dZ", static_cast<int>(ms % 1000));
  return text.data();
}

base::Result<std::unique_ptr<Audit>> Audit::open(const Options& options, const base::Clock& clock) {
  auto lines = logs::open_lines(options.file, options.queue_lines);
  if (!lines) return std::unexpected(lines.error());
  return std::unique_ptr<Audit>(new Audit(std::move(*lines), clock));
}

void Audit::accepted(const Asker& asker, std::span<const purge::Sequence> sequences,
                     std::span<const std::string> purges) {
  ordered_json line = line_of(clock_.wall(), "accepted", asker);
  line["sequences"] = sequences;
  line["purges"] = ordered_json::array();
  for (const std::string& purge : purges)
    line["purges"].push_back(ordered_json::parse(purge, nullptr, false));
  lines_->append(dump(line));
}

void Audit::unknown(const Asker& asker, std::span<const std::string> purges) {
  ordered_json line = line_of(clock_.wall(), "unknown", asker);
  line["purges"] = ordered_json::array();
  for (const std::string& purge : purges)
    line["purges"].push_back(ordered_json::parse(purge, nullptr, false));
  lines_->append(dump(line));
}

void Audit::refused(const Asker& asker, std::string_view method, std::string_view target,
                    const Refusal& refusal) {
  ordered_json line = line_of(clock_.wall(), "refused", asker);
  line["status"] = refusal.status;
  line["method"] = method;
  line["target"] = target.substr(0, kTargetBytesMax);
  line["reason"] = refusal.text;
  lines_->append(dump(line));
}

}  // namespace purgeapi
