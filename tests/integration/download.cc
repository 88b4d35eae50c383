// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/download.h"

#include <utility>

namespace harness {

Download::Download(Client::Options options, Request request) {
  request.on_bytes = [this](std::string_view bytes) { received_ += bytes.size(); };
  request.own_connection = true;
  transfer_ = std::async(std::launch::async, [options = std::move(options), request = std::move(request)] {
    return Client(options).perform(request);
  });
}

bool Download::done() const {
  return transfer_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace harness
