// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bodies {

/// Figures of all rounds; prints their medians as a Markdown table, with each column's ratio to the first.
class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  /// A figure of one round. Rows are printed in the order in which they are first named.
  void add(std::size_t column, const std::string& row, double value, int digits);
  void print() const;

 private:
  struct Row {
    std::string name{};
    int digits = 0;
    std::vector<std::vector<double>> values{};  ///< of each column, those of all rounds
  };
  std::vector<std::string> columns_;
  std::vector<Row> rows_{};
};

}  // namespace bodies
