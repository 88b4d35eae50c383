// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "purge/server/api_request.h"

namespace purgeapi {

/// POST /v1/standby/meet {"log_id","role","term"}: who leads here, in the same form.
class MeetRequest final : public ApiRequest {
 public:
  explicit MeetRequest(Call call);

 private:
  void answer() override;
};

/// POST /v1/standby/ack {"applied":N,"log_id":ID}: a standby has all up to N on disk.
class StandbyAckRequest final : public ApiRequest {
 public:
  explicit StandbyAckRequest(Call call);

 private:
  void answer() override;
};

/// GET /v1/standby: {"log_id","role","term","head"} and, of a primary, how far its standby is.
class StandbyView final : public ApiRequest {
 public:
  explicit StandbyView(Call call) : ApiRequest(std::move(call)) {}

 private:
  void answer() override;
};

/// POST /v1/promote: a standby leads from now on; 200 with its term.
class PromoteRequest final : public ApiRequest {
 public:
  explicit PromoteRequest(Call call) : ApiRequest(std::move(call)) {}

 private:
  void answer() override;
  base::Anchor anchor_{};
};

}  // namespace purgeapi
