// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/body.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "edge/base/check.h"
#include "edge/base/text.h"

namespace harness {
namespace {

// SplitMix64 of the word's index: each word by itself.
std::uint64_t word_at(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed * 0xd1342543de82ef95ULL + (index + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { ::EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
  CHECK(context_ && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::string_view bytes) {
  CHECK(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(::EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
  return base::hex({reinterpret_cast<const char*>(digest), size});
}

std::string sha256(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.hex();
}

std::size_t SeededBody::read(std::uint64_t offset, std::span<char> room) const {
  if (offset >= size_) return 0;
  const std::size_t wanted = std::min<std::uint64_t>(room.size(), size_ - offset);
  std::size_t done = 0;
  while (done < wanted) {
    const std::uint64_t at = offset + done;
    const std::uint64_t word = word_at(seed_, at / 8);
    const std::size_t skip = at % 8;
    const std::size_t n = std::min(8 - skip, wanted - done);
    std::memcpy(room.data() + done, reinterpret_cast<const char*>(&word) + skip, n);
    done += n;
  }
  return wanted;
}

std::string SeededBody::text(std::uint64_t offset, std::size_t bytes) const {
  std::string out(bytes, '\0');
  out.resize(read(offset, out));
  return out;
}

std::string SeededBody::sha256() const {
  Sha256 sum;
  std::vector<char> piece(256UL * 1024);
  for (std::uint64_t at = 0; at < size_;) {
    const std::size_t n = read(at, piece);
    sum.add({piece.data(), n});
    at += n;
  }
  return sum.hex();
}

}  // namespace harness
