// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/executor.h"
#include "purge/nats/stream.h"
#include "purge/nats/witness.h"
#include "purge/server/purge_log.h"

namespace purgeapi {

/// Reads a stream of purges: the newest entries are held in memory as they come, older ones are asked of the
/// stream, many at a time. Requests are served one after the other, so that what one has fetched the next one
/// finds. Lives on the engine's thread.
class NatsReader {
 public:
  struct Options {
    std::size_t held_bytes = 64U << 20;  ///< of entries in memory
  };
  /// What the engine knows of the stream.
  class Host {
   public:
    virtual ~Host() = default;
    virtual PurgeLog::Bounds bounds() const = 0;
    /// Entry `sequence` is not there though it should be: asks the stream, then calls back.
    virtual void look_again(std::function<void()> looked) = 0;
    /// The log cannot be read from before `oldest` on.
    virtual void raise_oldest(Sequence oldest) = 0;
    /// Another purge has come under `sequence` than was there before: the stream has lost entries.
    virtual void went_back(Sequence sequence) = 0;
  };
  NatsReader(base::Executor& home, nats::Stream& stream, Host& host, Options options)
      : stream_(stream), host_(host), options_(options), timer_(home) {}

  /// An entry has come by itself.
  void hold(JournalEntry entry);
  /// The newest entry that is held; its print is its digest (purge::digest_of_entry).
  std::optional<nats::Witness::Entry> newest() const;
  /// It is another stream.
  void forget();
  /// `done` is called on the engine's thread.
  void read(Sequence from, std::size_t max_bytes, PurgeLog::Read done);

 private:
  struct Reading {
    Sequence from = 0;
    std::size_t max_bytes = 0;
    PurgeLog::Read done{};
    unsigned missed = 0;  ///< how often the first entry was not there
  };
  void next();
  void fetch(Sequence end);
  void fetched();
  void finish(base::Result<std::vector<JournalEntry>> result);
  void missing();
  std::vector<JournalEntry> at_hand() const;

  nats::Stream& stream_;
  Host& host_;
  const Options options_;
  std::map<Sequence, JournalEntry> held_{};
  std::size_t bytes_ = 0;
  std::deque<Reading> readings_{};  ///< the first is under way
  bool busy_ = false;
  std::map<Sequence, JournalEntry> got_{};  ///< for the first reading
  std::size_t left_ = 0;                    ///< answers it waits for
  base::Status status_{};                   ///< the worst of them
  base::Timer timer_;
  base::Anchor anchor_{};
};

/// The form of an entry in the stream: a line of the log without its number.
std::string nats_payload_of(const JournalEntry& entry);
base::Result<JournalEntry> entry_of_nats(Sequence sequence, std::string_view payload);
/// An entry's digest by its payload; nothing if it is not understood.
std::optional<std::uint64_t> print_of_nats(std::string_view payload);

}  // namespace purgeapi
