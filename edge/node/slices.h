// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/wakeup.h"
#include "edge/node/bytes.h"
#include "edge/node/context.h"
#include "edge/node/fill.h"

namespace node {

/// Of which object slices are read, and how they are asked for.
struct SliceSource {
  FillOrder order{};             ///< of the request, without part
  std::string whole_text{};      ///< key text of the object
  std::string etag{};            ///< strong; every slice has it
  std::uint64_t whole_bytes = 0;
  std::uint64_t slice_bytes = 0;

  std::uint64_t index_of(std::uint64_t offset) const { return offset / slice_bytes; }
  /// What is asked for as slice `index`, whatever the object's length.
  PartOrder part(std::uint64_t index) const;
};
PartOrder slice_order(std::uint64_t index, std::uint64_t slice_bytes, std::string etag, const std::string& whole_text);

/// One slice: found in memory, on disk or in a running fetch, or fetched. Lives on a request's loop; `ready` is called there when there
/// may be more. A slice of another version than the source's is none.
class Slice {
 public:
  enum class State : std::uint8_t { Waiting, There, Failed };

  Slice(Context& context, const SliceSource& source, std::uint64_t index, Ready ready);
  /// Of a fetch whose head is there, and fits.
  Slice(Context& context, const SliceSource& source, std::uint64_t index, Ready ready,
        std::shared_ptr<fetch::Fetch> fetch);

  std::uint64_t index() const { return index_; }
  State state() const { return state_; }
  bool from_origin() const { return static_cast<bool>(reader_); }
  /// Failed: why; and whether the version is gone, and with it what was known of it.
  const base::Error& error() const { return error_; }
  bool outdated() const { return outdated_; }
  /// There only.
  Bytes& bytes() { return *bytes_; }

 private:
  bool is_of_version(const policy::StoredResponse& response) const;
  void look_up();
  void found(store::ObjectRef object);
  void join();
  void on_wake();
  void read_from_fetch();
  void fail(base::Error error, fetch::Fetch::NoPart no_part);
  void tell() const;

  Context& context_;
  const SliceSource& source_;
  const std::uint64_t index_;
  Ready ready_;
  const std::string key_text_;
  const store::Key key_;
  State state_ = State::Waiting;
  bool leads_ = false;
  bool retried_ = false;
  bool outdated_ = false;
  base::Error error_{};
  std::unique_ptr<Bytes> bytes_{};
  std::shared_ptr<fetch::Fetch::Reader> reader_{};
  base::Wakeup wakeup_;
  base::Anchor anchor_{};
};

/// The body of an object of which only slices are here: one after the other, the next one ahead of its time. Fails
/// where a slice of this version can no longer be had, so that versions are never mixed.
class SlicedBytes final : public Bytes {
 public:
  SlicedBytes(Context& context, SliceSource source, Ready ready);
  http::Pull read(std::uint64_t offset, std::size_t max, base::Slice& out) override;

  /// Begins to look for the slice of `offset`; then as state() says.
  void seek(std::uint64_t offset);
  /// The same with a fetch of that slice, whose head is there.
  void seek(std::uint64_t offset, std::shared_ptr<fetch::Fetch> fetch);
  Slice::State state() const { return current_ ? current_->state() : Slice::State::Waiting; }
  bool from_origin() const { return current_ && current_->from_origin(); }
  /// Of Failed.
  base::Error error() const { return current_ ? current_->error() : base::Error{}; }
  bool outdated() const { return current_ && current_->outdated(); }
  /// What will be read; empty: all. Nothing ahead is fetched beyond the run that is being read.
  void set_runs(std::vector<policy::ByteRange> runs) { runs_ = std::move(runs); }

 private:
  std::uint64_t last_of_run(std::uint64_t offset) const;

  Context& context_;
  const SliceSource source_;
  Ready ready_;
  std::vector<policy::ByteRange> runs_{};
  std::unique_ptr<Slice> current_{};
  std::unique_ptr<Slice> ahead_{};
};

}  // namespace node
