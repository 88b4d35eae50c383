// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string_view>

#include "edge/http/head_rules.h"
#include "edge/http/server_exchange.h"

namespace http {

class H2Session;

/// One HTTP/2 stream: collects the request's head, submits the response to nghttp2, feeds it body bytes.
/// Owned by its session, which ends it after nghttp2 has closed the stream.
class H2Stream final : public ServerExchange {
 public:
  H2Stream(SessionHost& host, H2Session& session, std::int32_t id);

  std::int32_t id() const { return id_; }

  /// One header field of the request. Beyond the limits nothing more is kept: head_complete() refuses it.
  /// False: far beyond them, the connection is to end.
  bool add_field(std::string_view name, std::string_view value);
  /// The same for a trailer field, which nobody reads.
  bool skip_field(std::string_view name, std::string_view value);
  /// The head is complete. `ends`: the request has no body.
  void head_complete(bool ends);
  void body_arrived(std::string_view bytes);
  void request_ended();

  /// nghttp2 asks for up to `max` body bytes: answers their number or an error of its own, sets its data
  /// flags.
  ssize_t read_body(std::size_t max, std::uint32_t& flags);
  /// Writes the frame that read_body() announced.
  void write_frame(const std::uint8_t* frame_header, std::size_t pad_bytes, Output& output);
  /// A HEADERS frame of the response was handed over: interim, final or trailers.
  void headers_sent();
  /// nghttp2 has given up a HEADERS frame of the response.
  void headers_dropped();
  /// The last frame of the response was handed over.
  void mark_complete() { complete_ = true; }
  bool complete() const { return complete_; }
  /// nghttp2 may still look at the head of the response, whatever has become of the stream.
  bool head_waits() const { return head_queued_; }
  /// Ended for a fault of ours, not of the client.
  bool reset_by_us() const { return aborted() || body_failed_; }

  /// Whether the client has kept this stream waiting past its limits at `time`.
  bool stalled(base::Steady time) const;

  /// Position in the session's list.
  std::size_t index = 0;

 private:
  void on_inform(const ResponseHead& head) override;
  void on_respond() override;
  void on_resume() override;
  void on_consumed(std::size_t bytes) override;
  void on_abort() override;

  void refuse(const Refusal& refusal);
  void reset(std::uint32_t error_code);
  bool blocked_too_long(base::Steady time) const;

  H2Session& session_;
  std::int32_t id_;
  RawHead raw_{};
  std::size_t seen_bytes_ = 0;  ///< of all fields, also those not kept
  bool too_large_ = false;
  bool body_left_ = false;  ///< of the request
  bool waiting_ = false;    ///< the source answered Later
  bool complete_ = false;
  bool body_failed_ = false;
  bool head_queued_ = false;  ///< nghttp2 has the final head, and has neither sent it nor given it up
  bool head_sent_ = false;
  std::uint32_t interims_ = 0;  ///< not handed over yet
  base::Slice slice_{};         ///< between read_body() and write_frame()
  base::Steady body_since_{};
  base::Steady sent_since_{};
};

}  // namespace http
