// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace origin {

/// Why a request gets no success: the status to send and, as its body, what was found and what is allowed.
struct Refusal {
  int status = 500;
  std::string text{};
};

template <typename T>
using Outcome = std::expected<T, Refusal>;

/// `return refuse(404, "no such file");`
[[nodiscard]] std::unexpected<Refusal> refuse(int status, std::string text);
/// A failed system call on the file `name`: `number` (an errno value) chooses the status.
[[nodiscard]] std::unexpected<Refusal> refuse_system(const std::string& what, const std::string& name,
                                                     int number);

}  // namespace origin
