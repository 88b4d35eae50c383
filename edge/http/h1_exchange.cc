// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h1_exchange.h"

#include <algorithm>

namespace http {
namespace {

/// Bytes asked of a source at once: a few records, so that streams of other connections wait no longer than
/// that.
constexpr std::size_t kPullBytes = 64 * 1024;

}  // namespace

void H1Exchange::on_inform(const ResponseHead& head) {
  if (version_ == Version::Http10) return;
  write_head(head, H1Framing::None, H1Connection::Silent, text_);
  host_.wake();
}

H1Exchange::Progress H1Exchange::write(Output& output) {
  if (aborted()) return Progress::Failed;
  if (!text_.empty()) {
    output.append(text_);
    text_.clear();
  }
  if (!responded()) return Progress::Waiting;
  if (!head_written_) write_final_head(output);
  return sends_body() ? write_body(output) : Progress::Complete;
}

void H1Exchange::write_final_head(Output& output) {
  if (response_.body_bytes) {
    framing_ = has_no_body(method_, response_.status) ? H1Framing::None : H1Framing::Length;
  } else if (sends_body()) {
    framing_ = version_ == Version::Http11 ? H1Framing::Chunked : H1Framing::Close;
  }
  if (framing_ == H1Framing::Close) keep_alive_ = false;

  H1Connection connection = H1Connection::Silent;
  if (!keep_alive_) {
    connection = H1Connection::Close;
  } else if (version_ == Version::Http10) {
    connection = H1Connection::KeepAlive;
  }
  std::string text;
  write_head(response_, framing_, connection, text);
  output.append(text);
  head_written_ = true;
  head_sent();
}

H1Exchange::Progress H1Exchange::write_body(Output& output) {
  while (!output.full()) {
    const BodyFeed::Piece piece = pull(std::min(kPullBytes, output.room()));
    if (aborted()) return Progress::Failed;
    switch (piece.pull) {
      case Pull::Later: return Progress::Waiting;
      case Pull::Failed: return Progress::Failed;
      case Pull::End: return end(output);
      case Pull::Data: break;
    }
    write_piece(piece.slice.bytes, output);
    if (piece.last) return end(output);
  }
  return Progress::Blocked;
}

void H1Exchange::write_piece(std::string_view bytes, Output& output) {
  const bool chunked = framing_ == H1Framing::Chunked;
  if (chunked) output.append(chunk_line(bytes.size()));
  output.append(bytes);
  if (chunked) output.append("\r\n");
  body_sent(bytes.size());
}

H1Exchange::Progress H1Exchange::end(Output& output) {
  if (framing_ == H1Framing::Chunked) output.append(last_chunk(trailers()));
  return Progress::Complete;
}

}  // namespace http
