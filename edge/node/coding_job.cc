// SPDX-License-Identifier: Apache-2.0
#include "edge/node/coding_job.h"

#include <utility>

#include "edge/base/log.h"
#include "edge/node/decoded.h"
#include "edge/node/tiers.h"

namespace node {
namespace {

using base::Errc;
using base::kChunkBytes;
using coding::Home;

constexpr std::uint32_t kPutsMax = 32;  // chunks on their way to the disk

std::unexpected<base::Error> ended() { return base::fail(Errc::Cancelled, "the node ends"); }

/// Chunk `index` of a body, wherever it lies.
base::Result<base::ChunkRef> read_chunk(Shared& shared, const store::Object& object, std::uint32_t index,
                                        Home& home) {
  if (object.whole()) return object.chunk(index);
  if (base::ChunkRef chunk = shared.memory.peek_chunk(object.id, index)) return chunk;  // no client's use of it
  std::optional<base::Result<base::ChunkRef>> answer;
  const base::Anchor anchor;
  shared.disk.read_chunk(object.key, object.id, index, home,
                         anchor.wrap([&](base::Result<base::ChunkRef> chunk) { answer = std::move(chunk); }));
  while (!answer) {
    if (!home.wait()) return ended();
  }
  return std::move(*answer);
}

/// The coded body on its way to the tiers: a whole object, or a chunked write if it is too large for that.
class Sink {
 public:
  struct Bounds {
    std::uint64_t bytes = 0;  ///< at most
    std::uint64_t whole = 0;  ///< in one piece
  };
  Sink(Shared& shared, Home& home, const CodedKey& place, const Bounds& bounds)
      : shared_(shared), home_(home), place_(place), id_(shared.disk.next_id()), bounds_(bounds) {}

  /// Fails with Errc::Limit once there is no gain.
  base::Status take(base::ChunkRef chunk) {
    bytes_ += chunk->size();
    if (bytes_ > bounds_.bytes) return base::fail(Errc::Limit, "is not smaller");
    held_.push_back(std::move(chunk));
    if (bytes_ <= bounds_.whole) return {};
    if (!write_) write_ = shared_.disk.begin(place_.key, id_, 0);
    for (base::ChunkRef& held : std::exchange(held_, {})) put(std::move(held));
    return make_room(kPutsMax);
  }

  /// `wanted_again`: more than one request wanted what this is coded from.
  coding::Coder::Made store(policy::StoredResponse response, bool wanted_again) {
    auto object = make_object(place_.key, place_.text, id_, std::move(response));
    if (write_) {
      if (auto committed = commit(object); !committed) return std::unexpected(committed.error());
      object->on_disk.set(true);
      shared_.memory.insert(object);
    } else {
      // A chunk with room for more takes more memory.
      if (!held_.empty()) held_.back() = base::Chunk::copy_of(held_.back()->view());
      object->set_body(std::move(held_));
      if (!keep_new(shared_, object, wanted_again, home_.clock().steady())) object->on_disk.set(false);
    }
    return object;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void put(base::ChunkRef chunk) {
    shared_.memory.insert_chunk(id_, puts_, chunk);
    ++pending_;
    write_->put(puts_++, std::move(chunk), home_, anchor_.wrap([this](const base::Result<void>& stored) {
      --pending_;
      if (!stored && !failure_) failure_ = stored.error();
    }));
  }

  base::Status make_room(std::uint32_t pending_max) {
    if (!home_.look()) return ended();
    while (!failure_ && pending_ > pending_max) {
      if (!home_.wait()) return ended();
    }
    if (failure_) return std::unexpected(*failure_);
    return {};
  }

  base::Status commit(const store::ObjectRef& object) {
    if (auto stored = make_room(0); !stored) return stored;
    std::optional<base::Result<store::PinRef>> answer;
    const base::Anchor anchor;
    write_->commit(object, home_,
                   anchor.wrap([&](base::Result<store::PinRef> pin) { answer = std::move(pin); }));
    while (!answer) {
      if (!home_.wait()) return ended();
    }
    if (!*answer) return std::unexpected(answer->error());
    return {};
  }

  Shared& shared_;
  Home& home_;
  const CodedKey& place_;
  const store::ObjectId id_;
  const Bounds bounds_;
  std::uint64_t bytes_ = 0;
  std::vector<base::ChunkRef> held_{};
  std::unique_ptr<store::DiskWrite> write_{};
  std::uint32_t puts_ = 0;
  std::uint32_t pending_ = 0;
  std::optional<base::Error> failure_{};
  base::Anchor anchor_{};
};

/// Codes the whole body into `sink`.
base::Status encode_body(Shared& shared, const store::Object& identity, policy::Coding coding, int level,
                         Home& home, Sink& sink) {
  auto codec = coding::make_codec(coding, level, identity.body_bytes);
  if (!codec) return std::unexpected(codec.error());
  coding::Encoder encoder(std::move(*codec),
                          [&](base::ChunkRef chunk) { return sink.take(std::move(chunk)); });
  for (std::uint32_t i = 0; i < identity.chunk_count(); ++i) {
    if (!home.look()) return ended();
    const auto chunk = read_chunk(shared, identity, i, home);
    if (!chunk) return std::unexpected(chunk.error());
    if (auto written = encoder.write((*chunk)->view()); !written) return written;
  }
  return encoder.finish();
}

/// What remembers that coding is of no use here.
policy::StoredResponse useless_mark(const policy::StoredResponse& identity) {
  policy::StoredResponse mark = identity;
  mark.fields.clear();
  mark.body_bytes = 0;
  return mark;
}

}  // namespace

bool is_coded(const store::Object& coded) { return response_of(coded).fields.has("content-encoding"); }

coding::Coder::Made CodingJob::operator()(Home& home) {
  Shared& shared = *shared_;
  // Made by a job that ended between the look-up and the submission of this one.
  if (store::ObjectRef there = shared.memory.find(place_.key, place_.text)) return there;
  coding::Counters& counters = shared.coder->counters(coding_);
  const policy::StoredResponse& response = response_of(*identity_);
  const std::uint64_t bytes = identity_->body_bytes;
  const bool wanted_again = identity_->on_disk.is_set();
  Sink sink(shared, home, place_, {bytes == 0 ? 0 : bytes - 1, options_.whole_max});
  const base::Status encoded = encode_body(shared, *identity_, coding_, options_.level, home, sink);
  const bool useless = !encoded && encoded.error().code == Errc::Limit && sink.bytes() >= bytes;
  coding::Coder::Made made;
  if (encoded) {
    made = sink.store(policy::coded_response(response, coding_, sink.bytes()), wanted_again);
  } else if (useless) {
    made = Sink(shared, home, place_, {}).store(useless_mark(response), wanted_again);
  } else {
    made = std::unexpected(encoded.error());
  }
  if (!made) {
    ++counters.failed;
    if (made.error().code != Errc::Cancelled) {
      logs::warn("body not coded", {{"url", response.url}, {"reason", made.error().text}});
    }
    return made;
  }
  ++counters.done;
  counters.bytes_in += bytes;
  if (useless) ++counters.useless;
  if (!useless) counters.bytes_out += sink.bytes();
  return made;
}

}  // namespace node
