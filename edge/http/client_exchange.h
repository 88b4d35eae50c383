// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>

#include "edge/base/executor.h"
#include "edge/http/client_head.h"
#include "edge/http/client_queue.h"
#include "edge/http/client_request.h"

namespace http {

class Multi;

/// One exchange in curl's hands: the callbacks, the pauses of both directions, the time limits, and what went
/// wrong. Owned by its ClientExchange, or by the Multi for the moment between being given up and being taken
/// off curl. Home thread only.
class Transfer {
 public:
  Transfer(Multi& multi, ClientRequest request, ExchangeListener& listener);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // For its owner.
  Multi* multi() { return multi_; }
  void resume();
  void body_ready();
  void set_pass(bool pass);
  /// No call to the listener comes after.
  void silence();

  // For the Multi.
  bool is_pass() const { return request_.pass; }
  /// What tells the connections that it may use from others.
  std::string pool() const;
  /// HTTP/1.1, if that is all that can be hoped for.
  void choose_version();
  /// Whether it was given a connection that it must not use: it begins anew. Asked once.
  bool needs_another_connection();
  /// Before anything else: waits for its turn.
  void wait_in_queue() { enter(Phase::Queued); }
  void begin_to_connect() { enter(Phase::Connecting); }
  /// Bytes a second since the last answer, if that is long enough ago to tell and its client holds it back
  /// now. The first call begins to look, as does one long after the last: what went before may be what
  /// buffers took, or the server's silence, and not the client.
  std::optional<double> pace_of_client(base::Steady now);
  /// Others need the connection more. Whether it has to end; its client is told then.
  bool give_way();
  TransferQueue::Place place{};
  bool prepared() const { return prepared_.easy != nullptr; }
  CURL* easy() { return prepared_.easy.get(); }
  /// Nothing more will be told of its connection: apply_pause() fails.
  void lose_connection();
  /// Tells curl which directions are paused now. False: it failed and is to be finished.
  bool apply_pause();
  /// Tells the listener the end: the error kept here, or else what curl's `code` means.
  void finish(CURLcode code);
  /// The Multi is gone.
  void orphan();

 private:
  enum class Phase { Queued, Connecting, Waiting, Receiving };

  static int on_connected(void* self, char*, char*, int, int) noexcept;
  static std::size_t on_line(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_room(char* room, std::size_t size, std::size_t count, void* self) noexcept;

  void set_callbacks();
  std::string server() const;
  bool takes_connection();
  /// Whether the server may see the request a second time (RFC 9110 9.2.2), and all of it.
  bool may_repeat() const;
  bool take_line(std::string_view line);
  std::size_t give_body(char* room, std::size_t size);

  void enter(Phase phase);
  void touch();
  std::chrono::milliseconds limit() const;
  void watch_time(base::Duration delay);
  void check_time();
  void keep_error(base::Errc code, std::string text);
  ExchangeError take_error(CURLcode code);

  Multi* multi_;
  ClientRequest request_;
  ExchangeListener* listener_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  PreparedRequest prepared_;
  HeadReader head_;
  std::optional<base::Error> error_;  ///< found here; curl only knows that a callback refused
  bool http1_only_ = false;           ///< else the version is left to a server that speaks TLS
  bool wrong_connection_ = false;     ///< see needs_another_connection()
  bool lost_ = false;                 ///< see lose_connection()
  bool http2_ = false;                ///< the response comes over HTTP/2
  bool reader_paused_ = false;        ///< the listener wants no bytes
  bool curl_holds_ = false;           ///< curl keeps bytes that on_bytes did not take
  bool body_over_ = false;            ///< the body reader has said so
  std::uint64_t body_sent_ = 0;
  bool body_waits_ = false;  ///< the body reader had nothing
  bool body_again_ = false;  ///< body_ready() was called from within the reader
  Phase phase_ = Phase::Queued;
  std::uint64_t moved_ = 0;                   ///< body bytes in either direction
  std::optional<base::Steady> pace_since_{};  ///< when moved_ was pace_from_
  std::uint64_t pace_from_ = 0;
  base::Steady active_{};    ///< when the last thing happened that the time limit of the phase waits for
  base::Timer timer_;
};

/// The Exchange that the starter holds.
class ClientExchange final : public Exchange {
 public:
  explicit ClientExchange(std::unique_ptr<Transfer> transfer) : transfer_(std::move(transfer)) {}
  ~ClientExchange() override;
  void resume() override { transfer_->resume(); }
  void body_ready() override { transfer_->body_ready(); }
  void set_pass(bool pass) override { transfer_->set_pass(pass); }

 private:
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace http
