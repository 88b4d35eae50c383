// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge/http/message.h"
#include "purge/server/answer.h"

namespace purgeapi {

/// Which of the APIs a caller speaks: where its token stands and what a refusal looks like. There are three,
/// constant for the process's life.
struct Dialect {
  std::string_view name;
  /// The token of a request; nothing if there is none. A view of `fields`.
  std::optional<std::string_view> (*secret)(const http::Fields& fields);
  /// What a request without a known token should have.
  std::string_view secret_allowed;
  /// A refusal's body, JSON.
  std::string (*refusal)(const Refusal& refusal);
  /// What follows each JSON text.
  std::string_view end;
};

/// Selvage's own (/v1/): Authorization: Bearer; {"error":{"code","message"}}.
extern const Dialect kSelvageDialect;
/// Cloudflare's (/client/v4/): Authorization: Bearer, or X-Auth-Key beside X-Auth-Email, or
/// X-Auth-User-Service-Key;
/// {"success":false,"errors":[{"code","message"}],"messages":[],"result":null}.
extern const Dialect kCloudflareDialect;
/// Fastly's (/service/, /purge/, PURGE): Fastly-Key, or Authorization: Bearer; {"msg","detail"}.
extern const Dialect kFastlyDialect;

/// The dialect of a request: by its path and method alone, so that whoever is refused understands why.
const Dialect& dialect_of(const http::RequestHead& head);

}  // namespace purgeapi
