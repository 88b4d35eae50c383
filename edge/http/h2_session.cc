// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "edge/http/h2_callbacks.h"

namespace http {
namespace {

using namespace std::chrono_literals;

/// How many times a second's allowance a client may use at once.
constexpr std::uint32_t kBurstSeconds = 10;
/// How long a drain waits for the client to have seen the first GOAWAY, if it does not answer the PING behind
/// it.
constexpr std::chrono::seconds kGoawayNotice{1};
/// Frames that wait for a client which does not read, beside the few of each stream: past that nothing more
/// is read from it, since what it sends may ask for more of them.
constexpr std::size_t kFramesMax = 1000;
constexpr std::size_t kFramesOfStream = 4;

}  // namespace

H2Session::H2Session(SessionHost& host)
    : host_(host),
      native_(make_native(*this, host.limits())),
      resets_(host.limits().resets_per_second, kBurstSeconds * host.limits().resets_per_second),
      control_frames_(host.limits().control_frames_per_second,
                      kBurstSeconds * host.limits().control_frames_per_second),
      since_(now()),
      checked_(since_),
      data_sent_(since_) {
  host_.wake();
}

H2Session::~H2Session() {
  end_closed();
  for (const auto& stream : streams_) stream->finish(false);
}

void H2Session::receive(std::string_view bytes) {
  if (failed_) return;
  const ssize_t n =
      nghttp2_session_mem_recv(native(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (n < 0) {
    host_.counters().protocol_errors.add(1);
    failed_ = true;
  }
  end_closed();
  host_.wake();
}

void H2Session::produce(Output& output) {
  output_ = &output;
  while (!failed_ && !output.full()) {
    apply_resumes();
    const std::uint8_t* bytes = nullptr;
    const ssize_t n = nghttp2_session_mem_send(native(), &bytes);
    if (n < 0) {
      failed_ = true;
    } else if (n > 0) {
      output.append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n)});
    } else if (resumed_.empty()) {
      break;
    }
  }
  output_ = nullptr;
  end_closed();
}

bool H2Session::wants_input() const {
  const std::size_t allowed = kFramesMax + kFramesOfStream * host_.limits().streams;
  return !finished() && nghttp2_session_get_outbound_queue_size(native()) < allowed;
}

bool H2Session::finished() const {
  return failed_ || (nghttp2_session_want_read(native()) == 0 && nghttp2_session_want_write(native()) == 0);
}

void H2Session::resume_later(std::int32_t stream_id) {
  resumed_.push_back(stream_id);
  host_.wake();
}

void H2Session::apply_resumes() {
  for (const std::int32_t id : resumed_) nghttp2_session_resume_data(native(), id);
  resumed_.clear();
}

void H2Session::end_closed() {
  for (const std::int32_t id : answered_) {
    if (H2Stream* stream = find(id)) stream->finish(true);
  }
  answered_.clear();
  while (!closed_.empty()) {
    std::unique_ptr<H2Stream> stream = std::move(closed_.back());
    closed_.pop_back();
    stream->finish(stream->complete());
    if (stream->head_waits()) given_up_.push_back(std::move(stream));
  }
}

void H2Session::terminate(std::uint32_t error_code) {
  terminated_ = true;
  nghttp2_session_terminate_session(native(), error_code);
  host_.wake();
}

void H2Session::count_reset() {
  if (!resets_.take(now())) terminate(NGHTTP2_ENHANCE_YOUR_CALM);
}

H2Stream* H2Session::find(std::int32_t stream_id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(native(), stream_id));
}

int H2Session::frame_began(const nghttp2_frame_hd& header) {
  const bool opens = header.type == NGHTTP2_HEADERS;
  if (opens && numbers_.was_skipped(header.stream_id)) {
    terminate(NGHTTP2_PROTOCOL_ERROR);
    return 0;
  }
  const bool ends = (header.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool moves = header.type == NGHTTP2_DATA && (header.length > 0 || ends);
  const bool works = opens || moves || header.type == NGHTTP2_RST_STREAM ||
                     header.type == NGHTTP2_WINDOW_UPDATE || header.type == NGHTTP2_CONTINUATION;
  if (!works && !control_frames_.take(now())) terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  return 0;
}

int H2Session::head_began(std::int32_t stream_id) {
  numbers_.opened(stream_id);
  head_of_ = stream_id;
  since_ = now();
  auto stream = std::make_unique<H2Stream>(host_, *this, stream_id);
  nghttp2_session_set_stream_user_data(native(), stream_id, stream.get());
  stream->index = streams_.size();
  streams_.push_back(std::move(stream));
  return 0;
}

int H2Session::frame_received(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_SETTINGS) settings_seen_ = true;
  if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 && draining_)
    say_last_goaway();
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return 0;
  H2Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    head_of_ = 0;
    stream->head_complete(ends);
  } else if (ends) {
    stream->request_ended();
  }
  return 0;
}

int H2Session::data_received(std::int32_t stream_id, std::string_view bytes) {
  // The connection's credit comes back at once, so that a stream whose handler is slow stops only itself.
  nghttp2_session_consume_connection(native(), bytes.size());
  if (H2Stream* stream = find(stream_id)) stream->body_arrived(bytes);
  return 0;
}

