// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/executor.h"
#include "edge/base/wakeup.h"
#include "edge/http/handler.h"
#include "edge/node/answer.h"
#include "edge/node/coded.h"
#include "edge/node/context.h"
#include "edge/node/decoded.h"
#include "edge/node/fill.h"
#include "edge/node/purge_clock.h"
#include "edge/node/purge_method.h"
#include "edge/node/purge_words.h"
#include "edge/node/request_body.h"
#include "edge/node/slices.h"

namespace node {

/// One client request: the state machine from routing to the last byte, and nothing else: rules are in policy, bodies in Bytes, the
/// origin's side in Fill. Owned by its stream; destroying it cancels all that it waits for.
///
///   start -> route -> look up (memory, disk) -> judge -> send
///                        |                        |
///                        +--> wait for a fetch <--+--> (again, alone, or send)
class Request final : public http::Handler {
 public:
  Request(Context& context, const http::ConnectionInfo& connection, http::RequestHead head,
          http::ResponseWriter& writer);
  ~Request() override;

  void start() override;
  void on_body(std::string_view bytes) override;
  void on_body_end() override;
  void on_finished(const http::Delivery& delivery) override;

 private:
  enum class Phase : std::uint8_t { Routing, Reading, Waiting, Sending };

  // Routing.
  void pass();

  // Looking up: first the base key, then, if a Vary marker is there, the variant's.
  void look_up();
  void look_up_key(const store::Key& key, const std::string& text);
  void found(store::ObjectRef object);
  void found_marker(const policy::StoredResponse& marker);
  void found_alias(const policy::StoredResponse& alias);
  bool seek_by_language();
  const http::Fields& sent_fields();
  void not_found();
  policy::Situation situation_of(const policy::StoredResponse& response, purge::Verdict verdict) const;
  void judge(store::ObjectRef object, purge::Verdict verdict);

  // The purge clock of other edges (request_clock.cc).
  void take_peer();
  bool is_behind() const;
  bool awaits_clock();
  void pass_by();
  std::string told_peer() const;

  // Fetching.
  FillOrder make_order() const;
  http::RequestHead stripped_head() const;
  void join(store::ObjectRef stale, bool validate);
  void fetch_alone();
  void revalidate_alone(store::ObjectRef object);
  void revalidate_in_background(const store::ObjectRef& object);
  purge::Verdict verdict_of_fetch(const fetch::Fetch& fetch, const fetch::Fetch::View& view) const;
  bool may_join(const fetch::Fetch& fetch) const;
  void watch(std::shared_ptr<fetch::Fetch> fetch);
  void on_wake();
  void on_streaming(const fetch::Fetch::View& view);
  enum class Fit : std::uint8_t { Mine, Again, Alone };
  Fit fit(const fetch::Fetch::View& view);
  bool may_share(const policy::StoredResponse& response) const;
  void on_answered(const fetch::Fetch::View& view);
  void note_origin_time(const fetch::Fetch::View& view);
  void note_fetched(const fetch::Fetch::View& view);
  void on_failed(const fetch::Fetch::View& view);
  void send_origin_error(const base::Error& error);
  void look_up_again();

  // Parts (request_part.cc).
  bool may_seek_part();
  bool seeks_part();
  bool is_near(const fetch::Fetch::View& view, std::uint64_t come) const;
  void seek_fragment();
  void found_fragment(const store::ObjectRef& object);
  bool send_from_fragment(const store::ObjectRef& object, std::string_view etag);
  void ask_part();
  void without_part(fetch::Fetch::NoPart why);
  SliceSource slices_of(const policy::StoredResponse& head, std::string whole_text) const;
  void found_sliced(store::ObjectRef object, purge::Verdict verdict);
  void on_slices();
  void send_part(const fetch::Fetch::View& view);
  void send_slices(const policy::StoredResponse& head, const policy::CacheStatus& status);
  void send_fragment(const policy::StoredResponse& fragment, std::unique_ptr<Bytes> bytes,
                     std::optional<policy::ByteRange> run, policy::CacheStatus status);

  // Sending.
  std::unique_ptr<Bytes> bytes_of(const store::ObjectRef& object);
  AnswerFacts facts_of(std::optional<std::uint64_t> total, std::uint64_t seed) const;
  std::string_view shown_key() const {
    return rule_ != nullptr && site_->cache_status_key ? cache_key_.text : std::string_view();
  }
  void send_object(store::ObjectRef object, policy::CacheStatus status);
  void send_stored(const store::ObjectRef& object, const store::ObjectRef& coded, policy::CacheStatus status);
  void send_fetch(const fetch::Fetch::View& view);
  void send_error(int status, std::string text);
  void send_synthetic(Synthetic synthetic);

  Context& context_;
  const http::ConnectionInfo& connection_;
  http::RequestHead head_;
  http::ResponseWriter& writer_;
  std::shared_ptr<const Config> config_;
  const Site* site_ = nullptr;
  const policy::TtlRule* rule_ = nullptr;  ///< null: the request does not meet the cache
  policy::CacheControl directives_{};
  policy::CacheKey cache_key_{};
  store::Key base_key_{};
  store::Key key_{};                     ///< base_key_ or the variant's
  std::string key_text_{};
  http::Fields sent_fields_{};  ///< see sent_fields()
  std::vector<std::string> vary_{};
  std::uint64_t generation_ = 0;
  std::string own_variant_{};            ///< key text of the variant asked for, while one by language is looked at
  bool language_tried_ = false;
  bool alias_followed_ = false;
  Phase phase_ = Phase::Routing;
  bool leads_ = false;
  bool doubtful_ = false;                ///< joined a fetch that began before a purge whose tags are not known yet
  std::uint64_t slice_bytes_ = 0;
  std::optional<policy::OpenRange> wish_{};  ///< the one range that is asked for, where parts may be fetched
  bool part_sought_ = false;
  store::ObjectRef sliced_{};                ///< head of the object whose slices are being looked for
  std::unique_ptr<SlicedBytes> slices_{};
  bool fits_ = false;                    ///< the fetch's head was found to be this request's answer
  unsigned turns_ = 0;                   ///< look-ups begun anew
  bool from_peer_ = false;               ///< of an edge that we trust
  std::optional<ClockPlace> peer_place_{};  ///< what that has applied
  bool past_ = false;                    ///< it is ahead of us: the cache is passed by
  purge::Stamp past_stamp_ = 0;          ///< then: its place on our clock; 0: it has none
  std::unique_ptr<ClockWait> clock_wait_{};
  std::shared_ptr<fetch::Fetch::Reader> reader_{};
  std::shared_ptr<RequestBody> body_{};
  policy::CacheStatus status_{policy::Outcome::Synthetic};
  base::Steady begun_{};
  std::optional<base::Duration> origin_time_{};
  std::optional<base::Wakeup> wakeup_{};
  Coded coded_{context_};
  base::Anchor anchor_{};
};

/// Makes a Request for each client request of one loop, and a PurgeMethod for those that purge.
class RequestMaker final : public http::HandlerMaker {
 public:
  explicit RequestMaker(Context& context) : context_(context) {}
  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override {
    if (is_purge_method(head.method)) {
      return std::make_unique<PurgeMethod>(context_, connection, std::move(head), writer);
    }
    return std::make_unique<Request>(context_, connection, std::move(head), writer);
  }

 private:
  Context& context_;
};

}  // namespace node
