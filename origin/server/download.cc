// SPDX-License-Identifier: Apache-2.0
#include "origin/server/download.h"

#include <fcntl.h>

#include <utility>

#include "edge/base/hash.h"
#include "edge/policy/conditional.h"
#include "edge/policy/range.h"
#include "origin/server/content_type.h"
#include "origin/server/file_source.h"

namespace origin {
namespace {

constexpr std::size_t kRangesMost = 16;

}  // namespace

void Download::start() {
  Outcome<ResourceName> name = resource_name(head_.target);
  if (!name) return Request::respond(name.error());
  const Root& root = context_.root;
  context_.files.reads.run(
      context_.home,
      [&root, name = std::move(*name), index = site_->index] { return find(root, name, index); },
      anchor_.wrap([this](Outcome<Found> outcome) { take(std::move(outcome)); }));
}

Outcome<Download::Found> Download::find(const Root& root, const ResourceName& resource,
                                        const std::string& index) {
  Found found;
  found.name = resource.path;
  if (resource.folder) found.name += (found.name.empty() ? "" : "/") + index;
  auto file = root.open_file(found.name);
  if (!file) return std::unexpected(file.error());
  auto facts = facts_of(file->get(), found.name);
  if (!facts) return std::unexpected(facts.error());
  found.facts = std::move(*facts);
  if (found.facts.folder) {
    if (resource.folder) return refuse(404, "there is no file '/" + found.name + "', it is a folder");
    return found;
  }
  if (!found.facts.regular) return refuse(403, "'/" + found.name + "' is not a regular file");
  found.type = content_type(file->get(), found.name);
  ::posix_fadvise(file->get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  found.file = std::make_shared<const Descriptor>(std::move(*file));
  return found;
}

void Download::take(Outcome<Found> outcome) {
  if (!outcome) return Request::respond(outcome.error());
  if (outcome->facts.folder) return redirect_to_folder();
  http::Fields fields = fields_of(*outcome);
  const base::Wall now = context_.home.clock().wall();
  switch (policy::evaluate(head_, 200, fields, now, policy::Evaluator::Origin)) {
    case policy::Precondition::Proceed: return send(*outcome, std::move(fields));
    case policy::Precondition::Failed:
      return Request::respond(Refusal{412, "the file's entity-tag is " + outcome->facts.etag +
                                               ", which the request's conditions do not allow"});
    case policy::Precondition::NotModified:
      fields.remove("content-type");
      return Request::respond(304, std::move(fields), outcome->facts.size, nullptr);
  }
}

void Download::redirect_to_folder() {
  const std::size_t query = head_.target.find('?');
  http::Fields fields;
  std::string target = head_.target;
  target.insert(query == std::string::npos ? target.size() : query, "/");
  fields.add("location", target);
  Request::respond(Refusal{301, "this is a folder, see " + target}, std::move(fields));
}

http::Fields Download::fields_of(const Found& found) const {
  http::Fields fields;
  fields.add("content-type", found.type);
  add_validators(found.facts, fields);
  fields.add("accept-ranges", "bytes");
  fields.add("x-content-type-options", "nosniff");
  apply_rules(*site_, "/" + found.name, fields);
  return fields;
}

void Download::send(const Found& found, http::Fields fields) {
  const std::uint64_t size = found.facts.size;
  const base::Wall now = context_.home.clock().wall();
  const policy::RangeChoice choice = policy::choose_range(head_, fields, size, kRangesMost, now);
  switch (choice.kind) {
    case policy::RangeChoice::Kind::Whole:
      return send_parts(found, std::move(fields), {{{}, 0, size}}, 200, size);
    case policy::RangeChoice::Kind::Unsatisfiable: {
      http::Fields range;
      range.add("content-range", policy::content_range_unsatisfied(size));
      return Request::respond(Refusal{416, "the file has " + std::to_string(size) + " bytes"},
                              std::move(range));
    }
    case policy::RangeChoice::Kind::Partial: break;
  }
  if (choice.parts.size() == 1) {
    const policy::ByteRange& range = choice.parts.front();
    fields.add("content-range", policy::content_range(range, size));
    return send_parts(found, std::move(fields), {{{}, range.first, range.size()}}, 206, range.size());
  }
  const std::uint64_t seed = base::hash64(found.facts.etag);
  const policy::Multipart multipart = policy::make_multipart(choice.parts, size, found.type, seed);
  fields.set("content-type", multipart.content_type);
  std::vector<BodyPart> parts;
  for (std::size_t i = 0; i < choice.parts.size(); ++i) {
    parts.push_back({multipart.heads[i], 0, 0});
    parts.push_back({{}, choice.parts[i].first, choice.parts[i].size()});
  }
  parts.push_back({multipart.tail, 0, 0});
  send_parts(found, std::move(fields), parts, 206, multipart.body_bytes);
}

void Download::send_parts(const Found& found, http::Fields fields, const std::vector<BodyPart>& parts,
                          int status, std::uint64_t body_bytes) {
  std::unique_ptr<http::BodySource> body;
  if (head_.method != "HEAD") {
    body = std::make_unique<FileSource>(context_.files.reads, context_.home, found.file, parts,
                                        [this] { writer_.resume(); });
  }
  Request::respond(status, std::move(fields), body_bytes, std::move(body));
}

}  // namespace origin
