// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "origin/server/descriptor.h"
#include "origin/server/file_facts.h"
#include "origin/server/file_source.h"
#include "origin/server/request.h"
#include "origin/server/resource_name.h"

namespace origin {

/// GET and HEAD: a file, a folder's index, whole or in ranges, or 304.
class Download final : public Request {
 public:
  using Request::Request;
  void start() override;

 private:
  /// An open file, ready to be sent; or a folder that was asked for without its slash.
  struct Found {
    std::shared_ptr<const Descriptor> file{};
    FileFacts facts{};
    std::string name{};
    std::string type{};
  };
  static Outcome<Found> find(const Root& root, const ResourceName& resource, const std::string& index);

  void take(Outcome<Found> outcome);
  void redirect_to_folder();
  http::Fields fields_of(const Found& found) const;
  void send(const Found& found, http::Fields fields);
  void send_parts(const Found& found, http::Fields fields, const std::vector<BodyPart>& parts, int status,
                  std::uint64_t body_bytes);

  base::Anchor anchor_;
};

}  // namespace origin
