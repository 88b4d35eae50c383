// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "purge/server/api_request.h"

namespace purgeapi {

/// GET /v1/log?after=N&node=NAME&log_id=ID, and GET /v1/standby/log for a standby, which gets all that is
/// kept of an entry, and what is known of nodes: one follower's long answer of JSON lines. It is read from
/// the log only as fast as the follower takes it, so that a slow one costs a bounded buffer; one that falls
/// behind the oldest entry is cut and starts over when it comes again. Who names the entry that it has last
/// (purge::kDigestField) starts over too if the log has another one under that number.
class LogStream final : public ApiRequest {
 public:
  explicit LogStream(Call call);
  ~LogStream() override;

  /// The log has grown.
  void on_head_moved() { read_on(); }
  /// One more line that is no entry, a JSON object without line end. Left out if the follower is too slow.
  void say(const std::string& line);
  /// What is remembered of a node, for a standby; forgotten with null.
  void note(const std::string& name, const KnownNode* node);
  /// Of the token that it takes.
  Role role() const { return standby_ ? Role::Standby : Role::Node; }
  /// No more lines: the answer ends.
  void end();
  std::optional<std::string_view> secret() const { return call().dialect->secret(call().head.fields); }

 private:
  class Source;

  void answer() override;
  std::optional<Refusal> understand();
  std::optional<Refusal> not_here();
  void tell_others();
  void add_notes();
  void begin();
  void compare();
  void answer_with(bool given_again);
  void read_on();
  void take(base::Result<std::vector<JournalEntry>> entries);
  void beat();
  http::Pull pull(std::size_t max, base::Slice& out);

  bool standby_ = false;
  std::string node_{};
  std::string log_id_{};                   ///< that the follower knows; may be empty
  Sequence sent_ = 0;                      ///< newest entry in `lines_` or before
  std::optional<std::uint64_t> digest_{};  ///< of the follower's entry `sent_`
  std::string lines_{};                    ///< not yet pulled, from `at_` on
  std::size_t at_ = 0;
  bool begun_ = false;
  bool reading_ = false;  ///< a read of the journal is under way
  bool ended_ = false;
  base::Timer heartbeat_;
  base::Anchor anchor_{};
};

}  // namespace purgeapi
