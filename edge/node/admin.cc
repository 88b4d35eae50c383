// SPDX-License-Identifier: Apache-2.0
#include "edge/node/admin.h"

#include "edge/node/answer.h"
#include "edge/node/inspect.h"
#include "edge/node/node.h"

namespace node {
namespace {

class AdminRequest final : public http::Handler {
 public:
  AdminRequest(Admin& admin, http::RequestHead head, http::ResponseWriter& writer)
      : admin_(admin), head_(std::move(head)), writer_(writer) {}

  void start() override {
    const std::string path = head_.target.substr(0, head_.target.find('?'));
    if (head_.method != "GET" && head_.method != "HEAD") return answer(405, "text/plain", "allowed: GET, HEAD\n");
    if (path == "/healthz") return answer(200, "text/plain", "ok\n");
    if (path == "/readyz") {
      const std::string missing = admin_.node().readiness();
      return missing.empty() ? answer(200, "text/plain", "ready\n") : answer(503, "text/plain", missing + "\n");
    }
    if (path == "/metrics") return answer(200, "text/plain; version=0.0.4; charset=utf-8", admin_.exporter().text());
    if (path == "/inspect") return inspect();
    answer(404, "text/plain", "found \"" + path + "\", allowed: /healthz, /readyz, /metrics, /inspect?url=\n");
  }
  void on_body(std::string_view bytes) override { writer_.consumed(bytes.size()); }
  void on_body_end() override {}
  void on_finished(const http::Delivery&) override {}

 private:
  void inspect() {
    inspection_ = std::make_unique<Inspection>(admin_.node(), [this](int status, std::string json) {
      answer(status, "application/json", std::move(json));
    });
    inspection_->begin(head_);
  }
  void answer(int status, std::string_view type, std::string text) {
    http::ResponseHead head;
    head.status = status;
    head.body_bytes = text.size();
    head.fields.add("content-type", type);
    head.fields.add("cache-control", "no-store");
    writer_.respond(std::move(head), text_body(std::move(text)));
  }

  Admin& admin_;
  http::RequestHead head_;
  http::ResponseWriter& writer_;
  std::unique_ptr<Inspection> inspection_{};
};

}  // namespace

Admin::Admin(Node& node, loop::Loop& loop) : node_(node), server_(loop, http::Limits{}, *this) {
  exporter_.add_source([this](metrics::Samples& samples) { node_.collect(samples); });
}

Admin::~Admin() = default;

base::Status Admin::listen(const std::string& address) {
  if (auto listening = server_.listen({.address = address}); !listening) return listening;
  address_ = address.substr(0, address.rfind(':') + 1) + std::to_string(server_.port(0));
  return {};
}

std::unique_ptr<http::Handler> Admin::make(const http::ConnectionInfo&, http::RequestHead head,
                                           http::ResponseWriter& writer) {
  return std::make_unique<AdminRequest>(*this, std::move(head), writer);
}

}  // namespace node
