// SPDX-License-Identifier: Apache-2.0
#include "purge/server/admin.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "purge/server/answer.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

class AdminRequest final : public http::Handler {
 public:
  AdminRequest(int status, std::string type, std::string text, http::ResponseWriter& writer)
      : status_(status), type_(std::move(type)), text_(std::move(text)), writer_(writer) {}
  void start() override { respond(writer_, status_, type_, std::move(text_), {}); }
  void on_body(std::string_view bytes) override { writer_.consumed(bytes.size()); }
  void on_body_end() override {}
  void on_finished(const http::Delivery&) override {}

 private:
  int status_;
  std::string type_;
  std::string text_;
  http::ResponseWriter& writer_;
};

double number(std::uint64_t value) { return static_cast<double>(value); }

}  // namespace

Admin::Admin(loop::Loop& loop, Api& api, const http::Server& front)
    : api_(api), front_(front), server_(loop, http::Limits{}, *this) {
  exporter_.add_source([this](metrics::Samples& samples) {
    sample(samples);
    sample_nodes(samples);
  });
}

base::Status Admin::listen(const std::string& address) {
  if (auto listening = server_.listen({.address = address}); !listening) return listening;
  address_ = address.substr(0, address.rfind(':') + 1) + std::to_string(server_.port(0));
  return {};
}

std::unique_ptr<http::Handler> Admin::make(const http::ConnectionInfo&, http::RequestHead head,
                                           http::ResponseWriter& writer) {
  const auto answer = [&writer](int status, std::string text,
                                std::string type = "text/plain; charset=utf-8") {
    return std::make_unique<AdminRequest>(status, std::move(type), std::move(text), writer);
  };
  const std::string path = head.target.substr(0, head.target.find('?'));
  if (head.method != "GET" && head.method != "HEAD") return answer(405, "allowed: GET, HEAD\n");
  if (path == "/healthz") return answer(200, "ok\n");
  if (path == "/readyz") {
    if (api_.draining()) return answer(503, "draining\n");
    const Standing* standing = api_.standing();
    const auto refusal = standing != nullptr ? standing->purge_refusal() : std::nullopt;
    if (refusal) return answer(503, refusal->text + "\n");
    const auto lost = api_.out_of_touch();
    return lost ? answer(503, lost->text + "\n") : answer(200, "ready\n");
  }
  if (path == "/metrics") return answer(200, exporter_.text(), "text/plain; version=0.0.4; charset=utf-8");
  return answer(404, "found \"" + path + "\", allowed: /healthz, /readyz, /metrics\n");
}

void Admin::sample(metrics::Samples& samples) const {
  const PurgeLog::Bounds bounds = api_.journal().bounds();
  samples.gauge("selvage_purge_log_head", "Number of the newest purge.", number(bounds.head));
  samples.gauge("selvage_purge_log_oldest", "Number of the oldest purge that is held.",
                number(bounds.oldest));
  if (const Standing* standing = api_.standing()) {
    const Leadership own = standing->leadership();
    samples.gauge("selvage_purge_leads",
                  "1 if this process takes purges, 0 of a standby or a superseded log.",
                  own.role == LogRole::Primary ? 1 : 0);
    samples.gauge("selvage_purge_term", "Term of the log.", number(own.term));
    samples.gauge("selvage_purge_standby", "1 if a standby follows this primary.",
                  standing->has_standby() ? 1 : 0);
  }
  samples.gauge("selvage_purge_followers", "Logs that nodes read now.", number(api_.streams()));
  for (const auto& [answered, count] : api_.answered()) {
    samples.counter("selvage_purge_requests_total",
                    "Requests answered, by API and status (0: left before an answer).", number(count),
                    {{"api", std::string(answered.first)}, {"status", std::to_string(answered.second)}});
  }
  if (api_.audit() != nullptr) {
    samples.counter("selvage_audit_lines_dropped_total", "Lines of the audit log that were lost.",
                    number(api_.audit()->dropped()));
  }
  const http::ServerCounters front = front_.counters();
  samples.counter("selvage_connections_accepted_total", "Connections accepted.", number(front.accepted));
  samples.gauge("selvage_connections_open", "Connections open now.", number(front.open));
  samples.counter("selvage_connections_refused_total", "Connections closed for want of room.",
                  number(front.refused));
  samples.counter("selvage_tls_failed_total", "TLS handshakes that failed.", number(front.tls_failed));
  samples.counter("selvage_protocol_errors_total", "Connections or streams ended for a protocol error.",
                  number(front.protocol_errors));
}

void Admin::sample_nodes(metrics::Samples& samples) const {
  const Nodes& nodes = api_.nodes();
  const Sequence head = api_.journal().bounds().head;
  samples.gauge("selvage_purge_nodes_live", "Nodes that follow the log and were heard lately.",
                number(nodes.live_count()));
  for (const auto& [name, node] : nodes.all()) {
    samples.gauge("selvage_purge_lag_entries", "Purges that a node has not acknowledged.",
                  number(head - std::min(head, node.applied)), {{"node", name}});
    samples.gauge("selvage_purge_lag_seconds", "Age of the oldest purge that a node has not acknowledged.",
                  std::chrono::duration<double>(nodes.lag(node, head)).count(), {{"node", name}});
    samples.gauge("selvage_purge_node_live", "1 if the node is live.", nodes.live(node) ? 1 : 0,
                  {{"node", name}});
  }
  const PropagationTimes& times = nodes.times();
  std::vector<std::uint64_t> cumulative(times.counts.size());
  std::partial_sum(times.counts.begin(), times.counts.end(), cumulative.begin());
  samples.histogram(
      "selvage_purge_propagation_seconds", "From a purge's acceptance to a node's acknowledgement.",
      {PropagationTimes::kBounds.begin(), PropagationTimes::kBounds.end()}, cumulative, times.sum);
}

}  // namespace purgeapi
