// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/http/handler.h"
#include "edge/loop/loop.h"

namespace support {

/// The `size` bytes that bodies of TestMaker hold.
std::string pattern(std::size_t size);

/// Answers by path; N is a number of bytes.
///   /fixed/N    a body of N bytes with its length
///   /chunked/N  the same without
///   /slow/N     N bytes in pieces, each in a turn of its own
///   /short/N    says N bytes and ends after half of them; /surplus/N: has one more than it says
///   /broken/N   fails after N bytes; /abort: aborts at once; /never: does not answer
///   /abort-late aborts right after it has answered; /large-head: 40 KB of fields
///   /echo       the request's body as it comes; /count: its size once it is over
///   /hold       takes the body and gives no credit back
///   /late/N     403 once N bytes of the body are there, of which no credit is given back
///   /early      403 at once, without a look at the body
///   /hints      103, then 204
///   /inject     a value with CR LF in it
///   /trailers   a body with trailer fields
class TestMaker final : public http::HandlerMaker {
 public:
  explicit TestMaker(loop::Loop& loop) : loop_(loop) {}

  /// What one handler lived through. A copy.
  struct Life {
    http::RequestHead head{};
    http::ConnectionInfo connection{};
    std::size_t body_bytes = 0;
    bool body_ended = false;
    bool finished = false;
    bool destroyed = false;
    http::Delivery delivery{};
  };
  std::vector<Life> lives() const;
  /// Waits until `condition` holds for the lives so far; false after ten seconds.
  bool wait(const std::function<bool(const std::vector<Life>&)>& condition) const;
  /// All of `n` handlers have finished and are gone.
  bool wait_finished(std::size_t n) const;
  /// Bytes of the pattern that were taken for responses.
  std::uint64_t pulled() const { return pulled_; }

  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;

 private:
  friend class TestHandler;
  void change(std::size_t index, const std::function<void(Life&)>& change);

  loop::Loop& loop_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Life> lives_{};
  std::atomic<std::uint64_t> pulled_{0};
};

}  // namespace support
