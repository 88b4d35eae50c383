// SPDX-License-Identifier: Apache-2.0
#include "edge/coding/codec.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "edge/base/check.h"

namespace coding {
namespace {

using base::Errc;
using policy::Coding;

class GzipCodec final : public Codec {
 public:
  explicit GzipCodec(int level) {
    constexpr int kGzipWindow = 15 + 16;  // 32 KiB, with gzip's header and trailer
    ready_ = deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipCodec() override { deflateEnd(&stream_); }
  GzipCodec(const GzipCodec&) = delete;
  GzipCodec& operator=(const GzipCodec&) = delete;
  bool ready() const { return ready_; }

  base::Result<Step> step(std::string_view in, std::span<char> out, bool last) override {
    // zlib does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
    if (result == Z_STREAM_ERROR) return base::fail(Errc::Invalid, "zlib refused to go on");
    return Step{in.size() - stream_.avail_in, out.size() - stream_.avail_out, result == Z_STREAM_END};
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

class BrotliCodec final : public Codec {
 public:
  BrotliCodec(int level, std::uint64_t bytes)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) return;
    const auto hint = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, 1U << 30));
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_SIZE_HINT, hint);
  }
  bool ready() const { return state_ != nullptr; }

  base::Result<Step> step(std::string_view in, std::span<char> out, bool last) override {
    std::size_t in_left = in.size();
    std::size_t out_left = out.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const auto operation = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
    if (BrotliEncoderCompressStream(state_.get(), operation, &in_left, &next_in, &out_left, &next_out,
                                    nullptr) == BROTLI_FALSE) {
      return base::fail(Errc::Invalid, "brotli refused to go on");
    }
    return Step{in.size() - in_left, out.size() - out_left,
                BrotliEncoderIsFinished(state_.get()) == BROTLI_TRUE};
  }

 private:
  struct End {
    void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliEncoderState, End> state_;
};

// Up to level 19 its window is at most 8 MiB, which is all that a client must have room for (RFC 9659).
class ZstdCodec final : public Codec {
 public:
  ZstdCodec(int level, std::uint64_t bytes) : state_(ZSTD_createCCtx()) {
    ready_ = state_ &&
             ZSTD_isError(ZSTD_CCtx_setParameter(state_.get(), ZSTD_c_compressionLevel, level)) == 0 &&
             ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(state_.get(), bytes)) == 0;
  }
  bool ready() const { return ready_; }

  base::Result<Step> step(std::string_view in, std::span<char> out, bool last) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(state_.get(), &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) {
      return base::fail(Errc::Invalid, std::string("zstd refused to go on: ") + ZSTD_getErrorName(left));
    }
    return Step{from.pos, to.pos, last && left == 0};
  }

 private:
  struct End {
    void operator()(ZSTD_CCtx* state) const { ZSTD_freeCCtx(state); }
  };
  std::unique_ptr<ZSTD_CCtx, End> state_;
  bool ready_ = false;
};

template <typename C>
base::Result<std::unique_ptr<Codec>> checked(std::unique_ptr<C> codec) {
  if (!codec->ready()) return base::fail(Errc::Limit, "no memory for a coding's state, or a wrong level");
  return codec;
}

}  // namespace

base::Result<std::unique_ptr<Codec>> make_codec(Coding coding, int level, std::uint64_t bytes) {
  switch (coding) {
    case Coding::Br: return checked(std::make_unique<BrotliCodec>(level, bytes));
    case Coding::Zstd: return checked(std::make_unique<ZstdCodec>(level, bytes));
    case Coding::Gzip: return checked(std::make_unique<GzipCodec>(level));
  }
  CHECK(false);
}

base::Status Encoder::run(std::string_view piece, bool last) {
  bool over = false;
  while (last ? !over : !piece.empty()) {
    if (!out_) out_ = base::Chunk::make(base::kChunkBytes);
    const auto step = codec_->step(piece, out_->room(), last);
    if (!step) return std::unexpected(step.error());
    piece.remove_prefix(step->taken);
    out_->grow(step->made);
    over = step->over;
    if (!out_->room().empty()) continue;
    if (auto given = give_(std::exchange(out_, {})); !given) return given;
  }
  return {};
}

base::Status Encoder::finish() {
  if (auto done = run({}, true); !done) return done;
  if (!out_ || out_->size() == 0) return {};
  return give_(std::exchange(out_, {}));
}

}  // namespace coding
