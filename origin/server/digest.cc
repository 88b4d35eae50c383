// SPDX-License-Identifier: Apache-2.0
#include "origin/server/digest.h"

#include <openssl/evp.h>

#include <array>
#include <optional>
#include <utility>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "edge/http/syntax.h"
#include "origin/server/base64.h"

namespace origin {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context make_context(const EVP_MD* algorithm) {
  Context context(EVP_MD_CTX_new());
  CHECK(context && EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1);
  return context;
}

std::string result_of(const Context& context) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> room{};
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(context.get(), room.data(), &size) == 1);
  return {reinterpret_cast<const char*>(room.data()), size};
}

/// Where the digest of an algorithm goes, and how many bytes it has.
struct Slot {
  std::string* value = nullptr;
  std::size_t bytes = 0;
};

Slot slot_of(PromisedDigests& promised, std::string_view algorithm) {
  if (base::iequals(algorithm, "sha-256")) return {&promised.sha256, 32};
  if (base::iequals(algorithm, "sha-512")) return {&promised.sha512, 64};
  if (base::iequals(algorithm, "md5")) return {&promised.md5, 16};
  return {};
}

Outcome<void> keep(const Slot& slot, std::string_view field, std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != slot.bytes) {
    return refuse(400, std::string(field) + " holds '" + http::printable(text) +
                           "', expected the base64 form of " + std::to_string(slot.bytes) + " bytes");
  }
  if (!slot.value->empty() && *slot.value != *bytes) {
    return refuse(400, std::string(field) + " contradicts another checksum of the same request");
  }
  *slot.value = *bytes;
  return {};
}

/// "sha-256=:BASE64:" members (RFC 9530) when `colons`, else "SHA-256=BASE64" (RFC 3230).
Outcome<void> read_members(PromisedDigests& promised, std::string_view field, std::string_view value,
                           bool colons) {
  std::optional<Refusal> refusal;
  base::split(value, ',', [&](std::string_view member) {
    const std::size_t equals = member.find('=');
    if (refusal || equals == std::string_view::npos) return;
    const Slot slot = slot_of(promised, base::trimmed(member.substr(0, equals)));
    if (slot.value == nullptr) return;
    std::string_view text = base::trimmed(member.substr(equals + 1));
    if (colons) {
      if (text.size() < 2 || text.front() != ':' || text.back() != ':') {
        refusal = Refusal{400, std::string(field) + " holds '" + http::printable(member) +
                                   "', expected 'sha-256=:BASE64:'"};
        return;
      }
      text = text.substr(1, text.size() - 2);
    }
    if (auto kept = keep(slot, field, text); !kept) refusal = kept.error();
  });
  if (refusal) return std::unexpected(std::move(*refusal));
  return {};
}

}  // namespace

Outcome<PromisedDigests> promised_digests(const http::Fields& fields) {
  PromisedDigests promised;
  if (const auto md5 = fields.get("content-md5")) {
    if (auto kept = keep({&promised.md5, 16}, "Content-MD5", base::trimmed(*md5)); !kept) {
      return std::unexpected(kept.error());
    }
  }
  struct Form {
    const char* lower;
    const char* name;
    bool colons;
  };
  for (const Form& form : {Form{"digest", "Digest", false}, Form{"content-digest", "Content-Digest", true},
                           Form{"repr-digest", "Repr-Digest", true}}) {
    const auto read = read_members(promised, form.name, fields.combined(form.lower), form.colons);
    if (!read) return std::unexpected(read.error());
  }
  return promised;
}

struct BodyHash::Impl {
  PromisedDigests promised;
  Context sha256;
  Context sha512{};
  Context md5{};
};

BodyHash::BodyHash(PromisedDigests promised)
    : impl_(std::make_unique<Impl>(std::move(promised), make_context(EVP_sha256()))) {
  if (!impl_->promised.sha512.empty()) impl_->sha512 = make_context(EVP_sha512());
  if (!impl_->promised.md5.empty()) impl_->md5 = make_context(EVP_md5());
}

BodyHash::~BodyHash() = default;

void BodyHash::update(std::string_view bytes) {
  for (const Context* context : {&impl_->sha256, &impl_->sha512, &impl_->md5}) {
    if (*context) CHECK(EVP_DigestUpdate(context->get(), bytes.data(), bytes.size()) == 1);
  }
}

Outcome<std::string> BodyHash::finish() {
  std::string sha256 = result_of(impl_->sha256);
  const auto check = [](const char* algorithm, const std::string& wanted,
                        const std::string& found) -> Outcome<void> {
    if (wanted.empty() || wanted == found) return {};
    return refuse(422, std::string("the body's ") + algorithm + " is " + to_base64(found) +
                           ", promised was " + to_base64(wanted) + "; nothing was changed");
  };
  Outcome<void> good = check("SHA-256", impl_->promised.sha256, sha256);
  if (good && impl_->sha512) good = check("SHA-512", impl_->promised.sha512, result_of(impl_->sha512));
  if (good && impl_->md5) good = check("MD5", impl_->promised.md5, result_of(impl_->md5));
  if (!good) return std::unexpected(good.error());
  return sha256;
}

std::string sha256_of(std::string_view bytes) {
  const Context context = make_context(EVP_sha256());
  CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  return result_of(context);
}

}  // namespace origin
