// SPDX-License-Identifier: Apache-2.0
#include "edge/base/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <sstream>
#include <unordered_map>

#include "edge/base/check.h"
#include "edge/base/process_metrics.h"

namespace metrics {

/// The families of one scrape, in the order in which they were first named.
struct Samples::Impl {
  std::vector<prometheus::MetricFamily> families;
  std::unordered_map<std::string, std::size_t> by_name;

  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const Labels& labels) {
    const auto [found, is_new] = by_name.try_emplace(name, families.size());
    if (is_new) families.push_back({name, help, type, {}});
    prometheus::MetricFamily& family = families[found->second];
    CHECK(family.type == type);
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (const auto& [label, value] : labels) metric.label.push_back({label, value});
    return metric;
  }
};

void Samples::counter(const std::string& name, const std::string& help, double value, const Labels& labels) {
  impl_.add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void Samples::gauge(const std::string& name, const std::string& help, double value, const Labels& labels) {
  impl_.add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void Samples::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                        const std::vector<std::uint64_t>& counts, double sum, const Labels& labels) {
  CHECK(counts.size() == bounds.size() + 1);
  auto& histogram = impl_.add(name, help, prometheus::MetricType::Histogram, labels).histogram;
  histogram.sample_count = counts.back();
  histogram.sample_sum = sum;
  // The serialiser adds the bucket for +Inf itself.
  for (std::size_t i = 0; i < bounds.size(); ++i) histogram.bucket.push_back({counts[i], bounds[i]});
}

struct Exporter::Impl {
  mutable std::mutex mutex;
  std::vector<std::function<void(Samples&)>> sources;
};

Exporter::Exporter() : impl_(std::make_unique<Impl>()) { add_source(sample_process); }
Exporter::~Exporter() = default;

void Exporter::add_source(std::function<void(Samples&)> source) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->sources.push_back(std::move(source));
}

std::string Exporter::text() const {
  Samples::Impl collected;
  Samples samples(collected);
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& source : impl_->sources) source(samples);
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collected.families);
  return std::move(out).str();
}

}  // namespace metrics
