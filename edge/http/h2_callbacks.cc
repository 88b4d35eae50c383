// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_callbacks.h"

#include <array>
#include <cstdint>
#include <limits>

#include "edge/base/check.h"
#include "edge/http/h2_memory.h"
#include "edge/http/h2_session.h"

namespace http {
namespace {

/// Request body bytes in flight on one connection, over all streams. The credit is given back at once; what
/// bounds memory is each stream's own window.
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
/// Acknowledgements that wait for a client which does not read them.
constexpr std::size_t kAcksMax = 200;

std::string_view view_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

/// nghttp2's callbacks: C functions that find their session and call it.
struct H2Callbacks {
  static H2Session& of(void* user) { return *static_cast<H2Session*>(user); }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* user) {
    return of(user).frame_began(*header);
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return frame->headers.cat == NGHTTP2_HCAT_REQUEST ? of(user).head_began(frame->hd.stream_id) : 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                    void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    H2Stream* stream = of(user).find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool of_head = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    const bool goes_on = of_head ? stream->add_field(view_of(name, name_size), view_of(value, value_size))
                                 : stream->skip_field(view_of(name, name_size), view_of(value, value_size));
    if (goes_on) return 0;
    of(user).terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // nothing more of the block is decoded
  }
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                            const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    // By default nghttp2 drops a field with forbidden characters and goes on; the request is malformed.
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    of(user).count_reset();
    return 0;
  }
  static int frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return of(user).frame_received(*frame);
  }
  static int data_chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                        std::size_t size, void* user) {
    return of(user).data_received(id, view_of(data, size));
  }
  static int frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return of(user).frame_sent(*frame);
  }
  static int frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    of(user).frame_not_sent(*frame);
    return 0;
  }
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header, std::size_t,
                       nghttp2_data_source* source, void* user) {
    return of(user).data_written(*static_cast<H2Stream*>(source->ptr), header, frame->data.padlen);
  }
  static int stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    of(user).stream_closed(id, error_code);
    return 0;
  }
};

namespace {

const nghttp2_session_callbacks* callbacks() {
  static const nghttp2_session_callbacks* made = [] {
    nghttp2_session_callbacks* c = nullptr;
    CHECK(nghttp2_session_callbacks_new(&c) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, H2Callbacks::begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, H2Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, H2Callbacks::header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(c, H2Callbacks::invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, H2Callbacks::invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, H2Callbacks::frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, H2Callbacks::data_chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, H2Callbacks::frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(c, H2Callbacks::frame_not_send);
    nghttp2_session_callbacks_set_send_data_callback(c, H2Callbacks::send_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, H2Callbacks::stream_close);
    return c;
  }();
  return made;
}

const nghttp2_option* options() {
  static const nghttp2_option* made = [] {
    nghttp2_option* o = nullptr;
    CHECK(nghttp2_option_new(&o) == 0);
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_max_outbound_ack(o, kAcksMax);
    // Clients that do not speak RFC 9218 get the fair turns of RFC 7540 instead of one stream after the
    // other.
    nghttp2_option_set_server_fallback_rfc7540_priorities(o, 1);
    nghttp2_option_set_builtin_recv_extension_type(o, NGHTTP2_PRIORITY_UPDATE);
    // Resets are counted here (Limits::resets_per_second), those that the client provokes as well.
    constexpr std::uint64_t kNever = std::numeric_limits<std::uint32_t>::max();
    nghttp2_option_set_stream_reset_rate_limit(o, kNever, kNever);
    return o;
  }();
  return made;
}

}  // namespace

nghttp2_session* make_native(H2Session& session, const Limits& limits) {
  nghttp2_session* native = nullptr;
  CHECK(nghttp2_session_server_new3(&native, callbacks(), &session, options(), h2_memory()) == 0);
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.request_window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_bytes},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  CHECK(nghttp2_submit_settings(native, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(native, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0);
  return native;
}

}  // namespace http
