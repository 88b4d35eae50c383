// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "store/disk/write_queue.h"
#include "tests/bench/bodies/group.h"
#include "tests/bench/bodies/ring.h"

namespace bodies {

/// Read by SegmentStore::use. Any thread.
struct Counts {
  std::atomic<std::uint64_t> evictions{0};
  std::atomic<std::uint64_t> dropped_writes{0};
  std::atomic<std::uint64_t> read_errors{0};
  std::atomic<std::uint64_t> name_bytes{0};
};

/// The store's one writer thread: takes operations in groups from the queue that LmdbDisk's writers use;
/// makes a group's records in one piece of memory; writes and syncs that; commits the index; lets the objects
/// be found; answers. The destructor writes what is queued. References must outlive it.
class SegmentWriter {
 public:
  struct Parts {
    Segments& segments;
    SegmentIndex& index;
    IndexTable& table;
    store::WriteQueue& queue;
    Counts& counts;
    std::function<void(const store::Key&, store::ObjectId)> removed;
  };
  explicit SegmentWriter(Parts parts);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

 private:
  /// An operation and the record that was made for it; without bytes if there is none.
  struct Step {
    store::WriteOp op{};
    Place place{};
    Located located{};  ///< of puts and commits
  };

  void run();
  void write(std::vector<store::WriteOp> batch);
  base::Status try_write(std::vector<Step>& steps);
  base::Status lay_out(Step& step);
  base::Status lay_out_head(Step& step, const store::Object& object,
                            std::shared_ptr<const std::vector<Place>> chunks);
  base::Status commit(const std::vector<Step>& steps);

  void finish(Step& step);
  void finish_commit(store::CommitOp& op, const Located& located, bool laid_out);
  void fail(store::WriteOp& op, const base::Error& error);
  void publish(const store::Object& object, const Located& located);
  void give_up_chunks(store::ObjectId id);

  Parts parts_;
  Ring ring_;
  Group group_{};
  std::vector<store::ObjectId> doomed_{};  ///< to be taken out of the table
  std::thread thread_{};                   ///< last: uses all of the above
};

}  // namespace bodies
