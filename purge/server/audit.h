// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/clock.h"
#include "edge/base/log.h"
#include "purge/clock/purge.h"
#include "purge/server/answer.h"
#include "purge/server/asker.h"

namespace purgeapi {

/// The audit log: one JSON object a line for each purge that was accepted, or may have been, and each call
/// that was refused. Written by a thread of its own; lives on the loop.
class Audit {
 public:
  struct Options {
    std::string file{};  ///< "-": standard output; empty: no audit log
    std::size_t queue_lines = 8192;
    bool operator==(const Options&) const = default;
  };
  static base::Result<std::unique_ptr<Audit>> open(const Options& options, const base::Clock& clock);

  /// `purges`: as purge::to_json wrote them, each with its number.
  void accepted(const Asker& asker, std::span<const purge::Sequence> sequences,
                std::span<const std::string> purges);
  /// The log gave no answer in time: they may be in it or not.
  void unknown(const Asker& asker, std::span<const std::string> purges);
  void refused(const Asker& asker, std::string_view method, std::string_view target, const Refusal& refusal);

  /// After the file was moved away (SIGHUP).
  base::Status reopen() { return lines_->reopen(); }
  std::uint64_t dropped() const { return lines_->dropped(); }

 private:
  Audit(std::unique_ptr<logs::LineFile> lines, const base::Clock& clock)
      : lines_(std::move(lines)), clock_(clock) {}

  std::unique_ptr<logs::LineFile> lines_;
  const base::Clock& clock_;
};

/// "2026-11-30T03:25:01.123Z"
std::string utc_text(base::Wall time);

}  // namespace purgeapi
