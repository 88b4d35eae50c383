// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/metrics_text.h"

#include <algorithm>
#include <cstdlib>

namespace harness {

double metric(std::string_view text, std::string_view name, const std::vector<std::string>& labels) {
  double sum = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name)) continue;
    const std::string_view rest = line.substr(name.size());
    if (!rest.starts_with(' ') && !rest.starts_with('{')) continue;
    const bool all = std::ranges::all_of(
        labels, [&](const std::string& l) { return rest.find(l) != std::string_view::npos; });
    if (all) sum += std::strtod(std::string(line.substr(line.rfind(' ') + 1)).c_str(), nullptr);
  }
  return sum;
}

}  // namespace harness
