// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "edge/policy/stored_response.h"
#include "purge/clock/ledger.h"
#include "store/object/object.h"

namespace node {

/// A stored object's meta, understood: what the edge keeps beside each object. Immutable but for the note of
/// when the ledger was last asked. Any thread.
class Decoded final : public store::Decoded, public purge::Variant {
 public:
  explicit Decoded(policy::StoredResponse response);

  const policy::StoredResponse& response() const { return response_; }
  std::size_t footprint() const override { return sizeof(*this) + response_.footprint(); }

  /// What the purges since this response was fetched say of it. While no purge comes, one comparison.
  purge::Verdict verdict(const purge::Ledger& ledger) const;
  /// What purges can match of it. Views into it.
  purge::Subject subject() const;
  bool is_chosen_by(const purge::VariantHeaders& headers) const override;

 private:
  const policy::StoredResponse response_;
  mutable std::atomic<std::uint64_t> checked_at_;  ///< nothing up to this stamp matches
};

/// For store::Disk: null if `meta` is damaged.
std::shared_ptr<const store::Decoded> decode_object(std::string_view meta);

/// The response of an object that the edge made or decoded.
inline const policy::StoredResponse& response_of(const store::Object& object) {
  return static_cast<const Decoded&>(*object.decoded).response();
}
inline purge::Verdict verdict_of(const store::Object& object, const purge::Ledger& ledger) {
  return static_cast<const Decoded&>(*object.decoded).verdict(ledger);
}

/// What purges can match of a response, but for which variant it is: that is left open. Views into it.
purge::Subject subject_of(const policy::StoredResponse& response);

/// An object of `response` without a body yet: key, text and id as given, meta encoded.
std::shared_ptr<store::Object> make_object(const store::Key& key, std::string key_text, store::ObjectId id,
                                           policy::StoredResponse response);

}  // namespace node
