// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>

#include "edge/base/clock.h"

namespace loop {

/// One key for session tickets (RFC 5077 4): its name is sent in the clear.
struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};  ///< AES-256
  std::array<unsigned char, 32> mac{};     ///< HMAC-SHA-256
};

/// The keys that session tickets are sealed with: a new one every 12 hours, the one before is still good for
/// opening. They never leave the process, so a recorded connection cannot be read after they are gone. Any
/// thread.
class TicketKeys {
 public:
  static constexpr base::Duration kPeriod = std::chrono::hours(12);

  /// What new tickets are sealed with at `now`.
  std::shared_ptr<const TicketKey> current(base::Steady now);
  /// The key of that name, if tickets under it are still good; else null.
  std::shared_ptr<const TicketKey> find(std::string_view name, base::Steady now);

  /// Lets `context` use the keys of this process, the same for all contexts.
  static void install(SSL_CTX* context);

 private:
  void rotate(base::Steady now);

  std::mutex mutex_;
  base::Steady since_{};  ///< when current_ was made
  std::shared_ptr<const TicketKey> current_;
  std::shared_ptr<const TicketKey> previous_;
};

}  // namespace loop
