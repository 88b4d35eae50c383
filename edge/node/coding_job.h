// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "edge/coding/codec.h"
#include "edge/coding/coder.h"
#include "edge/node/coded.h"
#include "edge/node/context.h"

namespace node {

/// Whether a coded object has a body to send; if not, it only remembers that coding does not make it smaller.
bool is_coded(const store::Object& coded);

/// Makes and stores the coded variant of one object: the work of a coding::Coder, on whose thread it runs and
/// waits for the disk. Reads the body from both tiers, chunk by chunk, and puts the coded one there likewise.
class CodingJob {
 public:
  struct Options {
    int level = 0;
    std::uint64_t whole_max = 0;  ///< a coded body up to this is kept in one piece (node::whole_max)
  };
  /// `pin` keeps the chunks of a body that is not whole().
  CodingJob(Shared& shared, store::ObjectRef identity, store::PinRef pin, CodedKey place,
            policy::Coding coding, const Options& options)
      : shared_(&shared),
        identity_(std::move(identity)),
        pin_(std::move(pin)),
        place_(std::move(place)),
        coding_(coding),
        options_(options) {}

  /// Once.
  coding::Coder::Made operator()(coding::Home& home);

 private:
  Shared* shared_;
  store::ObjectRef identity_;
  store::PinRef pin_;
  CodedKey place_;
  policy::Coding coding_;
  Options options_;
};

}  // namespace node
