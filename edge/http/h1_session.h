// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "edge/http/h1_exchange.h"
#include "edge/http/h1_head_scan.h"
#include "edge/http/h1_parser.h"
#include "edge/http/session.h"

namespace http {

/// HTTP/1.1 and 1.0 on one connection (RFC 9112): one request at a time; pipelined ones wait as unread bytes,
/// so responses come in order and a client that sends ahead is held back.
class H1Session final : public Session {
 public:
  explicit H1Session(SessionHost& host);
  ~H1Session() override;

  void receive(std::string_view bytes) override;
  void input_ended() override;
  bool wants_input() const override;
  void produce(Output& output) override;
  bool finished() const override { return closing_ && last_words_.empty(); }
  bool ends_too_soon() const override;
  void drain() override;
  base::Steady deadline() const override;
  void on_time(base::Steady time) override;

 private:
  /// Deals with `bytes` as far as possible; answers how many are done with.
  std::size_t parse(std::string_view bytes);
  std::size_t parse_head(std::string_view bytes);
  std::size_t parse_body(std::string_view bytes);
  void parse_input();
  void begin(CheckedHead checked);
  void end_exchange(bool complete);
  bool rest_is_small() const;
  void finish_exchange(bool complete);
  /// Answers `refusal` if no response has begun, and closes.
  void refuse(const Refusal& refusal, bool without_body);
  void close();
  std::size_t allowance() const;
  base::Steady now() const { return host_.clock().steady(); }

  SessionHost& host_;
  std::string input_{};       ///< bytes that wait: an unfinished head or chunk, or pipelined requests
  std::string last_words_{};  ///< a refusal, then the connection closes
  H1HeadScan scan_{};
  H1Parser parser_;
  std::unique_ptr<H1Exchange> exchange_{};
  bool body_left_ = false;     ///< the request's body is not complete
  std::optional<std::uint64_t> body_declared_{};
  std::uint64_t body_taken_ = 0;
  bool held_back_ = false;     ///< body bytes wait for the handler, not for the client
  std::size_t discarded_ = 0;  ///< body bytes read after the response was complete
  bool in_head_ = false;
  bool closing_ = false;
  bool cut_short_ = false;  ///< an incomplete response looks complete when the connection ends
  bool served_ = false;     ///< a request has begun
  bool input_ended_ = false;
  bool draining_ = false;
  base::Steady since_{};  ///< of what the client is waited for: idle, head, body
};

}  // namespace http
