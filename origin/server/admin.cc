// SPDX-License-Identifier: Apache-2.0
#include "origin/server/admin.h"

#include <string>
#include <utility>

#include "edge/http/text_source.h"

namespace origin {
namespace {

struct Answer {
  int status = 200;
  std::string type{"text/plain; charset=utf-8"};
  std::string text{};
};

class AdminRequest final : public http::Handler {
 public:
  AdminRequest(Answer answer, bool head_only, http::ResponseWriter& writer)
      : answer_(std::move(answer)), head_only_(head_only), writer_(writer) {}
  void start() override {
    http::ResponseHead head{answer_.status, {}, answer_.text.size()};
    head.fields.add("content-type", answer_.type);
    head.fields.add("cache-control", "no-store");
    writer_.respond(std::move(head), head_only_ ? nullptr : std::make_unique<http::TextSource>(answer_.text));
  }
  void on_body(std::string_view bytes) override { writer_.consumed(bytes.size()); }
  void on_body_end() override {}
  void on_finished(const http::Delivery&) override {}

 private:
  Answer answer_;
  const bool head_only_;
  http::ResponseWriter& writer_;
};

}  // namespace

std::unique_ptr<http::Handler> AdminMaker::make(const http::ConnectionInfo&, http::RequestHead head,
                                                http::ResponseWriter& writer) {
  const std::string path = head.target.substr(0, head.target.find('?'));
  Answer answer;
  if (head.method != "GET" && head.method != "HEAD") {
    answer = {405, answer.type, "allowed are GET and HEAD\n"};
  } else if (path == "/healthz") {
    answer.text = "ok\n";
  } else if (path == "/readyz") {
    answer =
        ready_() ? Answer{200, answer.type, "ready\n"} : Answer{503, answer.type, "not ready: going down\n"};
  } else if (path == "/metrics") {
    answer = {200, "text/plain; version=0.0.4; charset=utf-8", exporter_.text()};
  } else {
    answer = {404, answer.type, "there are /healthz, /readyz and /metrics\n"};
  }
  return std::make_unique<AdminRequest>(std::move(answer), head.method == "HEAD", writer);
}

}  // namespace origin
