// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace base {

/// What kind of failure an Error is: enough to choose a reaction. The words are in Error::text.
enum class Errc {
  Invalid,      ///< the caller's input is wrong
  NotFound,     ///< the thing named does not exist
  Exists,       ///< the thing named exists already
  Denied,       ///< not allowed
  Limit,        ///< a configured bound was reached
  Busy,         ///< try again later
  Timeout,      ///< a time limit ran out
  Unavailable,  ///< the other side cannot be reached
  Protocol,     ///< the other side broke its protocol
  Corrupt,      ///< stored bytes are not what was written
  Cancelled,    ///< given up by the one who asked
  System,       ///< an operating system call failed
};

/// Name of `code` for logs and metrics, e.g. "timeout".
const char* name_of(Errc code);

/// An expected failure. Thrown never, returned always (std::expected).
struct Error {
  Errc code = Errc::Invalid;
  std::string text{};  ///< a whole sentence: what was found, where, what is allowed
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return fail(Errc::NotFound, "no such site 'x'");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string text) {
  return std::unexpected(Error{code, std::move(text)});
}

/// A failed system call: appends the text of `number` (an errno value).
[[nodiscard]] std::unexpected<Error> fail_system(std::string what, int number);

}  // namespace base
