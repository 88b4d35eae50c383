// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// The characters that HTTP allows where (RFC 9110 5.5, 5.6.2). Pure functions, any thread.
namespace http {

/// A method or a field name: not empty, letters, digits and !#$%&'*+-.^_`|~ only.
bool is_token(std::string_view text);
/// Without control characters but tab: nothing that could end a field or be taken for the end of one.
bool is_field_value(std::string_view text);
/// `text` fit for a message to people: at most 80 characters, control characters as '?'.
std::string printable(std::string_view text);

}  // namespace http
