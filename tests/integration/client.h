// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harness {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A request as a test writes it.
struct Request {
  enum class Protocol { Http11, Http2, Http2PriorKnowledge };

  std::string url{};
  std::string method{"GET"};
  Headers headers{};
  std::string body{};
  Protocol protocol = Protocol::Http2;  ///< over http: Http2 means HTTP/1.1, as no upgrade is asked for
  bool own_connection = false;          ///< a fresh one, not kept afterwards
  bool shared_connection = false;       ///< waits for one that is being made and shares it, if it is HTTP/2
  bool keep_body = true;                ///< else only counted and hashed
  std::uint64_t bytes_per_second = 0;   ///< reads no faster; 0: as fast as it can
  std::uint64_t leave_after = 0;        ///< goes away after so many body bytes; 0: stays
  std::chrono::milliseconds limit{120'000};
  std::function<void(std::string_view)>
      on_bytes{};  ///< each piece of the body, on the thread of the transfer
};

/// What came of it. `error` is empty if the response came in whole.
struct Response {
  std::string error{};
  int status = 0;
  int version = 0;    ///< 10, 11 or 20
  Headers headers{};  ///< names in lower case
  Headers interim{};  ///< those of interim responses
  std::string body{};
  std::uint64_t body_bytes = 0;
  std::string sha256{};  ///< of the body that came
  std::chrono::steady_clock::time_point begin{};
  std::chrono::steady_clock::time_point first_byte{};  ///< of the body; zero if none came
  std::chrono::steady_clock::time_point end{};

  bool ok() const { return error.empty() && status >= 200 && status < 300; }
  /// The first value of that name (lower case), or empty.
  std::string header(std::string_view name) const;
};

/// An HTTP client over libcurl, as independent of the code under test as can be. Keeps connections between
/// calls. One thread.
class Client {
 public:
  struct Options {
    std::string ca_file{};
    /// "www.a.test:443" -> "127.0.0.1:8443": where to connect for a URL's host and port.
    std::map<std::string, std::string> connect_to{};
  };
  Client() : Client(Options{}) {}
  explicit Client(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Response get(const std::string& url, Headers headers = {});
  Response perform(Request request);
  /// All at once; the responses stand where their requests stood.
  std::vector<Response> perform_all(std::vector<Request> requests);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace harness
