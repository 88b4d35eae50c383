// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "edge/base/executor.h"
#include "edge/base/random.h"
#include "edge/http/exchange.h"
#include "purge/follow/log_source.h"
#include "purge/server/journal.h"

namespace purgeapi {

/// A standby's side of its primary's log: takes each entry (GET /v1/standby/log), keeps it under the same
/// number, and says so once it is durable (POST /v1/standby/ack); takes over what the primary remembers of
/// nodes. Should the primary have given numbers again, it begins anew. Lives on the loop.
class StandbyFollower final : public purge::LogSource::Sink {
 public:
  struct Options {
    std::string url{};
    std::string token{};
    std::shared_ptr<const http::ServerOptions> server{};
    std::chrono::milliseconds silence{15'000};
  };
  /// What the primary knows of a node; forgotten with null.
  using Noted = std::function<void(const std::string& name, const KnownNode* node)>;

  StandbyFollower(base::Executor& home, http::ExchangeMaker& client, Journal& journal, Options options,
                  Noted noted);
  ~StandbyFollower() override;
  void start();
  bool connected() const { return begun_; }

 private:
  base::Status on_line(std::string_view line) override;
  void on_word() override;
  void on_lost(const std::string& reason) override;
  bool full() override;
  void connect();
  base::Status begin(std::string_view line);
  base::Status take(std::string_view line);
  void tell();
  void kept(std::uint64_t connection, Sequence sequence, std::uint64_t digest, const base::Status& status);

  base::Executor& home_;
  Journal& journal_;
  const Options options_;
  Noted noted_;
  std::string log_id_;
  Sequence taken_;                         ///< newest entry given to the journal
  Sequence kept_;                          ///< and durable
  std::optional<std::uint64_t> digest_{};  ///< of that one, if it is known
  std::size_t unkept_ = 0;
  bool begun_ = false;
  bool open_ = false;
  bool held_back_ = false;
  bool adopting_ = false;  ///< the journal is becoming another log
  std::uint64_t connections_ = 0;
  unsigned failures_ = 0;
  base::Random random_;
  base::Timer timer_;
  std::unique_ptr<purge::LogSource> source_;
  base::Anchor anchor_{};
};

}  // namespace purgeapi