int H2Session::data_written(H2Stream& stream, const std::uint8_t* frame_header, std::size_t pad_bytes) {
  stream.write_frame(frame_header, pad_bytes, *output_);
  data_sent_ = now();
  return output_->full() ? NGHTTP2_ERR_PAUSE : 0;
}

int H2Session::frame_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    host_.counters().protocol_errors.add(1);
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return 0;
  H2Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) {
    if (frame.hd.type == NGHTTP2_HEADERS) head_over(frame.hd.stream_id);
    return 0;
  }
  if (frame.hd.type == NGHTTP2_HEADERS) stream->headers_sent();
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  stream->mark_complete();
  if (nghttp2_session_get_stream_remote_close(native(), frame.hd.stream_id) == 0) {
    // The response is complete before the request: its rest is not needed (RFC 9113 8.1). But a reset at
    // once makes clients that are sending (libcurl) lose the response: first they get time to end by
    // themselves.
    lingering_.push_back({frame.hd.stream_id, now() + host_.limits().linger});
    answered_.push_back(frame.hd.stream_id);
  }
  return 0;
}

void H2Session::frame_not_sent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  H2Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) return head_over(frame.hd.stream_id);
  // A response whose head cannot be sent would leave the client waiting for ever; but what the client has
  // reset is not to be reset again (RFC 9113 5.4.2).
  stream->headers_dropped();
  nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_INTERNAL_ERROR);
}

// nghttp2 has sent or given up a HEADERS frame of a stream that it has closed before.
void H2Session::head_over(std::int32_t stream_id) {
  for (auto* ended : {&closed_, &given_up_}) {
    for (const auto& stream : *ended) {
      if (stream->id() == stream_id) stream->headers_dropped();
    }
  }
  std::erase_if(given_up_, [](const auto& stream) { return !stream->head_waits(); });
}

void H2Session::stream_closed(std::int32_t stream_id, std::uint32_t error_code) {
  H2Stream* stream = find(stream_id);
  if (stream == nullptr) {
    if (error_code != NGHTTP2_NO_ERROR) count_reset();
    return;
  }
  // Whatever the code: a client may reset with NO_ERROR, too, and the work was as much.
  if (!stream->reset_by_us() && !stream->complete()) count_reset();
  nghttp2_session_set_stream_user_data(native(), stream_id, nullptr);
  const std::size_t at = stream->index;
  std::swap(streams_[at], streams_.back());
  streams_[at]->index = at;
  closed_.push_back(std::move(streams_.back()));
  streams_.pop_back();
  if (head_of_ == stream_id) head_of_ = 0;
  if (streams_.empty()) since_ = now();
}

// Bodies that go on after their response: at most a window of each was taken, since nobody gives credit.
void H2Session::end_lingering(base::Steady time) {
  while (!lingering_.empty() && lingering_.front().until <= time) {
    const std::int32_t id = lingering_.front().stream_id;
    lingering_.pop_front();
    if (find(id) != nullptr) nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  }
}

void H2Session::drain() {
  if (std::exchange(draining_, true)) return;
  drain_since_ = now();
  // Two GOAWAYs (RFC 9113 6.8): requests that cross the first one are still served.
  nghttp2_submit_shutdown_notice(native());
  nghttp2_submit_ping(native(), NGHTTP2_FLAG_NONE, nullptr);
  host_.wake();
}

void H2Session::say_last_goaway() {
  if (std::exchange(last_goaway_said_, true)) return;
  nghttp2_submit_goaway(native(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(native()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  host_.wake();
}

base::Steady H2Session::deadline() const {
  const Limits& limits = host_.limits();
  // The last words are on their way: only the client's taking them is waited for, and that the connection
  // limits.
  if (terminated_ || failed_) return base::Steady::max();
  base::Steady at = base::Steady::max();
  if (head_of_ != 0 || !settings_seen_) {
    at = since_ + limits.header;
  } else if (streams_.empty()) {
    at = since_ + limits.idle;
  }
  // Stalls are looked for now and then, not timed one by one.
  if (!streams_.empty())
    at = std::min(at, checked_ + std::min(limits.write_stall, limits.body_stall) / 4 + 1ms);
  if (draining_ && !last_goaway_said_) at = std::min(at, drain_since_ + kGoawayNotice);
  if (!lingering_.empty()) at = std::min(at, lingering_.front().until);
  return at;
}

void H2Session::on_time(base::Steady time) {
  const Limits& limits = host_.limits();
  checked_ = time;
  if (draining_ && time >= drain_since_ + kGoawayNotice) say_last_goaway();
  end_lingering(time);
  for (const auto& stream : streams_) {
    if (stream->stalled(time)) {
      nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, stream->id(), NGHTTP2_CANCEL);
    }
  }
  if (head_of_ != 0 || !settings_seen_) {
    if (time >= since_ + limits.header) terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (streams_.empty() && time >= since_ + limits.idle) {
    terminate(NGHTTP2_NO_ERROR);
  }
  host_.wake();
}

}  // namespace http
