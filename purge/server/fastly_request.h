// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "purge/server/api_request.h"

namespace purgeapi {

/// What the operations of Fastly's API share: the service's site, the token's right to it, the limits. The
/// subclass says what to purge and how a success looks.
class FastlyRequest : public ApiRequest {
 public:
  explicit FastlyRequest(Call call, std::size_t body_bytes_max = 0)
      : ApiRequest(std::move(call), body_bytes_max, true) {}

 protected:
  /// Checks the right to `service` and its rate, then writes the purge to the log; or refuses. `name`: the
  /// service as the client named it.
  void submit(const FastlyService* service, purge::Purge purge);
  virtual void on_accepted(Sequence sequence) = 0;
  /// A purge of `kind` as the header fields want it.
  purge::Purge purge_of(purge::Kind kind, std::vector<std::string> names) const;
  const FastlyService* service() { return api().compat().service(call().names[0]); }
  void refuse_invalid(std::string text);
  /// "INDEX-SECONDS-NUMBER": the last part is the number in the log.
  std::string id(Sequence sequence, std::size_t index = 0) const;
  void respond_ok(Sequence sequence);
  /// 200 with the fields of the rate.
  void respond_with(std::string json);

 private:
  http::Fields over_limit(const FastlyService& service, const purge::Purge& purge,
                          std::optional<Refusal>& refusal);

  void take(base::Result<std::vector<Sequence>> sequences);

  http::Fields fields_{};
  base::Anchor anchor_{};
};

/// POST /service/{id}/purge/{key}: everything after "/purge/" is the key, percent-encoded or not.
class FastlyKeyRequest final : public FastlyRequest {
 public:
  explicit FastlyKeyRequest(Call call) : FastlyRequest(std::move(call)) {}

 private:
  void answer() override;
  void on_accepted(Sequence sequence) override { respond_ok(sequence); }
};

/// POST /service/{id}/purge with keys in the field Surrogate-Key or in the body's "surrogate_keys".
class FastlyKeysRequest final : public FastlyRequest {
 public:
  explicit FastlyKeysRequest(Call call);

 private:
  void answer() override;
  void on_accepted(Sequence sequence) override;
  /// Fills keys_; what is wrong otherwise.
  std::optional<std::string> read_keys();

  std::vector<std::string> keys_{};
};

/// POST /service/{id}/purge_all.
class FastlyAllRequest final : public FastlyRequest {
 public:
  explicit FastlyAllRequest(Call call) : FastlyRequest(std::move(call)) {}

 private:
  void answer() override;
  void on_accepted(Sequence sequence) override;
};

/// POST /purge/{url}, the URL with or without a scheme, and PURGE of a URL: its host says which service.
class FastlyUrlRequest final : public FastlyRequest {
 public:
  explicit FastlyUrlRequest(Call call) : FastlyRequest(std::move(call)) {}

 private:
  void answer() override;
  void on_accepted(Sequence sequence) override { respond_ok(sequence); }
};

}  // namespace purgeapi
