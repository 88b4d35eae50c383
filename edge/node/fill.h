// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/base/executor.h"
#include "edge/base/wakeup.h"
#include "edge/http/exchange.h"
#include "edge/node/context.h"
#include "edge/node/decoded.h"
#include "edge/node/purge_clock.h"
#include "edge/node/request_body.h"
#include "edge/policy/range.h"
#include "edge/policy/storing.h"
#include "origin/fetch/fetch.h"

namespace node {

/// A part of an object, to be fetched and kept by itself.
struct PartOrder {
  std::string range{};        ///< the Range field
  policy::ByteRange bytes{};  ///< what it asks for; meaningless for a fragment
  bool fragment = false;      ///< a suffix: where it begins is not known
  std::uint64_t bytes_max = 0;
  std::string etag{};         ///< of the whole that it must be of; empty: of whichever there is
  store::Key whole_key{};     ///< of what it is a part of: remembered as uncacheable if the answer says so
  store::Key none_key{};      ///< marked if the origin gives no parts
};

/// What a fill is asked to do.
struct FillOrder {
  const Site* site = nullptr;               ///< of `config`
  std::shared_ptr<const Config> config{};
  const policy::TtlRule* rule = nullptr;    ///< of `config`; null: the request does not meet the cache
  http::RequestHead request{};              ///< of the client that led; its method decides
  http::ConnectionInfo connection{};
  policy::CacheKey cache_key{};
  store::Key base_key{};
  std::uint64_t generation = 0;             ///< of the Vary marker under base_key; 0: none
  std::vector<std::string> vary{};          ///< the marker's names
  store::ObjectRef stored{};                ///< stale copy: validated, or sent if the origin fails
  bool validate = false;                    ///< send `stored`'s validators
  bool cacheable = true;                    ///< false: pass through whatever comes
  std::optional<PartOrder> part{};
  bool background = false;                  ///< goes on without readers as long as it is kept
  bool alone = false;                       ///< its fetch is not in the table
  bool pass = false;                        ///< not expected to be kept: see http::ClientRequest
  std::shared_ptr<RequestBody> body{};      ///< of the client's request
  std::optional<ClockPlace> clock{};        ///< how far the edge is that asked, if it is one
  std::function<void(const http::ResponseHead&)> inform{};  ///< takes interim responses; outlives its request
};

/// The writing side of one fetch: talks to the origin, judges the response, feeds the fetch's window and both tiers, keeps the budgets
/// by pausing the origin. Owned by its loop's Fills; lives until the response is in (and on disk), or failed, or nobody wants it.
class Fill final : private http::ExchangeListener {
 public:
  Fill(Context& context, std::shared_ptr<fetch::Fetch> fetch, FillOrder order);
  ~Fill() override;

  /// Starts the exchange. Called once by Fills.
  void start();
  purge::Stamp stamp() const { return fetch_->stamp(); }
  bool done() const { return done_; }
  /// Whether something may yet come of it that is stored: not of a response that is only passed on.
  bool may_store() const { return !done_ && (keeping_ || fetch_->view().state == fetch::Fetch::State::Waiting); }

 private:
  void on_informational(http::ResponseHead head) override;
  void on_head(http::ResponseHead head) override;
  http::Flow on_data(std::string_view bytes) override;
  void on_trailers(http::Fields fields) override;
  void on_end(std::optional<http::ExchangeError> error) override;
  bool on_slow() override;

  void send(bool validate);
  std::string own_clock() const;
  void take_clock(http::Fields& fields);
  void on_whole_head(http::ResponseHead head);
  void on_part_head(http::ResponseHead head);
  void on_no_part(http::ResponseHead head);
  void open_part(const http::ResponseHead& head, const policy::ContentRange& range, const policy::TtlRule& rule);
  void put_sliced_head();
  void give_up_part(fetch::Fetch::NoPart kind, const std::string& why);
  void on_not_modified(const http::ResponseHead& head);
  bool may_keep() const;
  bool may_answer_stale() const;
  bool is_alive(const store::Object& object) const;
  void answer_stale_or_fail(base::Error error, std::optional<int> status);
  void open_shared(const http::ResponseHead& head, const policy::TtlRule& rule);
  void open_unkept(http::ResponseHead head, fetch::Fetch::Sharing sharing);
  void pace_by_readers();
  void forget_stored();
  void mark_pass();
  void pause_retries();
  void name_whole(const http::ResponseHead& head);
  policy::StoredResponse signpost(policy::StoredResponse::Kind kind) const;
  void put_alias(std::uint64_t generation, const std::string& variant);
  void enter_table();
  std::uint64_t generation_of(const std::vector<std::string>& names);
  std::uint64_t put_marker(std::vector<std::string> names);
  bool too_large(std::optional<std::uint64_t> bytes) const;
  bool worth_keeping();
  bool wanted_again() const;
  bool crowded() const;
  void begin_large();
  void store_full_chunks();
  void store_chunk(std::uint32_t index);
  void write_chunk(std::uint32_t index);
  void commit(std::shared_ptr<store::Object> object);
  void on_chunk_stored(std::uint32_t index, const base::Result<void>& stored);
  void stop_storing();
  void finish_whole();
  void take_body(store::Object& object);
  void finish_large();
  void drop_if_retired(const store::Object& object);
  void look_again();
  bool window_full() const;
  void watch_laggards();
  bool worth_finishing() const;
  void leave_table();
  void end();

  Context& context_;
  std::shared_ptr<fetch::Fetch> fetch_;
  FillOrder order_;
  const std::uint64_t whole_max_;          ///< node::whole_max
  std::unique_ptr<http::Exchange> exchange_{};
  std::unique_ptr<store::DiskWrite> write_{};
  policy::StoredResponse response_{};
  store::Key key_{};                       ///< under which the object goes into the cache
  std::string key_text_{};
  store::ObjectId id_ = 0;
  store::ObjectRef kept_{};                ///< what the response has become in the cache
  std::optional<std::uint64_t> total_{};
  std::optional<std::uint64_t> due_{};     ///< bytes that Content-Range has promised
  std::uint32_t chunks_put_ = 0;
  base::Wall request_time_{};
  base::Steady request_sent_{};
  http::Fields sent_fields_{};             ///< before validators were added
  std::string variant_{};                  ///< of this request, under the response's Vary
  bool validating_ = false;
  bool keeping_ = false;
  bool paused_ = false;
  bool received_ = false;                  ///< the origin's part is over
  bool done_ = false;
  base::Timer laggards_;  ///< how long the slowest may still hold back the others
  base::Wakeup wakeup_;
  base::Anchor anchor_{};
};

}  // namespace node
