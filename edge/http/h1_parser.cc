// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "edge/http/syntax.h"

namespace http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

/// Beast's parser, without its message container: it hands over what it finds.
class RequestParser final : public beast::http::basic_parser<true> {
 public:
  explicit RequestParser(std::move_only_function<void(std::string_view)>& on_body) : on_body_(on_body) {
    body_limit(boost::none);
    header_limit(std::numeric_limits<std::uint32_t>::max());
  }

  RawHead head{};
  std::size_t allowance = 0;

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       ErrorCode&) override {
    head.version = version == 10 ? Version::Http10 : Version::Http11;
    head.method = view_of(method);
    head.target = view_of(target);
  }
  void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorCode&) override {
    // Trailers are dropped: nothing here may depend on them (RFC 9110 6.5.1).
    if (!is_header_done()) head.fields.add(view_of(name), view_of(value));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view bytes, ErrorCode&) override { return give(bytes); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view extensions, ErrorCode& error) override {
    // Beast looks for CR LF only: a bare LF within an extension would be the end of the line to others.
    if (!is_field_value(view_of(extensions))) error = beast::http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, ErrorCode&) override {
    return give(bytes);
  }
  void on_finish_impl(ErrorCode&) override {}

  std::size_t give(beast::string_view bytes) {
    const std::size_t n = std::min(bytes.size(), allowance);
    allowance -= n;
    if (n > 0) on_body_(view_of(bytes.substr(0, n)));
    return n;
  }

  std::move_only_function<void(std::string_view)>& on_body_;
};

Refusal refusal_of(const ErrorCode& error) {
  if (error == beast::http::error::bad_version)
    return {505, "bad HTTP version: allowed are HTTP/1.1 and HTTP/1.0"};
  return {400, "bad request head: " + error.message()};
}

}  // namespace

struct H1Parser::Impl {
  std::move_only_function<void(std::string_view)> on_body;
  std::optional<RequestParser> parser{};
};

H1Parser::H1Parser(std::move_only_function<void(std::string_view)> on_body)
    : impl_(std::make_unique<Impl>(std::move(on_body))) {}

H1Parser::~H1Parser() = default;

std::expected<RawHead, Refusal> H1Parser::parse_head(std::string_view head) {
  RequestParser& parser = impl_->parser.emplace(impl_->on_body);
  ErrorCode error;
  const std::size_t taken = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error) return std::unexpected(refusal_of(error));
  if (taken != head.size()) return std::unexpected(Refusal{400, "bad request head"});
  return std::move(parser.head);
}

H1Parser::BodyStep H1Parser::parse_body(std::string_view bytes, std::size_t allowance) {
  RequestParser& parser = *impl_->parser;
  parser.allowance = allowance;
  BodyStep step;
  while (!bytes.empty() && !step.done) {
    ErrorCode error;
    const std::size_t n = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    step.taken += n;
    bytes.remove_prefix(n);
    step.done = parser.is_done();
    if (error == beast::http::error::need_more) return step;
    step.bad = static_cast<bool>(error);
    if (step.bad || n == 0) return step;
  }
  return step;
}

}  // namespace http
