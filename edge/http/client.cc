// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client.h"

#include "edge/base/check.h"
#include "edge/http/client_exchange.h"
#include "edge/http/client_multi.h"

namespace http {

struct Client::Impl {
  Impl(loop::Loop& loop, const ClientLimits& limits) : multi(loop, limits) {}
  Multi multi;
};

Client::Client(loop::Loop& loop, const ClientLimits& limits) : impl_(std::make_unique<Impl>(loop, limits)) {}

Client::~Client() = default;

std::unique_ptr<Exchange> Client::start(ClientRequest request, ExchangeListener& listener) {
  DCHECK(impl_->multi.loop().in_thread());
  auto transfer = std::make_unique<Transfer>(impl_->multi, std::move(request), listener);
  impl_->multi.start(*transfer);
  return std::make_unique<ClientExchange>(std::move(transfer));
}

}  // namespace http
