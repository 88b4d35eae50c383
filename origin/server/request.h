// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "edge/base/executor.h"
#include "edge/base/log.h"
#include "edge/http/handler.h"
#include "origin/server/file_pool.h"
#include "origin/server/root.h"
#include "origin/server/site.h"

namespace origin {

/// Counted by all loops, read by the metrics. Few enough events for shared atomics: each request touches a
/// disk.
struct Counters {
  std::atomic<std::uint64_t>
      by_class[6]{};                  ///< responses by the first digit of their status; [0]: none was sent
  std::atomic<std::uint64_t> cut{0};  ///< responses that did not reach their end
  std::atomic<std::uint64_t> body_bytes{0};
  std::atomic<std::uint64_t> uploads{0};
  std::atomic<std::uint64_t> upload_bytes{0};
  std::atomic<std::uint64_t> removals{0};
};

/// What the requests of one loop work with. Owned by the loop's RequestMaker; `site` is replaced at a reload,
/// requests that run keep theirs.
struct Context {
  base::Executor& home;
  FilePools& files;
  const Root& root;
  Counters& counters;
  logs::LineFile* access_log;  ///< null: none
  std::shared_ptr<const Site> site;
};

/// What all requests to the origin share: the site they are judged by, refusals as small texts, the line in
/// the access log. As it is, it takes no request body: what comes is dropped.
class Request : public http::Handler {
 public:
  Request(Context& context, const http::ConnectionInfo& connection, http::RequestHead head,
          http::ResponseWriter& writer);
  void on_body(std::string_view bytes) override { writer_.consumed(bytes.size()); }
  void on_body_end() override {}
  void on_finished(const http::Delivery& delivery) override;

 protected:
  void respond(int status, http::Fields fields, std::optional<std::uint64_t> body_bytes,
               std::unique_ptr<http::BodySource> body);
  /// Sends the refusal as text/plain. `fields`: what the response has beside it.
  void respond(const Refusal& refusal, http::Fields fields = {});
  std::string log_line(const http::Delivery& delivery) const;

  Context& context_;
  std::shared_ptr<const Site> site_;
  const http::RequestHead head_;
  http::ResponseWriter& writer_;

 private:
  const std::string client_;
  const base::Steady begun_;
  const base::Wall begun_wall_;
};

/// Makes the request that a method calls for. One for each loop.
class RequestMaker final : public http::HandlerMaker {
 public:
  explicit RequestMaker(Context context) : context_(std::move(context)) {}
  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;
  void set_site(std::shared_ptr<const Site> site) { context_.site = std::move(site); }

 private:
  Context context_;
};

}  // namespace origin
