// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "edge/base/hash.h"
#include "purge/clock/purge.h"

/// How what a purge names is fingerprinted: kind and site choose the seed, so that no two kinds and no two
/// sites share a name. Pure.
namespace purge {

enum class NameKind : char {
  Site = '*',
  Host = 'h',
  Url = 'u',
  Prefix = 'p',
  Tag = 't',
  FoldedTag = 'T',  ///< in lower case, of purges that ignore it
  Wildcard = 'w',
  Variant = 'v',
};

/// Makes the fingerprints of one site's names.
class Namer {
 public:
  explicit Namer(std::string_view site) : site_(base::hash64(site)) {}
  base::Hash128 name(NameKind kind, std::string_view text) const {
    return base::hash128(text, site_ + static_cast<unsigned char>(kind));
  }

 private:
  std::uint64_t site_;
};

/// Fields by which a request chooses a variant, as one text; the same for any order and case of the names.
std::string text_of(const VariantHeaders& headers);

/// Texts one after the other, in a form that they can be taken out of again.
std::string joined(std::initializer_list<std::string_view> texts);
/// Takes the next text off the front of `bytes`; false if there is none.
bool take_text(std::string_view& bytes, std::string& out);

}  // namespace purge
