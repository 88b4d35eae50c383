// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "edge/base/executor.h"
#include "edge/node/context.h"
#include "edge/policy/coding.h"
#include "origin/fetch/fetch.h"
#include "store/object/object.h"

namespace node {

/// Where the coded variant of an object lies: under a key of its own, made of the object's id, so that a new
/// version of the object orphans it.
struct CodedKey {
  CodedKey(const store::Object& identity, policy::Coding coding);
  std::string text;
  store::Key key;
};

/// One request's side of coded variants: whether it is to get one, and where that comes from (memory, disk,
/// or the Coder). Freshness and purges are judged on the identity before. Lives on the request's loop;
/// destroying it cancels.
class Coded {
 public:
  using Found = std::function<void(store::ObjectRef coded)>;  ///< null: the body goes out as it is

  explicit Coded(Context& context) : context_(context), wait_(context.executor) {}
  /// For a request that meets the cache; `rule` and `config` outlive this. Before it, and without it, nothing
  /// is coded.
  void begin(const policy::CodingRule& rule, const Config& config, const http::RequestHead& request,
             const policy::CacheControl& directives);

  /// Whether this request is to get a coded body in place of this response's, which has `bytes`.
  bool wanted(const policy::StoredResponse& identity, std::optional<std::uint64_t> bytes) const;

  /// How the request is answered from a fetch that has its head.
  enum class Way : std::uint8_t {
    Stream,  ///< from its bytes, as they come
    Wait,    ///< not yet: once the body is whole, it is coded
    Object,  ///< from the object that it has become
  };
  Way way(const fetch::Fetch::View& view) const;

  /// The coded variant of an object that is `wanted`; at once, or later on this loop. A request asks once.
  void find(store::ObjectRef identity, Found then);
  /// What the answer says of codings. `coded`: its body is the coded one.
  void set_fields(const policy::StoredResponse& identity, bool coded, http::Fields& answer) const;

 private:
  void look_on_disk();
  void make();
  void use(store::ObjectRef coded);

  Context& context_;
  const Config* config_ = nullptr;
  const policy::CodingRule* rule_ = nullptr;
  std::optional<policy::Coding> coding_{};  ///< that the client should get
  store::ObjectRef identity_{};
  std::optional<CodedKey> place_{};
  Found then_{};
  base::Timer wait_;
  base::Anchor anchor_{};
};

}  // namespace node
