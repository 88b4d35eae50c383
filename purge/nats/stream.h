// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "purge/nats/link.h"

namespace nats {

/// The stream's name: 1 to 32 letters, digits, '_' and '-'. It is part of all subjects.
bool is_stream_name(std::string_view name);

/// How the stream is made, or changed to, by who writes it.
struct StreamSettings {
  std::string name = "SELVAGE_PURGES";
  unsigned replicas = 1;
  std::uint64_t entries_max = 1'000'000;
  std::uint64_t bytes_max = 1ULL << 30;                 ///< the servers set so much of their storage aside
  std::chrono::milliseconds age_max{0};                 ///< 0: for ever
  std::chrono::milliseconds duplicate_window{600'000};  ///< as long is a message's id known
  bool operator==(const StreamSettings&) const = default;
};

/// Where the stream is, as its leader says. `log_id` comes of its name and of the time when it was made, so
/// that one that is made anew is another log.
struct Place {
  std::string log_id{};
  std::uint64_t oldest = 1;  ///< head + 1 if it holds nothing
  std::uint64_t head = 0;
  std::string last_at{};  ///< when `head` was stored, as the server writes it; may be empty
};

/// The subjects that belong to a stream of purges.
struct Subjects {
  explicit Subjects(const std::string& stream)
      : purges("selvage." + stream + ".purges"),
        log("selvage." + stream + ".log"),
        words("selvage." + stream + ".words"),
        hello("selvage." + stream + ".hello"),
        questions("selvage." + stream + ".questions"),
        answers("selvage." + stream + ".answers"),
        nodes("selvage." + stream + ".nodes.") {}
  std::string purges;     ///< into the stream
  std::string log;        ///< each message again, with its number, once it is in the stream
  std::string words;      ///< what nodes and replicas tell each other of nodes; not kept
  std::string hello;      ///< somebody wants to hear all words
  std::string questions;  ///< to all nodes, as lines of the log; not kept
  std::string answers;    ///< of nodes that follow the stream themselves
  std::string nodes;      ///< + NAME: what is remembered of a node, in a stream of its own
};

/// What the JetStream API is asked, over a link: no answer blocks, all of them come on the link's thread.
/// They are not called after the stream's end. Owned by who owns the link.
class Stream {
 public:
  template <typename T>
  using Answer = std::move_only_function<void(base::Result<T>)>;
  using Done = std::move_only_function<void(base::Status)>;
  struct Stored {
    std::uint64_t sequence = 0;
    bool duplicate = false;  ///< the id was known: it is the first one's number
  };

  Stream(Link& link, const std::string& name);

  const Subjects& subjects() const { return subjects_; }
  /// Makes the stream, and the one for nodes, or gives them these settings.
  void make(const StreamSettings& settings, Done done);
  void ask_place(Answer<Place> answer);
  /// Once it is stored, with as many replicas as the stream has. `id` may be empty.
  void publish(std::string_view payload, const std::string& id, Answer<Stored> answer);
  /// The payload of one message. Errc::NotFound if there is none of that number.
  void get(std::uint64_t sequence, Answer<std::string> answer);
  /// Remembers `payload` of a node in place of what was remembered before.
  base::Status put_node(const std::string& name, std::string_view payload);
  /// What is remembered of all nodes, payload by payload.
  void all_nodes(Answer<std::vector<std::string>> answer);

 private:
  void configure(std::string config, const std::string& name, bool update, Done done);
  void next_node(std::uint64_t from, std::vector<std::string> found, Answer<std::vector<std::string>> answer);
  void ask(const std::string& what, const std::string& payload, Answer<std::string> answer);

  Link& link_;
  const std::string name_;
  const std::string api_;
  const Subjects subjects_;
  base::Anchor anchor_{};
};

/// base64 (RFC 4648 section 4); empty if it is none.
std::string from_base64(std::string_view text);

}  // namespace nats
