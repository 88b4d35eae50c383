// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "purge/server/api_request.h"

namespace purgeapi {

/// POST /v1/purges[?wait=5s], one purge or a batch: 202 with the number; with `wait` 200 once all known nodes
/// have applied it, or 202 when those that are live have and the others are not expected, or the time is
/// over; and who has.
class PurgeRequest final : public ApiRequest {
 public:
  explicit PurgeRequest(Call call);
  ~PurgeRequest() override;

 private:
  class Waiting;

  void answer() override;
  std::optional<Refusal> understand_query();
  base::Result<std::string> understand_key() const;
  void on_accepted(base::Result<std::vector<Sequence>> sequences);
  void look(bool now);

  std::chrono::milliseconds wait_{0};
  bool batch_ = false;
  std::vector<Sequence> sequences_{};
  base::Steady wait_end_{};
  base::Timer timer_;
  std::unique_ptr<Waiting> waiting_{};
  base::Anchor anchor_{};
};

/// GET /v1/purges/N: the purge, when it was accepted, who has applied it and who has not.
class PurgeView final : public ApiRequest {
 public:
  explicit PurgeView(Call call) : ApiRequest(std::move(call)) {}

 private:
  void answer() override;
  void show(Sequence sequence, base::Result<std::vector<JournalEntry>> entries);
  base::Anchor anchor_{};
};

/// GET /v1/nodes: the log's head and every node's place.
class NodesView final : public ApiRequest {
 public:
  explicit NodesView(Call call) : ApiRequest(std::move(call)) {}

 private:
  void answer() override;
};

/// DELETE /v1/nodes/NAME: 200 once a node that is gone for good is no longer waited for.
class RetireRequest final : public ApiRequest {
 public:
  explicit RetireRequest(Call call) : ApiRequest(std::move(call)) {}

 private:
  void answer() override;
};

/// POST /v1/nodes/NAME/ack {"applied":N,"log_id":ID}: 200.
class AckRequest final : public ApiRequest {
 public:
  explicit AckRequest(Call call);

 private:
  void answer() override;
};

}  // namespace purgeapi
