// SPDX-License-Identifier: Apache-2.0
#include "edge/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace metrics {
namespace {

using testing::HasSubstr;

TEST(Metrics, SamplesOfOneNameFormOneFamily) {
  Exporter exporter;
  exporter.add_source([](Samples& samples) {
    samples.counter("requests_total", "Requests.", 3, {{"protocol", "h2"}});
    samples.gauge("open", "Open connections.", 2);
  });
  exporter.add_source(
      [](Samples& samples) { samples.counter("requests_total", "", 4, {{"protocol", "h1"}}); });
  EXPECT_THAT(exporter.text(), HasSubstr("# HELP requests_total Requests.\n"
                                         "# TYPE requests_total counter\n"
                                         "requests_total{protocol=\"h2\"} 3\n"
                                         "requests_total{protocol=\"h1\"} 4\n"
                                         "# HELP open Open connections.\n"
                                         "# TYPE open gauge\n"
                                         "open 2\n"));
}

TEST(Metrics, LabelValuesAreEscaped) {
  Exporter exporter;
  exporter.add_source([](Samples& samples) { samples.gauge("g", "", 1, {{"l", "a\"b\\c\nd"}}); });
  EXPECT_THAT(exporter.text(), HasSubstr(R"(g{l="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, HistogramsEndWithTheBucketOfAll) {
  Exporter exporter;
  exporter.add_source([](Samples& samples) { samples.histogram("t", "Times.", {0.5, 1}, {1, 3, 4}, 7.5); });
  EXPECT_THAT(exporter.text(), HasSubstr("# TYPE t histogram\n"
                                         "t_count 4\n"
                                         "t_sum 7.5\n"
                                         "t_bucket{le=\"0.5\"} 1\n"
                                         "t_bucket{le=\"1\"} 3\n"
                                         "t_bucket{le=\"+Inf\"} 4\n"));
}

TEST(Metrics, SourcesAreAskedAtEachScrape) {
  Exporter exporter;
  int scrapes = 0;
  exporter.add_source([&](Samples& samples) { samples.counter("scrapes", "", ++scrapes); });
  EXPECT_THAT(exporter.text(), HasSubstr("scrapes 1\n"));
  EXPECT_THAT(exporter.text(), HasSubstr("scrapes 2\n"));
}

double value_of(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(Metrics, ProcessMetricsAreThere) {
  const std::string text = Exporter().text();
  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e5);
  EXPECT_GT(value_of(text, "process_open_fds"), 2);
  EXPECT_GE(value_of(text, "process_cpu_seconds_total"), 0);
  EXPECT_GT(value_of(text, "process_start_time_seconds"), 1.6e9);
  EXPECT_GE(value_of(text, "process_threads"), 1);
}

}  // namespace
}  // namespace metrics
