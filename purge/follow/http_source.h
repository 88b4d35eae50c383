// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/exchange.h"
#include "purge/follow/acknowledger.h"
#include "purge/follow/log_line.h"
#include "purge/follow/log_source.h"

namespace purge {

/// GET /v1/log?after=N of an API as one long response of JSON lines, and POST /v1/nodes/NAME/ack. With
/// several APIs the next one is asked when one fails; acknowledgements go to the one whose log is read. The
/// digest goes in a header field, which APIs that do not know it pass over. Lives on one loop.
class HttpSource final : public LogSource, private http::ExchangeListener {
 public:
  struct Options {
    std::vector<std::string> api_urls{};  ///< at least one, without '/' at the end
    std::string token{};
    std::string node{};
    std::string log_path{"/v1/log"};
    std::string ack_path{};  ///< empty: /v1/nodes/NODE/ack
    std::shared_ptr<const http::ServerOptions> server{};
    std::chrono::milliseconds silence_limit{15'000};
  };
  HttpSource(base::Executor& home, http::ExchangeMaker& client, Options options, Sink& sink);
  ~HttpSource() override;

  void connect(Sequence after, const std::string& log_id, std::optional<std::uint64_t> digest) override;
  void disconnect() override;
  void resume() override;
  void tell(Sequence applied, const std::string& log_id) override;

 private:
  void on_informational(http::ResponseHead) override {}
  void on_head(http::ResponseHead head) override;
  http::Flow on_data(std::string_view bytes) override;
  void on_trailers(http::Fields) override {}
  void on_end(std::optional<http::ExchangeError> error) override;
  void lost(const std::string& reason);
  base::Status take(std::string_view line);

  base::Executor& home_;
  http::ExchangeMaker& client_;
  const Options options_;
  Sink& sink_;
  std::size_t at_ = 0;  ///< which API
  bool good_ = false;   ///< it has given lines since the connection began
  LineCutter lines_;
  std::unique_ptr<Acknowledger> acknowledger_{};  ///< of that API, from the connection's first line on
  std::unique_ptr<http::Exchange> exchange_{};
};

}  // namespace purge
