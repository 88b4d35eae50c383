// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What is the content of a coded body, by the libraries themselves. Nothing: it is damaged, cut or has a
/// tail.
namespace support {

inline std::optional<std::string> from_gzip(std::string_view coded) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  std::string out;
  std::string room(1 << 16, '\0');
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(room, 0, room.size() - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return {};
  return out;
}

inline std::optional<std::string> from_br(std::string_view coded) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  std::size_t left = coded.size();
  const auto* next = reinterpret_cast<const std::uint8_t*>(coded.data());
  std::string out;
  std::string room(1 << 16, '\0');
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    std::size_t free = room.size();
    auto* to = reinterpret_cast<std::uint8_t*>(room.data());
    result = BrotliDecoderDecompressStream(state, &left, &next, &free, &to, nullptr);
    out.append(room, 0, room.size() - free);
  }
  BrotliDecoderDestroyInstance(state);
  if (result != BROTLI_DECODER_RESULT_SUCCESS || left != 0) return {};
  return out;
}

inline std::optional<std::string> from_zstd(std::string_view coded) {
  ZSTD_DCtx* state = ZSTD_createDCtx();
  ZSTD_inBuffer in{coded.data(), coded.size(), 0};
  std::string out;
  std::string room(1 << 16, '\0');
  std::size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    left = ZSTD_decompressStream(state, &to, &in);
    if (ZSTD_isError(left) != 0) break;
    out.append(room, 0, to.pos);
    if (left != 0 && to.pos < room.size() && in.pos == in.size) break;  // cut
  }
  ZSTD_freeDCtx(state);
  if (left != 0 || in.pos != in.size) return {};
  return out;
}

/// By the name in Content-Encoding; empty: as it is.
inline std::optional<std::string> decoded(std::string_view coding, std::string_view body) {
  if (coding == "gzip") return from_gzip(body);
  if (coding == "br") return from_br(body);
  if (coding == "zstd") return from_zstd(body);
  if (coding.empty()) return std::string(body);
  return {};
}

}  // namespace support
