// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "edge/http/handler.h"
#include "edge/node/api_post.h"
#include "edge/node/context.h"
#include "edge/node/purge_clock.h"
#include "edge/node/purge_gate.h"

namespace node {

/// A client's PURGE, BAN or PURGEKEYS: checked, and sent on to the purge API, so that it holds everywhere;
/// the answer comes once the log has it and, as the site wishes, once it is applied. Owned by its stream; its
/// end cancels the waiting, not what the API has taken.
class PurgeMethod final : public http::Handler {
 public:
  PurgeMethod(Context& context, const http::ConnectionInfo& connection, http::RequestHead head,
              http::ResponseWriter& writer);

  void start() override;
  void on_body(std::string_view bytes) override { writer_.consumed(bytes.size()); }
  void on_body_end() override {}
  void on_finished(const http::Delivery& delivery) override;

 private:
  struct Refusal {
    int status = 0;
    const char* code = "";
    std::string text{};
  };
  std::optional<Refusal> check();
  std::optional<Refusal> check_access() const;
  void forward(const purge::Purge& purge);
  void on_answer(ApiAnswer answer);
  void on_accepted(const ApiAnswer& answer);
  void on_logged(std::optional<purge::Sequence> sequence, std::optional<bool> applied);
  void refuse(const Refusal& refusal, std::string_view retry_after = {});
  void respond(int status, std::string json, http::Fields fields = {});

  Context& context_;
  const http::ConnectionInfo& connection_;
  const http::RequestHead head_;
  http::ResponseWriter& writer_;
  const std::shared_ptr<const Config> config_;
  const Site* site_ = nullptr;
  const base::Steady begun_;
  std::optional<PurgeGate::Place> place_{};
  std::unique_ptr<ApiPost> post_{};
  std::unique_ptr<ClockWait> wait_{};
};

}  // namespace node
