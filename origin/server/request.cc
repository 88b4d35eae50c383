// SPDX-License-Identifier: Apache-2.0
#include "origin/server/request.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/http/date.h"
#include "edge/http/text_source.h"
#include "origin/server/download.h"
#include "origin/server/removal.h"
#include "origin/server/upload.h"

namespace origin {
namespace {

constexpr const char* kMethods = "GET, HEAD, PUT, DELETE, OPTIONS";

/// OPTIONS, and methods that the origin does not have.
class OtherMethod final : public Request {
 public:
  using Request::Request;
  void start() override {
    http::Fields fields;
    fields.add("allow", kMethods);
    if (head_.method == "OPTIONS") {
      Request::respond(204, std::move(fields), std::nullopt, nullptr);
    } else {
      Request::respond(Refusal{405, std::string("this method is not served; allowed are ") + kMethods},
                       std::move(fields));
    }
  }
};

double milliseconds_between(base::Steady from, base::Steady to) {
  return from.time_since_epoch().count() == 0 || to < from
             ? 0.0
             : std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

Request::Request(Context& context, const http::ConnectionInfo& connection, http::RequestHead head,
                 http::ResponseWriter& writer)
    : context_(context),
      site_(context.site),
      head_(std::move(head)),
      writer_(writer),
      client_(connection.client_address),
      begun_(context.home.clock().steady()),
      begun_wall_(context.home.clock().wall()) {}

void Request::respond(int status, http::Fields fields, std::optional<std::uint64_t> body_bytes,
                      std::unique_ptr<http::BodySource> body) {
  if (!fields.has("date")) fields.add("date", http::format_date(context_.home.clock().wall()));
  writer_.respond({status, std::move(fields), body_bytes}, std::move(body));
}

void Request::respond(const Refusal& refusal, http::Fields fields) {
  const std::string text = refusal.text + "\n";
  fields.add("content-type", "text/plain; charset=utf-8");
  fields.add("cache-control", "no-store");
  const std::size_t size = text.size();
  std::unique_ptr<http::BodySource> body;
  if (head_.method != "HEAD") body = std::make_unique<http::TextSource>(text);
  respond(refusal.status, std::move(fields), size, std::move(body));
}

void Request::on_finished(const http::Delivery& delivery) {
  Counters& counters = context_.counters;
  const int status_class = delivery.status / 100;
  counters.by_class[status_class >= 1 && status_class <= 5 ? status_class : 0].fetch_add(
      1, std::memory_order_relaxed);
  if (!delivery.complete) counters.cut.fetch_add(1, std::memory_order_relaxed);
  counters.body_bytes.fetch_add(delivery.body_bytes, std::memory_order_relaxed);
  if (context_.access_log != nullptr) context_.access_log->append(log_line(delivery));
}

std::string Request::log_line(const http::Delivery& delivery) const {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(begun_wall_.time_since_epoch());
  const nlohmann::ordered_json line{
      {"time_ms", since_epoch.count()},
      {"client", client_},
      {"version", http::name_of(head_.version)},
      {"method", head_.method},
      {"host", head_.authority},
      {"path", head_.target},
      {"status", delivery.status},
      {"bytes", delivery.body_bytes},
      {"complete", delivery.complete},
      {"first_byte_ms", milliseconds_between(begun_, delivery.first_byte)},
      {"total_ms", milliseconds_between(begun_, delivery.end)},
  };
  // Names are bytes, not always UTF-8: what is not is replaced.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::unique_ptr<http::Handler> RequestMaker::make(const http::ConnectionInfo& connection,
                                                  http::RequestHead head, http::ResponseWriter& writer) {
  const std::string& method = head.method;
  if (method == "GET" || method == "HEAD")
    return std::make_unique<Download>(context_, connection, std::move(head), writer);
  if (method == "PUT") return std::make_unique<Upload>(context_, connection, std::move(head), writer);
  if (method == "DELETE") return std::make_unique<Removal>(context_, connection, std::move(head), writer);
  return std::make_unique<OtherMethod>(context_, connection, std::move(head), writer);
}

}  // namespace origin
