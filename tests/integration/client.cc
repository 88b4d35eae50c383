// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "tests/integration/answered.h"
#include "tests/integration/body.h"

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;

struct EasyFree {
  void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
struct ListFree {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFree>;

void append(List& list, const std::string& text) {
  list.reset(::curl_slist_append(list.release(), text.c_str()));
}

/// One request on its way.
struct Transfer {
  Request request{};
  Response response{};
  Sha256 sum{};
  std::unique_ptr<CURL, EasyFree> easy{};
  List headers{};
  List connect_to{};
  std::size_t body_sent = 0;
};

std::size_t on_header(char* bytes, std::size_t size, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(bytes, size * n);
  if (line.starts_with("HTTP/")) {
    // What came before was an interim response.
    Response& response = transfer.response;
    response.interim.insert(response.interim.end(), response.headers.begin(), response.headers.end());
    response.headers.clear();
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    transfer.response.headers.emplace_back(base::lowered(line.substr(0, colon)), base::trimmed(value));
  }
  return size * n;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(bytes, size * n);
  Response& response = transfer.response;
  if (response.body_bytes == 0) response.first_byte = Clock::now();
  response.body_bytes += piece.size();
  transfer.sum.add(piece);
  if (transfer.request.keep_body) response.body += piece;
  if (transfer.request.on_bytes) transfer.request.on_bytes(piece);
  const bool leaves =
      transfer.request.leave_after != 0 && response.body_bytes >= transfer.request.leave_after;
  return leaves ? CURL_WRITEFUNC_ERROR : piece.size();
}

std::size_t on_upload(char* room, std::size_t size, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view rest = std::string_view(transfer.request.body).substr(transfer.body_sent);
  const std::size_t count = std::min(rest.size(), size * n);
  std::copy_n(rest.data(), count, room);
  transfer.body_sent += count;
  return count;
}

long curl_version(Request::Protocol protocol) {
  switch (protocol) {
    case Request::Protocol::Http11: return CURL_HTTP_VERSION_1_1;
    case Request::Protocol::Http2: return CURL_HTTP_VERSION_2TLS;
    case Request::Protocol::Http2PriorKnowledge: break;
  }
  return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

void set_up_body(CURL* easy, Transfer& transfer) {
  const Request& request = transfer.request;
  if (request.method == "HEAD") {
    ::curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty()) {
    ::curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    ::curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    ::curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    ::curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
  }
  ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

std::unique_ptr<Transfer> make_transfer(Request request, const Client::Options& options) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->easy.reset(::curl_easy_init());
  CURL* easy = transfer->easy.get();
  CHECK(easy != nullptr);
  const Request& r = transfer->request;
  for (const auto& [name, value] : r.headers)
    append(transfer->headers, value.empty() ? name + ";" : name + ": " + value);
  for (const auto& [from, to] : options.connect_to) append(transfer->connect_to, from + ":" + to);
  ::curl_easy_setopt(easy, CURLOPT_URL, r.url.c_str());
  ::curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, curl_version(r.protocol));
  ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers.get());
  ::curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to.get());
  ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(r.limit.count()));
  ::curl_easy_setopt(easy, CURLOPT_MAX_RECV_SPEED_LARGE, static_cast<curl_off_t>(r.bytes_per_second));
  ::curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024);
  ::curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, r.own_connection ? 1L : 0L);
  ::curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, r.own_connection ? 1L : 0L);
  ::curl_easy_setopt(easy, CURLOPT_PIPEWAIT, r.shared_connection ? 1L : 0L);
  if (!options.ca_file.empty()) ::curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
  ::curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer.get());
  set_up_body(easy, *transfer);
  transfer->response.begin = Clock::now();
  return transfer;
}

void finish(Transfer& transfer, CURLcode code) {
  Response& response = transfer.response;
  response.end = Clock::now();
  response.sha256 = transfer.sum.hex();
  if (code != CURLE_OK) response.error = ::curl_easy_strerror(code);
  long status = 0;
  ::curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  long version = 0;
  ::curl_easy_getinfo(transfer.easy.get(), CURLINFO_HTTP_VERSION, &version);
  response.version = version == CURL_HTTP_VERSION_1_0   ? 10
                     : version == CURL_HTTP_VERSION_1_1 ? 11
                     : version == CURL_HTTP_VERSION_2   ? 20
                                                        : 0;
}

// Takes one multi handle's transfers on, and ends those that are through; how many are not.
int perform_some(CURLM* multi) {
  int running = 0;
  CHECK(::curl_multi_perform(multi, &running) == CURLM_OK);
  int queued = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi, &queued)) {
    const CURLcode code = message->data.result;
    CURL* easy = message->easy_handle;
    Transfer* transfer = nullptr;
    ::curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    finish(*transfer, code);
    ::curl_multi_remove_handle(multi, easy);
  }
  return running;
}

}  // namespace

std::string Response::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, [](const auto& header) { return header.first; });
  return found == headers.end() ? std::string() : found->second;
}

// Protocols have connections apart: libcurl 7.88 takes an HTTP/1.1 connection that is in use for one that can
// be shared once it has seen HTTP/2 from the same server, and gives responses to the wrong requests.
struct Client::Impl {
  Options options{};
  std::array<CURLM*, 2> multis{};

  CURLM* multi_for(const Request& request) const {
    return multis[request.protocol == Request::Protocol::Http11 ? 0 : 1];
  }
};

Client::Client(Options options) : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_->options = std::move(options);
  for (CURLM*& multi : impl_->multis) {
    multi = ::curl_multi_init();
    CHECK(multi != nullptr);
  }
}

Client::~Client() {
  for (CURLM* multi : impl_->multis) ::curl_multi_cleanup(multi);
}

Response Client::get(const std::string& url, Headers headers) {
  Request request;
  request.url = url;
  request.headers = std::move(headers);
  return perform(std::move(request));
}

Response Client::perform(Request request) {
  std::vector<Request> one;
  one.push_back(std::move(request));
  return std::move(perform_all(std::move(one)).front());
}

std::vector<Response> Client::perform_all(std::vector<Request> requests) {
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (Request& request : requests) {
    transfers.push_back(make_transfer(std::move(request), impl_->options));
    const Transfer& transfer = *transfers.back();
    CHECK(::curl_multi_add_handle(impl_->multi_for(transfer.request), transfer.easy.get()) == CURLM_OK);
  }
  for (;;) {
    const std::array running{perform_some(impl_->multis[0]), perform_some(impl_->multis[1])};
    if (running[0] + running[1] == 0) break;
    // Nothing waits for both kinds: then they take turns.
    const bool both = running[0] != 0 && running[1] != 0;
    ::curl_multi_poll(impl_->multis[running[0] != 0 ? 0 : 1], nullptr, 0, both ? 1 : 100, nullptr);
  }
  Answered::seen();
  std::vector<Response> responses;
  for (auto& transfer : transfers) responses.push_back(std::move(transfer->response));
  return responses;
}

}  // namespace harness
