// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// What a program shows at /metrics, in Prometheus' text form (prometheus-cpp serialises). Hot paths count in plain per-loop fields of
/// their own; a source registered here reads them when asked, so counting costs no shared cache line.
namespace metrics {

using Labels = std::map<std::string, std::string>;

/// Collects samples during one scrape.
class Samples {
 public:
  void counter(const std::string& name, const std::string& help, double value, const Labels& labels = {});
  void gauge(const std::string& name, const std::string& help, double value, const Labels& labels = {});
  /// Cumulative counts for `bounds` (ascending) and one more for +Inf; `sum` of all observations.
  void histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                 const std::vector<std::uint64_t>& counts, double sum, const Labels& labels = {});

 private:
  friend class Exporter;
  struct Impl;
  explicit Samples(Impl& impl) : impl_(impl) {}
  Impl& impl_;
};

/// Registered sources in, text out. Any thread; sources are called on the thread that scrapes, one scrape at a time.
class Exporter {
 public:
  Exporter();
  ~Exporter();
  void add_source(std::function<void(Samples&)> source);
  /// The exposition text, with process metrics (resident memory, open descriptors, CPU seconds, start time).
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metrics
