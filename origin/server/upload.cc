// SPDX-License-Identifier: Apache-2.0
#include "origin/server/upload.h"

#include <utility>

#include "edge/base/text.h"
#include "origin/server/preconditions.h"

namespace origin {

void Upload::start() {
  body_over_ = !head_.has_body;
  Outcome<std::string> name = name_to_change();
  if (!name) return give_up(name.error());
  Outcome<PromisedDigests> promised = promises();
  if (!promised) return give_up(promised.error());
  if (head_.body_bytes.value_or(0) > site_->max_upload_bytes) return give_up(too_large());
  open(std::move(*name), std::move(*promised));
}

/// What the request's fields say of its body.
Outcome<PromisedDigests> Upload::promises() const {
  if (head_.fields.has("content-range"))
    return refuse(400, "a part of a file cannot be put (Content-Range), only a whole one");
  const std::string encoding = head_.fields.combined("content-encoding");
  if (!encoding.empty() && !base::iequals(encoding, "identity")) {
    return refuse(415, "files are kept as they are sent, without Content-Encoding; found '" + encoding + "'");
  }
  return promised_digests(head_.fields);
}

Refusal Upload::too_large() const {
  return {413, "the largest upload that this server takes is " + std::to_string(site_->max_upload_bytes) +
                   " bytes"};
}

void Upload::open(std::string name, PromisedDigests promised) {
  const auto make = [&pool = context_.files.changes, &root = context_.root, name = std::move(name),
                     promised = std::move(promised),
                     judge = judge_of(head_, context_.home.clock().wall())]() mutable -> Outcome<File> {
    auto opened = IncomingFile::open(root, std::move(name), std::move(promised), judge);
    if (!opened) return std::unexpected(opened.error());
    return File(opened->release(), [&pool](IncomingFile* file) { pool.submit([file] { delete file; }); });
  };
  busy_ = true;
  context_.files.changes.run(context_.home, make, anchor_.wrap([this](Outcome<File> opened) {
    busy_ = false;
    if (!opened) return give_up(opened.error());
    file_ = std::move(*opened);
    step();
  }));
}

void Upload::on_body(std::string_view bytes) {
  if (answered_) return writer_.consumed(bytes.size());
  received_ += bytes.size();
  if (received_ > site_->max_upload_bytes) {
    writer_.consumed(bytes.size());
    return give_up(too_large());
  }
  waiting_ += bytes;
  step();
}

void Upload::on_body_end() {
  body_over_ = true;
  step();
}

void Upload::step() {
  if (answered_ || busy_ || !file_) return;
  if (!waiting_.empty()) {
    write();
  } else if (body_over_) {
    commit();
  }
}

void Upload::write() {
  const std::size_t size = waiting_.size();
  busy_ = true;
  context_.files.changes.run(
      context_.home, [file = file_, bytes = std::exchange(waiting_, {})] { return file->write(bytes); },
      anchor_.wrap([this, size](const Outcome<void>& written) {
        busy_ = false;
        writer_.consumed(size);
        if (!written) return give_up(written.error());
        step();
      }));
}

void Upload::commit() {
  busy_ = true;
  context_.files.changes.run(
      context_.home,
      [file = file_, judge = judge_of(head_, context_.home.clock().wall())] { return file->commit(judge); },
      anchor_.wrap([this](const Outcome<IncomingFile::Committed>& committed) {
        busy_ = false;
        if (!committed) return give_up(committed.error());
        answer(*committed);
      }));
}

void Upload::answer(const IncomingFile::Committed& committed) {
  answered_ = true;
  file_.reset();
  context_.counters.uploads.fetch_add(1, std::memory_order_relaxed);
  context_.counters.upload_bytes.fetch_add(received_, std::memory_order_relaxed);
  http::Fields fields;
  add_validators(committed.facts, fields);
  if (!committed.replaced) fields.add("location", head_.target);
  respond(committed.replaced ? 204 : 201, std::move(fields),
          committed.replaced ? std::nullopt : std::optional<std::uint64_t>(0), nullptr);
}

void Upload::give_up(const Refusal& refusal) {
  if (std::exchange(answered_, true)) return;
  file_.reset();
  const std::size_t dropped = waiting_.size();
  waiting_.clear();
  if (dropped > 0) writer_.consumed(dropped);
  refuse_change(refusal);
}

}  // namespace origin
