// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "edge/base/chunk.h"
#include "edge/base/error.h"
#include "edge/base/wakeup.h"
#include "edge/policy/stored_response.h"
#include "store/disk/disk.h"
#include "store/object/object.h"

namespace fetch {

/// One exchange with the origin that any number of requests share, on any loops. The fill (node::Fill) is its only writer and
/// works on one loop; readers attach, are woken when there is more, and read at their own pace. Bytes are kept in a window of chunks;
/// what has left the window at its old end is on disk (kept fetches) or was read by all (the others). Shared by the fetch table, the
/// fill and the readers. All members may be called from any thread unless said otherwise.
class Fetch {
 public:
  enum class State : std::uint8_t {
    Waiting,    ///< no head yet
    Streaming,  ///< head is there, body comes
    Complete,   ///< body is whole
    Answered,   ///< no body of its own: `object` is the answer (revalidated, or stale in place of an error)
    Failed,     ///< see `error`; before or after the head
  };
  /// Why a fetch of a part failed that the origin has answered.
  enum class NoPart : std::uint8_t {
    No,            ///< it is another failure
    Unfit,         ///< the origin gives no parts of this that could be kept
    ForOne,        ///< the answer is for this one request
    OtherVersion,  ///< of the version asked for there is none any more, or the whole is on its way
  };
  /// Who may read.
  enum class Sharing : std::uint8_t {
    All,      ///< every reader
    Waiters,  ///< who was there before the head: an error of the origin, which asking again would make worse
    Lead,     ///< only the request that began it: the answer is not for the cache
  };

  struct View {
    State state = State::Waiting;
    Sharing sharing = Sharing::All;
    std::shared_ptr<const policy::StoredResponse> head{};
    std::optional<std::uint64_t> total{};  ///< length of the body, once known
    store::ObjectRef object{};             ///< Answered; or settled: what the body has become in the cache, if it is kept
    bool stale = false;                    ///< Answered: sent although the origin failed, see `error`
    std::optional<int> failed_status{};    ///< Answered, stale: the error's status, if the origin sent one
    bool kept = false;                     ///< goes into the cache
    std::shared_ptr<const http::Fields> trailers{};  ///< Complete: that came after the body; null if none did
    bool settled = false;                  ///< the fill is over: the object can be found, or there is none
    std::string variant{};                 ///< policy::variant_text of the request that led; empty without Vary
    base::Error error{};
    NoPart no_part = NoPart::No;           ///< Failed
    base::Steady head_at{};
  };

  /// `key` is what the fetch was begun for: the base key, or a variant's. `stamp`: the purge clock before the request was sent.
  /// `sent_after`: a later place of that clock, which whoever began the fetch had come to; 0: none.
  Fetch(store::Key key, std::string key_text, std::uint64_t stamp, std::uint64_t sent_after = 0)
      : key_(key), key_text_(std::move(key_text)), stamp_(stamp), sent_after_(sent_after) {}
  ~Fetch();
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  const store::Key& key() const { return key_; }
  const std::string& key_text() const { return key_text_; }
  std::uint64_t stamp() const { return stamp_; }
  std::uint64_t sent_after() const { return sent_after_; }

  // ---- the fill's side ----

