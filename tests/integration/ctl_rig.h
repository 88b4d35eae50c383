// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/harness.h"

namespace harness {

/// The exit codes that selvagectl --help promises.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;
inline constexpr int kNotYet = 4;

/// Runs selvagectl in an environment that says nothing of Selvage but what a test sets. One thread.
class CtlRig {
 public:
  explicit CtlRig(std::string folder) : folder_(std::move(folder)) {}

  struct Ran {
    std::optional<int> code{};
    std::string out{};  ///< standard output
    std::string err{};  ///< standard error
    /// `out` as JSON; discarded if it is none.
    nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
  };
  Ran run(std::vector<std::string> arguments);
  /// The process alone, for a test that does something meanwhile.
  Process start(std::vector<std::string> arguments);
  std::map<std::string, std::string> environment{};
  std::string program{harness::program("selvagectl")};

 private:
  std::string folder_;
};

}  // namespace harness
