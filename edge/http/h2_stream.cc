// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_stream.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "edge/http/h2_fields.h"
#include "edge/http/h2_session.h"
#include "edge/http/refusal_response.h"
#include "edge/http/text_source.h"

namespace http {
namespace {

constexpr std::size_t kFrameHeaderBytes = 9;
/// What a field weighs beside its text (RFC 9113 6.5.2), so that empty ones count too.
constexpr std::size_t kFieldOverhead = 32;
/// A head so many times as large as is allowed is not read to its end to be answered: a byte of HPACK can
/// stand for any amount of text, and nghttp2 checks all of it.
constexpr std::size_t kExcessMax = 4;

ssize_t read_callback(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t max, std::uint32_t* flags,
                      nghttp2_data_source* source, void*) {
  return static_cast<H2Stream*>(source->ptr)->read_body(max, *flags);
}

std::string_view view_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

H2Stream::H2Stream(SessionHost& host, H2Session& session, std::int32_t id)
    : ServerExchange(host), session_(session), id_(id) {
  raw_.version = Version::Http2;
}

bool H2Stream::skip_field(std::string_view name, std::string_view value) {
  const Limits& limits = host_.limits();
  seen_bytes_ += name.size() + value.size() + kFieldOverhead;
  return seen_bytes_ <= kExcessMax * (limits.header_bytes + kFieldOverhead * limits.header_fields);
}

bool H2Stream::add_field(std::string_view name, std::string_view value) {
  if (!skip_field(name, value)) return false;
  if (too_large_) return true;
  const std::size_t size =
      raw_.fields.text_bytes() + raw_.method.size() + raw_.target.size() + raw_.authority.size();
  too_large_ = size + name.size() + value.size() > host_.limits().header_bytes ||
               raw_.fields.size() >= host_.limits().header_fields;
  if (too_large_) return true;
  if (!name.starts_with(':')) {
    raw_.fields.add(name, value);
  } else if (name == ":method") {
    raw_.method = value;
  } else if (name == ":path") {
    raw_.target = value;
  } else if (name == ":authority") {
    raw_.authority = value;
  } else if (name == ":scheme") {
    raw_.scheme = value;
  } else {
    raw_.fields.add(name, value);
  }
  return true;
}

void H2Stream::head_complete(bool ends) {
  raw_.ends = ends;
  body_left_ = !ends;
  method_ = raw_.method;
  if (too_large_) {
    session_.count_reset();
    const Limits& limits = host_.limits();
    return refuse({431, "head too large: allowed are " + std::to_string(limits.header_bytes) + " bytes and " +
                            std::to_string(limits.header_fields) + " fields"});
  }
  auto checked = check_head(std::move(raw_), host_.info().tls ? "https" : "http");
  raw_ = RawHead{};
  if (!checked) return refuse(checked.error());
  body_since_ = host_.clock().steady();
  begin(std::move(checked->head));
  host_.counters().requests_h2.add(1);  // who sees it counted may rely on its having begun
  if (checked->expects_continue && !responded() && !aborted()) inform({.status = 100});
}

void H2Stream::refuse(const Refusal& refusal) {
  host_.counters().protocol_errors.add(1);
  // A malformed request is a stream error (RFC 9113 8.1.1); the rest is only not wanted.
  if (refusal.status == 400) return reset(NGHTTP2_PROTOCOL_ERROR);
  RefusalResponse response = response_to(refusal, host_.clock().wall());
  respond(std::move(response.head), std::make_unique<TextSource>(response.body));
}

void H2Stream::body_arrived(std::string_view bytes) {
  body_since_ = host_.clock().steady();
  if (has_handler() && !aborted()) give_body(bytes);
}

void H2Stream::request_ended() {
  if (!std::exchange(body_left_, false)) return;
  if (has_handler() && !aborted()) end_body();
}

void H2Stream::on_inform(const ResponseHead& head) {
  const H2Fields fields(head, H2Fields::Head::Once, session_.sent_fields());
  const int failed = nghttp2_submit_headers(session_.native(), NGHTTP2_FLAG_NONE, id_, nullptr, fields.data(),
                                            fields.size(), nullptr);
  if (failed == 0) ++interims_;
  host_.wake();
}

void H2Stream::on_respond() {
  const H2Fields fields(response_, H2Fields::Head::Kept, session_.sent_fields());
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = read_callback;
  const int failed = nghttp2_submit_response(session_.native(), id_, fields.data(), fields.size(),
                                             sends_body() ? &provider : nullptr);
  if (failed != 0) return abort();
  head_queued_ = true;
  sent_since_ = host_.clock().steady();
  host_.wake();
}

void H2Stream::on_resume() {
  if (!std::exchange(waiting_, false)) return;
  sent_since_ = host_.clock().steady();
  session_.resume_later(id_);
}

void H2Stream::on_consumed(std::size_t bytes) {
  body_since_ = host_.clock().steady();
  nghttp2_session_consume_stream(session_.native(), id_, bytes);
  host_.wake();
}

void H2Stream::on_abort() { reset(NGHTTP2_INTERNAL_ERROR); }

void H2Stream::reset(std::uint32_t error_code) {
  nghttp2_submit_rst_stream(session_.native(), NGHTTP2_FLAG_NONE, id_, error_code);
  host_.wake();
}

ssize_t H2Stream::read_body(std::size_t max, std::uint32_t& flags) {
  if (aborted()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  BodyFeed::Piece piece = pull(max);
  body_failed_ = piece.pull == Pull::Failed;
  if (aborted() || body_failed_) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (piece.pull == Pull::Later) {
    waiting_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (piece.pull == Pull::End || piece.last) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    const Fields* fields = trailers();
    if (fields != nullptr && !fields->empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const H2Fields entries(*fields);
      nghttp2_submit_trailer(session_.native(), id_, entries.data(), entries.size());
    }
  }
  if (piece.pull == Pull::End) return 0;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  slice_ = std::move(piece.slice);
  return static_cast<ssize_t>(slice_.bytes.size());
}

void H2Stream::headers_sent() {
  if (interims_ > 0) {
    --interims_;
  } else if (!std::exchange(head_sent_, true)) {
    head_queued_ = false;
    head_sent();
  }
}

void H2Stream::headers_dropped() {
  if (interims_ > 0) {
    --interims_;
  } else {
    head_queued_ = false;
  }
}

void H2Stream::write_frame(const std::uint8_t* frame_header, std::size_t pad_bytes, Output& output) {
  static constexpr std::array<char, 256> kPadding{};
  output.append(view_of(frame_header, kFrameHeaderBytes));
  if (pad_bytes > 0) {
    const char pad_length = static_cast<char>(pad_bytes - 1);
    output.append({&pad_length, 1});
  }
  output.append(slice_.bytes);
  if (pad_bytes > 1) output.append({kPadding.data(), pad_bytes - 1});
  body_sent(slice_.bytes.size());
  slice_ = {};
  sent_since_ = host_.clock().steady();
}

bool H2Stream::stalled(base::Steady time) const {
  const Limits& limits = host_.limits();
  const bool may_send = unconsumed() < limits.request_window;
  if (body_left_ && may_send && has_handler() && time >= body_since_ + limits.body_stall) return true;
  return responded() && !waiting_ && !complete_ && blocked_too_long(time);
}

bool H2Stream::blocked_too_long(base::Steady time) const {
  const auto limit = host_.limits().write_stall;
  if (nghttp2_session_get_stream_remote_window_size(session_.native(), id_) <= 0)
    return time >= sent_since_ + limit;
  if (nghttp2_session_get_remote_window_size(session_.native()) <= 0)
    return time >= session_.data_sent() + limit;
  return false;
}

}  // namespace http
