// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/micro/session_rig.h"

#include <algorithm>
#include <utility>

#include "edge/base/chunk.h"
#include "tests/bench/micro/samples.h"
#include "tests/support/h2_client.h"

namespace micro {
namespace {

namespace h2 = support::h2;

constexpr std::uint32_t kWindowMax = 0x7fff'ffff;
constexpr std::uint32_t kFirstWindow = 65'535;
constexpr std::uint64_t kWidenAfter = 1ULL << 29;
constexpr std::size_t kStreamAt = 5;  // in a frame

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

/// SETTINGS_INITIAL_WINDOW_SIZE (4), as large as can be.
std::string wide_settings() {
  return h2::frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\4", 2) + big_endian(kWindowMax));
}

std::string request_frame() {
  const http::RequestHead request = browser_request(1);
  support::FieldList fields = h2::get(request.target);
  for (const http::Fields::Field field : request.fields) fields.emplace_back(field.name, field.value);
  return h2::headers(1, fields, true);
}

/// Slices of one chunk, again and again.
class RepeatedBody final : public http::BodySource {
 public:
  explicit RepeatedBody(std::uint64_t bytes) : left_(bytes) {}
  http::Pull pull(std::size_t max, base::Slice& out) override {
    if (left_ == 0) return http::Pull::End;
    static const base::ChunkRef chunk = base::Chunk::copy_of(std::string(base::kChunkBytes, 'x'));
    const std::size_t bytes = std::min<std::uint64_t>({max, left_, base::kChunkBytes - at_});
    out = {chunk, chunk->view().substr(at_, bytes)};
    at_ = (at_ + bytes) % base::kChunkBytes;
    left_ -= bytes;
    return http::Pull::Data;
  }

 private:
  std::uint64_t left_;
  std::size_t at_ = 0;
};

}  // namespace

class SameAnswer::Answering final : public http::Handler {
 public:
  Answering(SameAnswer& owner, http::ResponseWriter& writer) : owner_(owner), writer_(writer) {}
  void start() override {
    writer_.respond(http::ResponseHead(owner_.head_), std::make_unique<RepeatedBody>(owner_.body_bytes_));
  }
  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_finished(const http::Delivery& delivery) override { owner_.finished_ += delivery.complete ? 1 : 0; }

 private:
  SameAnswer& owner_;
  http::ResponseWriter& writer_;
};

SameAnswer::SameAnswer(std::uint64_t body_bytes) : body_bytes_(body_bytes), head_(answer_head(1)) {
  head_.body_bytes = body_bytes;
}

std::unique_ptr<http::Handler> SameAnswer::make(const http::ConnectionInfo&, http::RequestHead,
                                                http::ResponseWriter& writer) {
  return std::make_unique<Answering>(*this, writer);
}

SessionRig::SessionRig(std::uint64_t body_bytes)
    : body_bytes_(body_bytes), maker_(body_bytes), request_(request_frame()), session_(*this) {
  session_.receive(std::string(h2::kPreface) + wide_settings());
  session_.receive(h2::frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(kWindowMax - kFirstWindow)));
}

bool SessionRig::exchange(unsigned requests) {
  input_.clear();
  for (unsigned i = 0; i < requests; ++i, next_stream_ += 2) {
    const std::size_t frame = input_.size();
    input_ += request_;
    input_.replace(frame + kStreamAt, 4, big_endian(next_stream_));
  }
  const std::uint64_t before = maker_.finished();
  session_.receive(input_);
  http::Output output(sink_, buffer_, limits_.buffered_bytes);
  session_.produce(output);
  output.commit();
  widen(std::uint64_t{requests} * body_bytes_);
  return maker_.finished() - before == requests;
}

void SessionRig::widen(std::uint64_t bytes) {
  taken_ += bytes;
  if (taken_ < kWidenAfter) return;
  session_.receive(h2::frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(static_cast<std::uint32_t>(taken_))));
  taken_ = 0;
}

}  // namespace micro
