// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/table.h"

#include <algorithm>
#include <cstdio>

#include "tests/bench/bodies/usage.h"

namespace bodies {

void Table::add(std::size_t column, const std::string& row, double value, int digits) {
  auto at = std::ranges::find(rows_, row, &Row::name);
  if (at == rows_.end()) {
    at = rows_.insert(rows_.end(), {row, digits, std::vector<std::vector<double>>(columns_.size())});
  }
  at->values[column].push_back(value);
}

void Table::print() const {
  std::printf("\n| |");
  for (std::size_t i = 0; i < columns_.size(); ++i)
    std::printf(" %s |%s", columns_[i].c_str(), i ? " ratio |" : "");
  std::printf("\n|---|");
  for (std::size_t i = 0; i < 2 * columns_.size() - 1; ++i) std::printf("---:|");
  std::printf("\n");
  for (const Row& row : rows_) {
    std::printf("| %s |", row.name.c_str());
    const double first = at_part(row.values[0], 0.5);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const double median = at_part(row.values[i], 0.5);
      std::printf(" %.*f |", row.digits, median);
      if (i == 0) continue;
      if (first != 0)
        std::printf(" %.2f |", median / first);
      else
        std::printf(" |");
    }
    std::printf("\n");
  }
}

}  // namespace bodies
