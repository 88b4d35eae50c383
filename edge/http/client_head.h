// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/error.h"
#include "edge/http/message.h"

namespace http {

/// Makes heads and trailers of a response from the lines that curl hands over, one at a time, each with its
/// line end; HTTP/2 arrives in the same form. Stricter than curl about framing: what two readers could take
/// for different lengths is an error (RFC 9112 6.3). Framing and connection fields are taken out (RFC
/// 9110 7.6.1). Lives in one exchange, on its loop.
class HeadReader {
 public:
  enum class Event {
    More,           ///< the head (or the trailers) go on
    Informational,  ///< a 1xx head is complete and worth telling: take_head()
    Final,          ///< the final head is complete: take_head()
    Broken,         ///< error() says what is wrong
  };

  /// `limit` bounds the bytes of each head, and of the trailers.
  explicit HeadReader(std::size_t limit) : limit_(limit) {}

  Event line(std::string_view line);
  ResponseHead take_head() { return std::move(head_); }
  /// Whether the final head is complete: lines after it are trailers.
  bool complete() const { return complete_; }
  /// Whether anything of a head has come.
  bool begun() const { return begun_; }
  bool has_trailers() const { return complete_ && !lines_.empty(); }
  Fields take_trailers();
  const base::Error& error() const { return error_; }

 private:
  using Line = std::pair<std::string, std::string>;
  Event broken(base::Errc code, std::string text);
  Event status_line(std::string_view line);
  Event field_line(std::string_view line);
  Event end_of_head();
  /// The body's length as the fields say; false if they contradict each other.
  bool read_framing(std::optional<std::uint64_t>& length);
  Fields end_to_end_fields();

  std::size_t limit_;
  std::size_t bytes_ = 0;  ///< of the head that is being read
  bool begun_ = false;
  bool in_head_ = false;
  bool complete_ = false;
  int status_ = 0;
  unsigned interims_ = 0;  ///< 1xx heads so far
  Version version_ = Version::Http11;
  std::vector<Line> lines_;  ///< names in lower case
  ResponseHead head_;
  base::Error error_;
};

}  // namespace http
