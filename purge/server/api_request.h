// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/http/handler.h"
#include "purge/server/answer.h"
#include "purge/server/api.h"
#include "purge/server/dialect.h"

namespace purgeapi {

/// What the router knows of a request.
struct Call {
  Api& api;
  http::RequestHead head;
  http::ResponseWriter& writer;
  const Dialect* dialect = &kSelvageDialect;
  std::string from{};                ///< the client's address
  Token caller{};                    ///< a copy: tokens may be replaced meanwhile
  std::vector<std::string> names{};  ///< the variable parts of the path: a number, a node, a zone
  const std::string& name() const { return names.front(); }
};

/// One request of the API: gathers its body within a limit, then the subclass answers, once.
class ApiRequest : public http::Handler {
 public:
  /// `any_type`: whatever Content-Type says, since clients of other APIs leave it out or have another.
  explicit ApiRequest(Call call, std::size_t body_bytes_max = 0, bool any_type = false)
      : call_(std::move(call)), body_bytes_max_(body_bytes_max), any_type_(any_type) {}

  void start() final;
  void on_body(std::string_view bytes) final;
  void on_body_end() final;
  void on_finished(const http::Delivery& delivery) override {
    call_.api.count({call_.dialect->name, delivery.status});
  }

 protected:
  /// The request is in as a whole.
  virtual void answer() = 0;

  Api& api() { return call_.api; }
  const Call& call() const { return call_; }
  http::ResponseWriter& writer() { return call_.writer; }
  const std::string& body() const { return body_; }
  bool answered() const { return answered_; }
  /// Why no purge is taken now, whatever it is; nothing if one is.
  std::optional<Refusal> closed();
  /// Writes the purges to the log for this caller; `request_key` as PurgeLog::Append has it.
  void accept(const std::vector<purge::Purge>& purges, Api::Accepted done, std::string request_key = {});
  /// Each of these once.
  void respond(int status, std::string json, http::Fields fields = {});
  void refuse(const Refusal& refusal);
  /// The subclass has called ResponseWriter::respond itself.
  void mark_answered() { answered_ = true; }

 private:
  Asker asker() const;
  void audit(const Refusal& refusal);

  Call call_;
  const std::size_t body_bytes_max_;
  const bool any_type_;
  std::string body_{};
  bool answered_ = false;
};

/// Answers with a refusal.
class RefusedRequest final : public ApiRequest {
 public:
  RefusedRequest(Call call, Refusal refusal) : ApiRequest(std::move(call)), refusal_(std::move(refusal)) {}

 private:
  void answer() override { refuse(refusal_); }
  Refusal refusal_;
};

}  // namespace purgeapi
