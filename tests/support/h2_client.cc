// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_client.h"

#include <algorithm>
#include <cstring>

namespace support {

namespace h2 {
namespace {

void put_length(std::string& out, std::size_t size) {
  // HPACK integer with a 7-bit prefix, without Huffman coding (RFC 7541 5.1).
  if (size < 127) {
    out += static_cast<char>(size);
    return;
  }
  out += static_cast<char>(127);
  for (size -= 127; size >= 128; size >>= 7) out += static_cast<char>((size & 127) | 128);
  out += static_cast<char>(size);
}

}  // namespace

std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload) {
  const std::size_t n = payload.size();
  std::string out{static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n),
                  static_cast<char>(type), static_cast<char>(flags)};
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  return out.append(payload);
}

std::string block(const FieldList& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';
    put_length(out, name.size());
    out += name;
    put_length(out, value.size());
    out += value;
  }
  return out;
}

std::string headers(std::int32_t stream, const FieldList& fields, bool ends) {
  const auto flags =
      static_cast<std::uint8_t>(NGHTTP2_FLAG_END_HEADERS | (ends ? NGHTTP2_FLAG_END_STREAM : 0));
  return frame(NGHTTP2_HEADERS, flags, stream, block(fields));
}

FieldList get(const std::string& path) {
  return {{":method", "GET"}, {":scheme", "http"}, {":authority", "a.test"}, {":path", path}};
}

std::string greeting() { return std::string(kPreface) + frame(NGHTTP2_SETTINGS, 0, 0, ""); }

std::uint32_t Frame::error() const {
  const std::size_t at = type == NGHTTP2_GOAWAY ? 4 : 0;
  std::uint32_t code = 0;
  for (std::size_t i = at; i < at + 4; ++i) code = code << 8 | static_cast<unsigned char>(payload.at(i));
  return code;
}

std::optional<Frame> read_frame(RawClient& client) {
  const std::string header = client.read_bytes(9);
  if (header.size() < 9) return {};
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(header[i]));
  };
  Frame out{.type = static_cast<std::uint8_t>(byte(3)), .flags = static_cast<std::uint8_t>(byte(4))};
  out.stream = static_cast<std::int32_t>(byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8));
  out.payload = client.read_bytes(byte(0) << 16 | byte(1) << 8 | byte(2));
  return out;
}

std::optional<Frame> read_frame(RawClient& client, std::uint8_t type) {
  for (;;) {
    std::optional<Frame> next = read_frame(client);
    if (!next || next->type == type) return next;
  }
}

}  // namespace h2

std::string H2Client::Stream::field(std::string_view name) const {
  const auto found =
      std::ranges::find(head, name, [](const auto& field) { return std::string_view(field.first); });
  return found == head.end() ? "" : found->second;
}

struct H2ClientCallbacks {
  static H2Client& of(void* user) { return *static_cast<H2Client*>(user); }
  static std::string text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                    void* user) {
    H2Client::Stream& stream = of(user).streams_[frame->hd.stream_id];
    std::pair field(text(name, name_size), text(value, value_size));
    if (field.first == ":status" && field.second.front() == '1') {
      stream.interim.push_back(field);
    } else if (stream.head.empty() ? field.first == ":status" : frame->headers.cat != NGHTTP2_HCAT_HEADERS) {
      stream.head.push_back(field);
    } else if (stream.head.empty()) {
      stream.interim.push_back(field);
    } else if (stream.body.empty() && frame->hd.type == NGHTTP2_HEADERS &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
      stream.head.push_back(field);
    } else {
      stream.trailers.push_back(field);
    }
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    of(user).streams_[id].body += text(bytes, size);
    return 0;
  }
  static int frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Client& client = of(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && ends) {
      client.streams_[frame->hd.stream_id].ended = true;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      client.goaways_.emplace_back(frame->goaway.error_code, frame->goaway.last_stream_id);
    }
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      H2Client::Stream& stream = client.streams_[frame->hd.stream_id];
      stream.error = frame->rst_stream.error_code;
      stream.closed = true;
    }
    if (frame->hd.type == NGHTTP2_PING && ends) ++client.pongs_;
    return 0;
  }
  static int close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    H2Client::Stream& stream = of(user).streams_[id];
    stream.closed = true;
    stream.error = error;
    return 0;
  }
  static ssize_t read(nghttp2_session*, std::int32_t id, std::uint8_t* out, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    H2Client::Upload& upload = of(user).uploads_[id];
    const std::size_t n = std::min(size, upload.bytes.size());
    std::memcpy(out, upload.bytes.data(), n);
    upload.bytes.erase(0, n);
    if (upload.bytes.empty() && !upload.more) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return n == 0 && upload.more ? static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED) : static_cast<ssize_t>(n);
  }
};

H2Client::H2Client(std::uint16_t port, std::uint32_t window) : socket_(port) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, H2ClientCallbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, H2ClientCallbacks::data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, H2ClientCallbacks::frame_recv);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, H2ClientCallbacks::close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
  push();
}

H2Client::~H2Client() { nghttp2_session_del(session_); }

std::int32_t H2Client::request(const std::string& method, const std::string& path, std::string body,
                               bool more, const FieldList& extra) {
  FieldList fields{{":method", method}, {":scheme", "http"}, {":authority", "a.test"}, {":path", path}};
  fields.insert(fields.end(), extra.begin(), extra.end());
  std::vector<nghttp2_nv> entries;
  for (auto& [name, value] : fields) {
    entries.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                       reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                       NGHTTP2_NV_FLAG_NONE});
  }
  const bool with_body = !body.empty() || more;
  nghttp2_data_provider provider{};
  provider.read_callback = H2ClientCallbacks::read;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, entries.data(), entries.size(),
                                                 with_body ? &provider : nullptr, nullptr);
  uploads_[id] = {std::move(body), more};
  push();
  return id;
}

void H2Client::send_body(std::int32_t stream, std::string body, bool more) {
  uploads_[stream].bytes += body;
  uploads_[stream].more = more;
  nghttp2_session_resume_data(session_, stream);
  push();
}

void H2Client::reset(std::int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  push();
}

void H2Client::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  push();
}

void H2Client::send_raw(std::string_view bytes) {
  push();
  socket_.send(bytes);
}

void H2Client::push() {
  const std::uint8_t* bytes = nullptr;
  for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
    socket_.send({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n)});
  }
}

bool H2Client::pull() {
  const std::string some = socket_.read_some();
  if (some.empty()) return false;
  nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(some.data()), some.size());
  push();
  return true;
}

const H2Client::Stream& H2Client::wait(std::int32_t stream) {
  read_until([&] { return streams_[stream].closed; });
  return streams_[stream];
}

bool H2Client::read_until(const std::function<bool()>& condition) {
  while (!condition()) {
    if (!pull()) return condition();
  }
  return true;
}

bool H2Client::wait_closed() {
  while (pull()) {
  }
  return socket_.at_end();
}

}  // namespace support
