// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "purge/server/api_request.h"
#include "purge/server/questions.h"

namespace purgeapi {

/// GET /v1/verify?site=&url=[&header.NAME=VALUE…]: asks all live nodes which copies of a URL they hold, and
/// whether one of those is older than the last purge of it and would be served all the same. 200 when all
/// have answered, or the time for that is over.
class VerifyRequest final : public ApiRequest, private Questions::Listener {
 public:
  explicit VerifyRequest(Call call);
  ~VerifyRequest() override;

 private:
  class Waiting;

  void answer() override;
  std::optional<Refusal> understand();
  void on_answer(const std::string& node, std::string json) override;
  void look(bool last);
  std::string report() const;

  std::string site_{};
  std::string url_{};
  std::map<std::string, std::string> headers_{};
  std::string id_{};
  Sequence at_ = 0;                               ///< the log's head when it was asked
  std::set<std::string> asked_{};                 ///< the nodes that were live then
  std::map<std::string, std::string> answers_{};  ///< JSON by node
  base::Steady end_{};
  base::Timer timer_;
  std::unique_ptr<Waiting> waiting_{};
};

/// POST /v1/nodes/NAME/verify: a node's answer.
class VerifyAnswer final : public ApiRequest {
 public:
  explicit VerifyAnswer(Call call);

 private:
  void answer() override;
};

}  // namespace purgeapi
