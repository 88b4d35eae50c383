// SPDX-License-Identifier: Apache-2.0
// How much a client that scans objects on disk delays hits in memory on the same loop. Fills an edge with one
// loop, starts it anew so that memory is empty, and measures the time of small hits, first alone and then
// during a scan. Run by hand on a quiet machine, or on a busy one ahead of all else with `chrt -r 5`:
//   ninja -C build tests/bench/disk-scan edge/node/selvage-edge && build/tests/bench/disk-scan [GiB] [rounds]
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <stop_token>
#include <thread>

#include "edge/base/check.h"
#include "tests/integration/harness.h"

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kObjectBytes = 1 << 20;
constexpr std::size_t kAloneProbes = 20'000;

/// One plain HTTP/1.1 connection with blocking calls: adds as little as it can to what it measures.
class Probe {
 public:
  explicit Probe(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    CHECK(::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) == 1);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Probe() { ::close(fd_); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// Microseconds from the request to the last byte of the response, whose body has `body_bytes`.
  double get(const std::string& path, std::size_t body_bytes) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: www.test\r\n\r\n";
    const auto begin = Clock::now();
    CHECK(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) == std::ssize(request));
    std::string answer;
    std::size_t head = std::string::npos;
    while (head == std::string::npos || answer.size() < head + 4 + body_bytes) {
      char room[16 * 1024];
      const ssize_t n = ::recv(fd_, room, sizeof room, 0);
      CHECK(n > 0);
      answer.append(room, static_cast<std::size_t>(n));
      if (head == std::string::npos) head = answer.find("\r\n\r\n");
    }
    const std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    CHECK(answer.starts_with("HTTP/1.1 200"));
    return took.count();
  }

 private:
  int fd_ = -1;
};

struct Times {
  std::vector<double> micros{};
  double at(double part) {
    std::ranges::sort(micros);
    return micros.at(static_cast<std::size_t>(part * static_cast<double>(micros.size() - 1)));
  }
  void print(const char* what) {
    std::printf("  %-18s p50 %7.1f us, p99 %7.1f us, p99.9 %7.1f us (%zu hits)\n", what, at(0.5), at(0.99),
                at(0.999), micros.size());
  }
};

class DiskScan {
 public:
  explicit DiskScan(std::uint64_t bytes) : objects_(bytes / kObjectBytes) {
    origin_.answer_all([](const Seen& seen) {
      const bool small = seen.target == "/small";
      const std::uint64_t seed = small ? 1 : std::stoull(seen.target.substr(1)) + 2;
      return Reply{.headers = {{"Cache-Control", "max-age=86400"}},
                   .body = SeededBody(seed, small ? kSmallBytes : kObjectBytes)};
    });
    CHECK(edge_.start());
    scan("filling");
    CHECK(
        wait_until([&] { return edge_.metric("selvage_disk_queued_bytes") == 0; }, std::chrono::seconds(60)));
    CHECK(edge_.process().stop() == 0);
    CHECK(edge_.start());
  }

  /// Times of hits in memory, `probes` of them or until `scan` ends.
  double round() {
    Probe probe(edge_.http_address());
    probe.get("/small", kSmallBytes);
    Times alone;
    while (alone.micros.size() < kAloneProbes) alone.micros.push_back(probe.get("/small", kSmallBytes));
    forget_page_cache();
    const double origin_requests = edge_.metric("selvage_origin_requests_total");
    Times beside;
    std::atomic<bool> scanning{true};
    std::thread scanner([&] {
      scan("scan");
      scanning = false;
    });
    while (scanning) beside.micros.push_back(probe.get("/small", kSmallBytes));
    scanner.join();
    CHECK(edge_.metric("selvage_origin_requests_total") == origin_requests);  // all came from disk
    alone.print("hits alone:");
    beside.print("hits beside scan:");
    const double ratio = beside.at(0.99) / alone.at(0.99);
    std::printf("  p99 ratio %.2f (goal: 3 at most)\n", ratio);
    return ratio;
  }

 private:
  static constexpr std::size_t kSmallBytes = 1024;

  void scan(const char* what) {
    Client client(edge_.client_options());
    const auto begin = Clock::now();
    for (std::uint64_t i = 0; i < objects_; ++i) {
      const Response response =
          client.perform({.url = "https://www.test/" + std::to_string(i), .keep_body = false});
      CHECK(response.ok() && response.body_bytes == kObjectBytes);
    }
    const std::chrono::duration<double> took = Clock::now() - begin;
    std::printf("  %s: %llu MiB in %.1f s, %.0f MiB/s\n", what, static_cast<unsigned long long>(objects_),
                took.count(), static_cast<double>(objects_) / took.count());
  }
  /// So that the scan reads from the device.
  void forget_page_cache() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(edge_.cache_folder())) {
      if (!entry.is_regular_file()) continue;
      const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
      ::fdatasync(fd);
      ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
      ::close(fd);
    }
  }

  std::uint64_t objects_;
  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  Edge edge_{certificates_,
             folder_ / "edge",
             {.origin = origin_.url(), .memory = "64MiB", .disk = "8GiB", .loops = 1}};
};

}  // namespace
}  // namespace harness

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::uint64_t gib = argc > 1 ? std::stoull(argv[1]) : 2;
  const int rounds = argc > 2 ? std::stoi(argv[2]) : 3;
  harness::DiskScan bench(gib << 30);
  double worst = 0;
  for (int i = 0; i < rounds; ++i) {
    std::printf("round %d\n", i + 1);
    worst = std::max(worst, bench.round());
  }
  std::printf("worst p99 ratio %.2f\n", worst);
  return 0;
}
