// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/put.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "purge/ctl/digest.h"
#include "purge/ctl/exit_code.h"
#include "purge/ctl/url_path.h"

namespace ctl {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kHashersMin = 4;  // so that a few large files do not hold up the others

struct File {
  std::string path{};
  std::string url{};
  std::uint64_t bytes = 0;
};

// The files to send, sorted by URL so that runs can be compared.
base::Result<std::vector<File>> list_files(const PutOptions& options) {
  std::error_code error;
  const fs::path source(options.source);
  std::vector<File> files;
  std::string below = options.url;
  if (fs::is_regular_file(source, error)) {
    if (below.ends_with('/')) below += encode_path(source.filename().string());
    files.push_back({options.source, below, fs::file_size(source, error)});
    return files;
  }
  if (!fs::is_directory(source, error)) {
    return base::fail(base::Errc::NotFound, "found no file or folder called " + options.source);
  }
  if (!below.ends_with('/')) below += '/';
  for (fs::recursive_directory_iterator at(source, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    const std::string name = at->path().lexically_relative(source).generic_string();
    files.push_back({at->path().string(), below + encode_path(name), at->file_size(error)});
  }
  if (error) return base::fail(base::Errc::System, "cannot list " + options.source + ": " + error.message());
  std::ranges::sort(files, {}, &File::url);
  return files;
}

// Keeps `parallel` files under way: each is hashed beside the loop, then comes a HEAD and, if the origin has
// something else, a PUT.
class Uploader {
 public:
  Uploader(Access access, const PutOptions& options, std::vector<File> files)
      : options_(options),
        files_(std::move(files)),
        caller_(std::move(access)),
        workers_(std::min(options.parallel, std::max(kHashersMin, std::thread::hardware_concurrency()))),
        bar_(isatty(STDERR_FILENO) == 1) {}

  int run() {
    for (unsigned i = 0; i < options_.parallel; ++i) next();
    caller_.run();
    if (bar_ && !options_.json) std::fputs("\r\033[K", stderr);
    summarise();
    if (failures_.empty()) return kDone;
    return unreachable_ == failures_.size() ? kUnreachable : kFailed;
  }

 private:
  void next() {
    if (at_ == files_.size()) return;
    const File& file = files_[at_++];
    auto digest = std::make_shared<base::Result<std::string>>();
    caller_.aside(
        workers_, [&file, digest] { *digest = file_digest(file.path); },
        [this, &file, digest] { on_digest(file, *digest); });
  }

  void on_digest(const File& file, const base::Result<std::string>& digest) {
    if (!digest) return fail(file, digest.error().text, false);
    if (options_.force) return send(file, *digest);
    http::ClientRequest head;
    head.method = "HEAD";
    head.url = file.url;
    caller_.begin(std::move(head), [this, &file, digest = *digest](base::Result<Reply> reply) {
      if (!reply) return fail(file, reply.error().text, true);
      if (reply->status == 200 && reply->fields.get("repr-digest") == digest) {
        ++same_;
        return finished();
      }
      send(file, digest);
    });
  }

  void send(const File& file, const std::string& digest) {
    http::ClientRequest request;
    request.method = "PUT";
    request.url = file.url;
    request.fields.add("content-type", "application/octet-stream");
    request.fields.add("repr-digest", digest);
    request.body_bytes = file.bytes;
    const auto shrunk = std::make_shared<bool>(false);
    request.body = [this, shrunk, input = std::make_shared<std::ifstream>(file.path, std::ios::binary),
                    left = file.bytes](char* room, std::size_t size) mutable -> http::BodyPiece {
      input->read(room, static_cast<std::streamsize>(std::min<std::uint64_t>(size, left)));
      const auto n = static_cast<std::size_t>(input->gcount());
      left -= n;
      sent_bytes_ += n;
      show();
      if (n == 0 && left > 0) return {0, false, *shrunk = true};
      return {n, left == 0, false};
    };
    caller_.begin(std::move(request), [this, shrunk, &file](base::Result<Reply> reply) {
      if (*shrunk) return fail(file, "the file became shorter while it was sent", false);
      if (!reply) return fail(file, reply.error().text, true);
      if (reply->status < 200 || reply->status >= 300) {
        return fail(file, "answered " + std::to_string(reply->status) + ": " + reply->body, false);
      }
      ++sent_;
      finished();
    });
  }

  void fail(const File& file, std::string text, bool unreachable) {
    while (text.ends_with('\n')) text.pop_back();
    failures_.emplace_back(file.url, std::move(text));
    if (unreachable) ++unreachable_;
    finished();
  }

  void finished() {
    ++over_;
    show();
    next();
  }

  void show() {
    if (!bar_ || options_.json) return;
    constexpr int kWidth = 30;
    const int full = files_.empty() ? kWidth : static_cast<int>(over_ * kWidth / files_.size());
    std::fprintf(stderr, "\r[%-*.*s] %zu/%zu files, %.1f MB sent", kWidth, full,
                 "##############################", over_, files_.size(),
                 static_cast<double>(sent_bytes_) / 1e6);
  }

  void summarise() {
    if (options_.json) {
      nlohmann::json failed = nlohmann::json::array();
      for (const auto& [url, text] : failures_) failed.push_back({{"url", url}, {"error", text}});
      std::cout << nlohmann::json{{"sent", sent_},
                                  {"unchanged", same_},
                                  {"bytes", sent_bytes_},
                                  {"failed", failed}}
                       .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                << '\n';
      return;
    }
    std::cout << sent_ << " sent (" << sent_bytes_ << " bytes), " << same_ << " unchanged, "
              << failures_.size() << " failed\n";
    for (const auto& [url, text] : failures_) std::cerr << "selvagectl: " << url << ": " << text << '\n';
  }

  const PutOptions& options_;
  std::vector<File> files_;
  Caller caller_;
  Workers workers_;  ///< ends before what its jobs use
  bool bar_;
  std::size_t at_ = 0;
  std::size_t over_ = 0;
  std::size_t sent_ = 0;
  std::size_t same_ = 0;
  std::size_t unreachable_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::vector<std::pair<std::string, std::string>> failures_{};
};

}  // namespace

int put(Access access, const PutOptions& options) {
  auto files = list_files(options);
  if (!files) return report(files.error());
  return Uploader(std::move(access), options, std::move(*files)).run();
}

}  // namespace ctl