  /// Called whenever readers come, go or make room; set once before the fetch is shared.
  void set_writer(base::Wakeup::Sender writer) { writer_ = std::move(writer); }
  /// Where the bytes in the window are counted, for as long as they are there; outlives the fetch.
  void set_account(std::atomic<std::uint64_t>& bytes);
  /// The head is in. `kept`: chunks stay until released; otherwise until all readers have read them.
  void open(std::shared_ptr<const policy::StoredResponse> head, Sharing sharing, bool kept,
            std::optional<std::uint64_t> total, std::string variant, base::Steady at);
  /// Names the stored chunks: those that have left the window are read from disk under this name.
  void set_stored(store::Key key, store::ObjectId id);
  /// From now on nothing more is kept (the store failed, the object is too large): readers hold the window back.
  void stop_keeping();
  /// Appends body bytes. Writer's thread only.
  void append(std::string_view bytes);
  /// A full (or, after complete(), the last) chunk, for storing. Writer's thread only; must be in the window.
  base::ChunkRef chunk(std::uint32_t index);
  /// Chunk `index` can be read from disk.
  void release(std::uint32_t index);
  /// Before complete(): for who reads the body to its end. They are not stored (RFC 9110 6.5.1).
  void set_trailers(http::Fields fields);
  void complete();
  /// The fill is over. `object`: what it has stored, findable now; null if nothing.
  void settle(store::ObjectRef object);
  /// Holds the stored object against eviction for as long as anyone holds this fetch.
  void set_pin(store::PinRef pin);
  /// The object was revalidated.
  void answer(store::ObjectRef object, base::Steady at);
  /// The object is sent stale, in place of an error.
  void answer_stale(store::ObjectRef object, base::Error error, std::optional<int> status, base::Steady at);
  void fail(base::Error error, NoPart no_part = NoPart::No);
  /// Ends, as failed, the readers for whose sake the window does not move: those in its older half or behind
  /// it, if another has read all that has come. Not for kept fetches. Answers how many.
  std::size_t cut_laggards();

  std::uint64_t body_bytes() const;    ///< that have come so far
  std::uint64_t window_bytes() const;  ///< that are held in the window
  std::size_t readers() const;
  /// Whether more than one request has ever read it.
  bool was_shared() const;

  // ---- the readers' side ----

  View view() const;
  /// A result that is old: no request that comes from now on should use it.
  void retire() { retired_.store(true, std::memory_order_release); }
  bool retired() const { return retired_.load(std::memory_order_acquire); }

  enum class Read : std::uint8_t { Data, Later, End, Failed, OnDisk };

  /// One request's place in the body. Lives and dies on the request's loop.
  class Reader {
   public:
    /// `wake` is signalled whenever the fetch has changed.
    Reader(std::shared_ptr<Fetch> fetch, base::Wakeup::Sender wake);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    Fetch& fetch() const { return *fetch_; }
    const std::shared_ptr<Fetch>& shared() const { return fetch_; }
    /// Bytes at `offset`, at most `max`, at most to the end of a chunk. OnDisk: the chunk has left the window (kept fetches only).
    Read read(std::uint64_t offset, std::size_t max, base::Slice& out);
    /// All before `offset` has been read: the window may move.
    void advance(std::uint64_t offset);
    store::Key stored_key() const;
    store::ObjectId stored_id() const;

   private:
    std::shared_ptr<Fetch> fetch_;
    struct Place;
    std::list<Place>::iterator place_;
    friend class Fetch;
  };

 private:
  void signal_readers();
  void trim_window();
  std::uint64_t held_bytes() const;
  void account();

  const store::Key key_;
  const std::string key_text_;
  const std::uint64_t stamp_;
  const std::uint64_t sent_after_;
  base::Wakeup::Sender writer_{};
  std::atomic<bool> retired_{false};

  base::ChunkRef filling_{};  ///< writer's thread only: the last chunk

  mutable std::mutex mutex_;
  // All below under mutex_.
  View view_{};
  std::deque<base::ChunkRef> window_{};
  std::deque<bool> released_{};          ///< beside window_: is on disk
  std::uint32_t window_first_ = 0;       ///< index of the first chunk in the window
  std::uint64_t published_ = 0;
  std::atomic<std::uint64_t>* account_ = nullptr;
  std::uint64_t accounted_ = 0;  ///< of the bytes in account_
  store::Key stored_key_{};
  store::ObjectId stored_id_ = 0;
  store::PinRef pin_{};
  std::list<Reader::Place> readers_{};
  std::uint64_t readers_ever_ = 0;
};

struct Fetch::Reader::Place {
  base::Wakeup::Sender wake;
  std::uint64_t offset = 0;
  bool cut = false;
};

}  // namespace fetch
