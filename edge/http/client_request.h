// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "edge/base/error.h"
#include "edge/http/client.h"

namespace http {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, FreeEasy>;
using TextList = std::unique_ptr<curl_slist, FreeList>;

/// A ClientRequest put into curl's terms: one easy handle with every option that does not concern callbacks,
/// and the lists that it refers to. Owned by its Transfer.
struct PreparedRequest {
  bool https = false;
  TextList fields{};
  TextList connect_to{};
  EasyHandle easy{};  ///< last: it refers to the lists
};

/// Errors: a URL that is not http or https, a method, target or field that cannot be sent as it is. What is
/// sent is exactly what `request` holds: no proxy, cookie, redirect, default field or path normalisation of
/// curl's.
base::Result<PreparedRequest> prepare(const ClientRequest& request);

/// Makes it HTTP/1.1, over connections that only such requests use.
void settle_for_http1(PreparedRequest& request);

/// Whether the connection that it was given has agreed on HTTP/2.
bool speaks_http2(const PreparedRequest& request);

/// RFC 9110 9.2.2, and the safe methods of its registry.
bool is_idempotent(std::string_view method);

}  // namespace http
