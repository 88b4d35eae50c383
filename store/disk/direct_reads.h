// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace store {

/// How many bytes may be read on the threads that ask for them, all together, until their answers have run:
/// loops spend part of their turn on it, and what is more goes to the reader threads. Any thread.
class DirectReads {
 public:
  static constexpr std::size_t kBytesMax = 4 << 20;  ///< about a millisecond

  /// For one object, until it ends; it may outlive what gave it. False: there are as many as allowed.
  class Permit {
   public:
    Permit() = default;
    Permit(std::shared_ptr<std::atomic<std::size_t>> of, std::size_t bytes)
        : of_(std::move(of)), bytes_(bytes) {}
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (of_) of_->fetch_sub(bytes_, std::memory_order_relaxed);
    }
    explicit operator bool() const { return of_ != nullptr; }

   private:
    std::shared_ptr<std::atomic<std::size_t>> of_{};
    std::size_t bytes_ = 0;
  };

  Permit ask(std::size_t bytes) {
    if (running_->fetch_add(bytes, std::memory_order_relaxed) + bytes <= kBytesMax)
      return Permit(running_, bytes);
    running_->fetch_sub(bytes, std::memory_order_relaxed);
    return {};
  }

 private:
  std::shared_ptr<std::atomic<std::size_t>> running_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace store
