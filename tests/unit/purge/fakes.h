// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/http/exchange.h"
#include "purge/follow/follower.h"
#include "purge/follow/log_line.h"

namespace purge {

/// Exchanges whose server is the test.
class ScriptedMaker final : public http::ExchangeMaker {
 public:
  struct Call {
    std::string method{};
    std::string url{};
    std::string authorization{};
    std::string digest{};  ///< kDigestField
    std::string body{};
    http::ExchangeListener* listener = nullptr;
    bool open = true;
    int resumed = 0;

    void say(std::string_view bytes) { listener->on_data(bytes); }
    /// The whole of a short answer.
    void answer(int status) {
      listener->on_head({.status = status});
      if (open) listener->on_end({});
    }
    void fail() { listener->on_end(http::ExchangeError{.error = {base::Errc::Unavailable, "refused"}}); }
  };

  std::unique_ptr<http::Exchange> start(http::ClientRequest request,
                                        http::ExchangeListener& listener) override {
    auto call = std::make_shared<Call>();
    call->method = request.method;
    call->url = request.url;
    call->authorization = request.fields.get("authorization").value_or("");
    call->digest = request.fields.get(kDigestField).value_or("");
    call->listener = &listener;
    while (request.body) {
      char room[7];
      const http::BodyPiece piece = request.body(room, sizeof room);
      call->body.append(room, piece.bytes);
      if (piece.end) break;
    }
    calls.push_back(call);
    return std::make_unique<Running>(std::move(call));
  }

  /// The running exchange of that method; null if there is none.
  std::shared_ptr<Call> running(std::string_view method) const {
    for (const auto& call : calls) {
      if (call->open && call->method == method) return call;
    }
    return nullptr;
  }
  std::size_t count(std::string_view method) const {
    std::size_t sum = 0;
    for (const auto& call : calls) sum += call->method == method;
    return sum;
  }

  std::vector<std::shared_ptr<Call>> calls{};

 private:
  struct Running final : http::Exchange {
    explicit Running(std::shared_ptr<Call> its) : call(std::move(its)) {}
    ~Running() override { call->open = false; }
    void resume() override { ++call->resumed; }
    void body_ready() override {}
    void set_pass(bool) override {}
    std::shared_ptr<Call> call;
  };
};

/// A store that keeps when the test says so.
class ScriptedStore final : public LedgerStore {
 public:
  struct Op {
    bool restart = false;
    LedgerPlace place{};
    std::size_t rows = 0;
    std::move_only_function<void(base::Status)> kept{};
  };
  void keep(LedgerPlace place, std::vector<Ledger::Row> rows, base::Executor&,
            std::move_only_function<void(base::Status)> kept) override {
    ops.push_back({false, std::move(place), rows.size(), std::move(kept)});
  }
  void restart(LedgerPlace place, base::Executor&,
               std::move_only_function<void(base::Status)> kept) override {
    ops.push_back({true, std::move(place), 0, std::move(kept)});
  }
  void forget(Stamp, std::shared_ptr<const Ledger::Names>) override { ++forgets; }
  int forgets = 0;
  void keep_one() {
    Op op = std::move(ops.front());
    ops.pop_front();
    op.kept({});
  }
  void keep_all() {
    while (!ops.empty()) keep_one();
  }
  std::deque<Op> ops{};
};

/// Lower-cases hosts only as far as tests need: strips the scheme.
inline std::string without_scheme(std::string_view, std::string_view url) {
  const std::size_t at = url.find("://");
  return std::string(at == std::string_view::npos ? url : url.substr(at + 3));
}

inline Purge url_purge(std::string url, bool soft = false) {
  return {.site = "www", .kind = Kind::Urls, .names = {std::move(url)}, .soft = soft};
}

}  // namespace purge
