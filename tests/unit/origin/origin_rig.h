// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "edge/base/text.h"
#include "origin/server/digest.h"
#include "origin/server/origin.h"
#include "tests/support/recorder.h"
#include "tests/support/temp_folder.h"

namespace origin {

/// A running origin over a fresh folder, and a client for it, on the test's loop.
class OriginRig {
 public:
  explicit OriginRig(const std::string& more = "", unsigned workers = 2) : text_(config_text(more, workers)) {
    ConfigFile file = ConfigFile::parse(text_, "test.toml");
    origin_ = Origin::start(client_rig_.loop(), file);
    for (const base::Fault& fault : file.faults()) ADD_FAILURE() << fault.str();
  }
  ~OriginRig() {
    client_rig_.end_client();
    origin_.reset();
  }

  Origin& origin() { return *origin_; }
  void end_origin() { origin_.reset(); }
  support::ClientRig& client() { return client_rig_; }
  const support::TempFolder& folder() const { return folder_; }
  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(origin_->port(0)) + target;
  }
  std::string config_text(const std::string& more, unsigned workers = 2) const {
    return "workers = " + std::to_string(workers) + "\n" + more +
           "\n[[listener]]\naddress = \"127.0.0.1:0\"\n[content]\nroot = \"" + folder_.path() +
           "\"\nmax_upload = \"1MiB\"\n[log]\naccess = \"\"\n[admin]\naddress = \"127.0.0.1:0\"\n" +
           "[[token]]\nname = \"deploy\"\nsha256 = \"" + base::hex(sha256_of("secret")) + "\"\n";
  }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  /// The outcome of one request; the test goes on when it is complete.
  std::unique_ptr<support::Recorder> ask(http::ClientRequest request) {
    auto recorder = std::make_unique<support::Recorder>();
    EXPECT_TRUE(client_rig_.fetch(std::move(request), *recorder));
    EXPECT_FALSE(recorder->error) << recorder->error->error.text;
    if (!recorder->head) recorder->head = http::ResponseHead{};
    return recorder;
  }
  std::unique_ptr<support::Recorder> get(const std::string& target, const std::string& field = "",
                                         const std::string& value = "") {
    http::ClientRequest request = support::get(url(target));
    if (!field.empty()) request.fields.add(field, value);
    return ask(std::move(request));
  }
  http::ClientRequest change(const std::string& method, const std::string& target) const {
    http::ClientRequest request = support::get(url(target));
    request.method = method;
    request.fields.add("authorization", "Bearer secret");
    return request;
  }
  http::ClientRequest upload(const std::string& target, const std::string& content) const {
    http::ClientRequest request = change("PUT", target);
    request.body = support::text_body(content);
    request.body_bytes = content.size();
    return request;
  }

 private:
  support::TempFolder folder_;
  support::ClientRig client_rig_;
  std::string text_;
  std::unique_ptr<Origin> origin_;
};

}  // namespace origin
