// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/harness.h"

namespace harness {

/// The three daemons with configurations that a test spoils. "@/" in a text stands for the rig's folder,
/// where there are www.pem and www.key, other.pem and other.key, old.pem (with www.key, expired), ca.pem, a
/// file called "file" and a folder "root". One thread.
class ConfigurationRig {
 public:
  ConfigurationRig();

  /// A configuration for `program` that is good.
  static std::string good(const std::string& program);

  struct Ended {
    std::optional<int> code{};         ///< nothing: it went on running
    std::vector<std::string> lines{};  ///< what it has printed
  };
  /// Writes `text` to config_file() and runs `program` with it: to check it, or to start.
  Ended check(const std::string& program, const std::string& text);
  Ended start(const std::string& program, const std::string& text);
  /// check() and start() side by side.
  std::vector<Ended> both(const std::string& program, const std::string& text);

  std::string config_file() const { return folder_ / "daemon.toml"; }
  /// `text` with the folder's name in it.
  std::string expanded(const std::string& text) const;
  /// "FILE:LINE:COLUMN: " of where `mark` is in the expanded text: of its first character, or the one after a
  /// "|".
  std::string place(const std::string& text, const std::string& mark) const;
  std::string path(const std::string& name) const { return folder_ / name; }

 private:
  std::vector<Ended> run(std::vector<std::vector<std::string>> commands, const std::string& text);
  std::vector<std::string> to_check(const std::string& name) const;
  std::vector<std::string> to_start(const std::string& name) const;

  TempFolder folder_;
  int runs_ = 0;
};

/// A fault: in the good configuration of `program`, `from` becomes `to`; then the one line that is printed
/// names the place of `at` and contains all of `says`.
struct Spoilt {
  std::string name{};
  std::string program{};
  std::string from{};
  std::string to{};
  std::string at{};
  std::vector<std::string> says{};
};
inline void PrintTo(const Spoilt& spoilt, std::ostream* out) { *out << spoilt.program << " " << spoilt.name; }
std::vector<Spoilt> spoilt_edges();
std::vector<Spoilt> spoilt_origins();
std::vector<Spoilt> spoilt_purge_apis();
/// `text` with the first `from` made `to`; a failure of the test if there is none.
std::string changed(std::string text, const std::string& from, const std::string& to);

}  // namespace harness
