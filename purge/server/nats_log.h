// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "purge/nats/link.h"
#include "purge/nats/stream.h"
#include "purge/server/purge_log.h"

namespace purgeapi {

/// The engine on NATS JetStream: the log is a stream (file storage, as many replicas as set), an entry's
/// number is its number there, and a purge is answered once the stream has acknowledged it. This process
/// keeps nothing: any number of them write and read the same stream, hear of each other's entries from it,
/// and tell each other what they hear of nodes. All NATS calls are made on a thread of its own.
class NatsLog final : public PurgeLog {
 public:
  struct Options {
    nats::Access access{};
    nats::StreamSettings stream{};
    std::chrono::milliseconds publish_limit{5'000};  ///< until a purge that is not acknowledged is given up
    std::chrono::milliseconds open_limit{30'000};    ///< until an open that finds no stream is given up
    std::chrono::milliseconds silence{10'000};       ///< without word from the stream: out of touch
    std::size_t held_bytes = 64U << 20;              ///< of entries in memory
    std::size_t queued_max = 10'000;                 ///< requests not yet acknowledged
    bool operator==(const Options&) const = default;
  };

  /// Blocks until the stream is there. Makes it, or gives it the settings, if need be.
  static base::Result<std::unique_ptr<NatsLog>> open(const Options& options);
  ~NatsLog() override;

  void listen(base::Executor& home, Listener* listener) override;
  std::string log_id() const override;
  Bounds bounds() const override;
  bool in_touch() const override;
  std::vector<KnownNode> nodes() const override;
  void append(Append request, base::Executor& home, Appended appended) override;
  bool keep_node(KnownNode node) override;
  bool forget_node(std::string name) override;
  void read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) override;
  void tell(const NodeWord& word) override;
  void carry(const std::string& line) override;

 private:
  struct Impl;
  explicit NatsLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace purgeapi
