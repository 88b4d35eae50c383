// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/message.h"
#include "edge/node/api_post.h"
#include "edge/node/purge_clock.h"
#include "edge/policy/stored_response.h"
#include "store/object/object.h"

namespace node {

class Node;
struct Site;

/// What the purge API asks of all nodes: which copies of a URL they hold.
struct VerifyQuestion {
  std::string id{};
  std::string site{};
  std::string url{};
  http::Fields fields{};   ///< choose one variant; empty: all that are known
  purge::Sequence at = 0;  ///< to be answered when that much is applied, if it is in time
  std::chrono::milliseconds limit{};
};
/// Nothing if `json` is no such question.
std::optional<VerifyQuestion> parse_verify_question(std::string_view json);

/// Looks for the answer to one question in both tiers: the URL's copies under either scheme, their variants
/// (those stored since the start, and the one that the question's fields choose) and slices. Of each copy it
/// tells what the ledger says of it when asked anew, and what a request would be told. Lives on the control
/// loop; destroying it cancels.
class Verification {
 public:
  using Done = std::move_only_function<void(std::string json)>;
  /// `done` is called once, never from within here; it may destroy this.
  Verification(Node& node, VerifyQuestion question, Done done);

 private:
  struct Place {
    store::Key key{};
    std::string variant{};
  };
  struct Copy {
    const char* tier = "";
    std::string variant{};
    purge::Sequence fill = 0;
    purge::Sequence purged = 0;  ///< by the newest purge that matches it
    purge::Verdict verdict{};
  };
  void begin();
  void add(const store::Key& key, std::string variant);
  void look();
  void note(const store::Object& object, const char* tier, const std::string& variant);
  void add_variants(const store::Object& marker);
  void add_slices(const store::Object& head);
  std::string answer() const;

  Node& node_;
  const VerifyQuestion question_;
  Done done_;
  http::RequestHead asked_{};
  const Site* site_ = nullptr;
  std::set<store::Key> seen_{};
  std::deque<Place> places_{};  ///< still to be looked at
  std::size_t holds_ = 0;
  std::size_t stale_ = 0;
  std::size_t dead_ = 0;
  std::vector<Copy> copies_{};
  std::unique_ptr<ClockWait> wait_{};
  base::Anchor anchor_{};
};

/// Answers the questions that come with the log. Control loop; destroying it gives up those under way.
class Verifier {
 public:
  /// Takes an answer the way that the log comes; false: it is to be posted to the API.
  using Way = std::function<bool(const std::string& json)>;
  Verifier(Node& node, http::ExchangeMaker& client, std::shared_ptr<const http::ServerOptions> server,
           Way way);
  ~Verifier();
  void ask(std::string_view json);

 private:
  struct UnderWay {
    std::unique_ptr<Verification> verification{};
    std::unique_ptr<ApiPost> post{};
    base::Duration limit{};
  };
  void send(UnderWay& one, std::string json);
  void end(UnderWay& one);

  Node& node_;
  http::ExchangeMaker& client_;
  const std::shared_ptr<const http::ServerOptions> server_;
  const Way way_;
  std::list<std::unique_ptr<UnderWay>> under_way_{};
  base::Anchor anchor_{};
};

}  // namespace node
