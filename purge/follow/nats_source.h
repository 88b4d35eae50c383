// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "edge/base/executor.h"
#include "purge/follow/log_source.h"
#include "purge/nats/link.h"

namespace purge {

/// The log's stream itself, over NATS: entries come with their stream sequence as the stream puts them out;
/// what was missed is asked for by number, so that a gap is seen and closed at once. Acknowledgements and
/// answers are words to all replicas of the API. The newest entry that was handed over is looked at again
/// with each beat, and compared with what comes under its number: if the stream has another one there, it
/// went back. NATS calls are made on a thread of its own.
class NatsSource final : public LogSource {
 public:
  struct Options {
    nats::Access access{};
    std::string stream{};
    std::string node{};
    std::chrono::milliseconds beat{3'000};  ///< so often the stream is asked where it is
  };
  NatsSource(base::Executor& home, Options options, Sink& sink);
  /// Says to the API that this node is gone.
  ~NatsSource() override;

  void connect(Sequence after, const std::string& log_id, std::optional<std::uint64_t> digest) override;
  void disconnect() override;
  void resume() override;
  void tell(Sequence applied, const std::string& log_id) override;
  bool answer(const std::string& json) override;

 private:
  struct Stream;
  std::unique_ptr<Stream> impl_;
};

}  // namespace purge
