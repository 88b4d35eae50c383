// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/base/error.h"
#include "edge/http/client.h"
#include "edge/loop/loop.h"
#include "purge/ctl/workers.h"

namespace ctl {

/// A whole answer.
struct Reply {
  int status = 0;
  http::Fields fields{};
  std::string body{};
};

/// What every call needs.
struct Access {
  std::string token{};  ///< sent as a bearer token if not empty
  std::string ca_file{};
  bool insecure = false;
  std::chrono::milliseconds patience{60'000};
};

/// Makes calls over one loop on the calling thread. `ask` waits for one answer; `begin` runs many side by
/// side under run(). Bodies of answers are kept up to 16 MiB.
class Caller {
 public:
  explicit Caller(Access access);
  ~Caller();

  /// One call, waited for.
  base::Result<Reply> ask(http::ClientRequest request);
  /// Starts a call; `done` comes from within run(). It may begin further calls.
  void begin(http::ClientRequest request, std::move_only_function<void(base::Result<Reply>)> done);
  /// Runs `work` on one of `workers`, then `done` within run().
  void aside(Workers& workers, Workers::Job work, Workers::Job done);
  /// Until no call and nothing aside is under way.
  void run();

 private:
  class Call;
  void over(Call* call);
  void stop_if_idle();
  Access access_;
  std::shared_ptr<const http::ServerOptions> server_;
  loop::Loop loop_{};
  http::Client client_;
  std::vector<std::unique_ptr<Call>> calls_{};
  std::size_t aside_ = 0;
};

}  // namespace ctl
