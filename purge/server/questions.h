// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace purgeapi {

/// The id of the question that `text`, JSON, answers; nothing if it is no answer of a node.
std::optional<std::string> question_answered(std::string_view text);

/// Questions to the nodes that wait for answers. How they get there is the carrier's business; answers come
/// by POST /v1/nodes/NAME/verify, or through the log's engine. Owned by the Api; lives on its loop.
class Questions {
 public:
  /// The way to the nodes: the logs that they read.
  class Carrier {
   public:
    virtual ~Carrier() = default;
    /// To every node that can be reached now; `line` is a JSON object without line end.
    virtual void carry(const std::string& line) = 0;
  };
  /// Who has asked.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// `json` is what the node has sent; it may come twice.
    virtual void on_answer(const std::string& node, std::string json) = 0;
  };

  Questions(Carrier& carrier, std::size_t most) : carrier_(carrier), most_(most) {}

  /// A name for a question; empty if as many wait as are allowed. Until end(), which must come before its
  /// end, `listener` hears of the answers.
  std::string begin(Listener& listener);
  void carry(const std::string& line) { carrier_.carry(line); }
  void end(const std::string& id) { waiting_.erase(id); }
  /// False if nobody waits (any more).
  bool answer(const std::string& id, const std::string& node, std::string json);
  std::size_t most() const { return most_; }

 private:
  Carrier& carrier_;
  const std::size_t most_;
  std::map<std::string, Listener*> waiting_{};
};

}  // namespace purgeapi
