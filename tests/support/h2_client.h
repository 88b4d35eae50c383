// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/raw_client.h"

namespace support {

using FieldList = std::vector<std::pair<std::string, std::string>>;

/// HTTP/2 frames made by hand, for what a well-behaved library would not send.
namespace h2 {
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload);
/// A header block without compression. Names are sent as given, upper case included.
std::string block(const FieldList& fields);
/// HEADERS with END_HEADERS; `ends`: with END_STREAM too.
std::string headers(std::int32_t stream, const FieldList& fields, bool ends);
/// A good GET.
FieldList get(const std::string& path);
/// The preface and empty SETTINGS: what a client begins with.
std::string greeting();

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream = 0;
  std::string payload{};
  /// Of RST_STREAM and GOAWAY.
  std::uint32_t error() const;
};
/// The next frame of the server; nothing at the end.
std::optional<Frame> read_frame(RawClient& client);
/// The next frame of that type, others skipped.
std::optional<Frame> read_frame(RawClient& client, std::uint8_t type);
}  // namespace h2

/// A blocking HTTP/2 client with prior knowledge, over an nghttp2 session; raw frames may be slipped in.
class H2Client {
 public:
  struct Stream {
    FieldList interim{};
    FieldList head{};
    FieldList trailers{};
    std::string body{};
    bool ended = false;  ///< END_STREAM came
    bool closed = false;
    std::uint32_t error = 0;  ///< of RST_STREAM
    std::string field(std::string_view name) const;
  };

  /// `window`: of each stream, for response bodies.
  explicit H2Client(std::uint16_t port, std::uint32_t window = 1 << 20);
  ~H2Client();

  /// Sends a request; `body` follows if it is not empty or `more` says that some will.
  std::int32_t request(const std::string& method, const std::string& path, std::string body = {},
                       bool more = false, const FieldList& extra = {});
  /// Sends more of a request body that was begun with `more`.
  void send_body(std::int32_t stream, std::string body, bool more);
  void reset(std::int32_t stream);
  void ping();
  /// Sends bytes behind the library's back.
  void send_raw(std::string_view bytes);

  /// Reads until the stream is closed; gives it up after ten seconds without a byte.
  const Stream& wait(std::int32_t stream);
  /// Reads until the condition holds or nothing comes any more.
  bool read_until(const std::function<bool()>& condition);
  /// Reads until the server closes the connection; false if it does not.
  bool wait_closed();
  const Stream& stream(std::int32_t id) { return streams_[id]; }
  /// Error codes of the GOAWAYs so far, with their last stream numbers.
  const std::vector<std::pair<std::uint32_t, std::int32_t>>& goaways() const { return goaways_; }
  std::size_t pongs() const { return pongs_; }

 private:
  friend struct H2ClientCallbacks;
  struct Upload {
    std::string bytes{};
    bool more = false;
  };
  void push();
  bool pull();

  RawClient socket_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_{};
  std::map<std::int32_t, Upload> uploads_{};
  std::vector<std::pair<std::uint32_t, std::int32_t>> goaways_{};
  std::size_t pongs_ = 0;
};

}  // namespace support
