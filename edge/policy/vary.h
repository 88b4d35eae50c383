// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/fields.h"

namespace policy {

/// Field names of a response's Vary (RFC 9111 4.1), lower case, sorted, without doubles; Accept-Encoding with
/// them if the response has a Content-Encoding. Nothing: `Vary: *`.
std::optional<std::vector<std::string>> vary_names(const http::Fields& response);

/// A request's values of `names`, as text for the variant's key. `request`: as sent to the origin
/// (fields_to_origin()), since that is what the response depends on: Vary may name a field that the edge
/// sets, such as X-Forwarded-Proto. Accept-Encoding is reduced (see accept_encoding()); other values are
/// combined and their optional white space normalised, Accept-Language's case and order too; absence differs
/// from emptiness.
std::string variant_text(const std::vector<std::string>& names, const http::Fields& request);

/// Whether a request with these fields gets the stored variant of this variant_text(), so that a purge of
/// what the request gets has to find it. `request`: as a client sends it, but without what the site's rule
/// strips. `content_language`: content_language() of what is stored; who prefers that to all others gets it
/// by an alias. What is stored for no coding matches any Accept-Encoding, since where the edge codes bodies
/// itself it is for all; a field that the edge sets matches any (is_set_by_edge()). So true for more than the
/// one request's variant now and then, and never false for that.
bool is_chosen_by(std::string_view variant_text, const http::Fields& request,
                  std::string_view content_language);

/// The language that a request prefers to all others by its Accept-Language, lower case; empty if it names
/// none, several alike, or any ("*").
std::string preferred_language(const http::Fields& request);
/// The one language of a response's Content-Language, lower case; empty if there is none or are several.
std::string content_language(const http::Fields& response);
/// variant_text() of a request that asks for `language` and nothing else, but is `request` otherwise. Empty
/// if `names` has no Accept-Language, or `language` is empty.
std::string language_variant_text(const std::vector<std::string>& names, const http::Fields& request,
                                  std::string_view language);

/// Accept-Encoding as it is sent to origins and compared: of br, zstd, gzip, those that the client accepts (q
/// > 0, "*" understood), in that fixed order, "br, gzip"; empty: identity only.
std::string accept_encoding(const http::Fields& request);

}  // namespace policy
