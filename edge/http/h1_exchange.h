// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/h1_writer.h"
#include "edge/http/server_exchange.h"

namespace http {

/// One HTTP/1.x request and its response on the wire. Owned by its session.
class H1Exchange final : public ServerExchange {
 public:
  H1Exchange(SessionHost& host, Version version, bool keep_alive)
      : ServerExchange(host), version_(version), keep_alive_(keep_alive) {}

  enum class Progress : std::uint8_t {
    Blocked,   ///< the client has enough for now
    Waiting,   ///< for the handler or its source
    Complete,  ///< the whole response is written
    Failed,    ///< it cannot be completed: only closing the connection makes that visible
  };
  /// Writes as much of the response as there is and as `output` takes.
  Progress write(Output& output);
  /// Lets the client send its body (RFC 9110 10.1.1).
  void send_continue() { text_ += "HTTP/1.1 100 Continue\r\n\r\n"; }

  /// Whether the connection may carry another request after this one.
  bool keeps_alive() const { return keep_alive_; }
  void close_afterwards() { keep_alive_ = false; }
  bool head_written() const { return head_written_; }
  /// Of the response: then it does not wait for the rest of the request, as an echo would.
  bool length_known() const { return response_.body_bytes.has_value(); }
  /// Whether the response's end is that of the connection (RFC 9112 6.3).
  bool ends_by_close() const { return head_written_ && framing_ == H1Framing::Close; }

 private:
  void on_inform(const ResponseHead& head) override;
  void on_respond() override { host_.wake(); }
  void on_resume() override { host_.wake(); }
  void on_consumed(std::size_t) override { host_.wake(); }
  void on_abort() override { host_.wake(); }

  void write_final_head(Output& output);
  Progress write_body(Output& output);
  void write_piece(std::string_view bytes, Output& output);
  Progress end(Output& output);

  std::string text_{};  ///< interim responses waiting to be written
  Version version_;
  bool keep_alive_;
  bool head_written_ = false;
  H1Framing framing_ = H1Framing::None;
};

}  // namespace http
