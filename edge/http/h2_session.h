// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "edge/http/h2_stream.h"
#include "edge/http/sent_fields.h"
#include "edge/http/session.h"
#include "edge/http/stream_numbers.h"
#include "edge/http/token_bucket.h"

namespace http {

/// HTTP/2 on one connection (RFC 9113), over nghttp2. Streams that nghttp2 has closed are ended after the
/// call into nghttp2 that closed them, so no handler ends while it or nghttp2 is on the stack.
class H2Session final : public Session {
 public:
  explicit H2Session(SessionHost& host);
  ~H2Session() override;

  void receive(std::string_view bytes) override;
  void input_ended() override { failed_ = true; }
  bool wants_input() const override;
  void produce(Output& output) override;
  bool finished() const override;
  bool ends_too_soon() const override { return false; }
  void drain() override;
  base::Steady deadline() const override;
  void on_time(base::Steady time) override;

  nghttp2_session* native() const { return native_.get(); }
  SentFields& sent_fields() { return sent_fields_; }
  /// The stream's source has more: asked for it in the next produce().
  void resume_later(std::int32_t stream_id);
  /// The client has made work for nothing: a reset, a refused stream, a frame or head that is not taken.
  void count_reset();
  /// When a body byte was last handed to the transport, or a stream began to wait for that.
  base::Steady data_sent() const { return data_sent_; }
  /// Streams that have ended, but whose heads nghttp2 still holds: none once all has been produced.
  std::size_t given_up() const { return given_up_.size(); }

 private:
  friend struct H2Callbacks;
  struct Delete {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  int frame_began(const nghttp2_frame_hd& header);
  int head_began(std::int32_t stream_id);
  int frame_received(const nghttp2_frame& frame);
  int data_received(std::int32_t stream_id, std::string_view bytes);
  int frame_sent(const nghttp2_frame& frame);
  void frame_not_sent(const nghttp2_frame& frame);
  void head_over(std::int32_t stream_id);
  int data_written(H2Stream& stream, const std::uint8_t* frame_header, std::size_t pad_bytes);
  void stream_closed(std::int32_t stream_id, std::uint32_t error_code);

  H2Stream* find(std::int32_t stream_id) const;
  void apply_resumes();
  void end_closed();
  void end_lingering(base::Steady time);
  void terminate(std::uint32_t error_code);
  void say_last_goaway();
  base::Steady now() const { return host_.clock().steady(); }

  SessionHost& host_;
  std::unique_ptr<nghttp2_session, Delete> native_;
  SentFields sent_fields_{};
  std::vector<std::unique_ptr<H2Stream>> streams_{};
  std::vector<std::unique_ptr<H2Stream>> closed_{};  ///< wait for their end
  std::vector<std::unique_ptr<H2Stream>> given_up_{};  ///< ended, but nghttp2 has not dropped their heads yet
  std::vector<std::int32_t> resumed_{};
  /// A stream whose response is complete, while its request is not.
  struct Lingering {
    std::int32_t stream_id;
    base::Steady until;
  };
  std::deque<Lingering> lingering_{};     ///< in the order of their ends; some may have closed since
  std::vector<std::int32_t> answered_{};  ///< of these, those whose handlers have not been told yet
  Output* output_ = nullptr;              ///< during produce()
  StreamNumbers numbers_{};
  TokenBucket resets_;
  TokenBucket control_frames_;
  std::int32_t head_of_ = 0;  ///< the stream whose head is arriving, or 0
  bool failed_ = false;
  bool terminated_ = false;
  bool settings_seen_ = false;
  bool draining_ = false;
  bool last_goaway_said_ = false;
  base::Steady since_;  ///< of the head that is arriving, or of being idle
  base::Steady drain_since_{};
  base::Steady checked_;  ///< when streams were last looked at for stalls
  base::Steady data_sent_;
};

}  // namespace http
