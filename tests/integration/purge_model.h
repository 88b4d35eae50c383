// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/origin.h"

namespace harness {

/// A small site that changes, and what purges name of it, worked out from its pages and not from any code
/// that is tested. Any thread.
class PurgeModel {
 public:
  static constexpr unsigned kPages = 18;
  static constexpr std::array<const char*, 2> kLanguages = {"de", "fr"};

  /// Of a page, in one of its languages (0 if it has no variants).
  struct Copy {
    unsigned page = 0;
    unsigned language = 0;
    auto operator<=>(const Copy&) const = default;
  };
  struct Purge {
    std::string json{};
    std::set<Copy> named{};
    bool soft = false;
  };

  static bool varies(unsigned page) { return page % 6 == 0; }
  static std::string path_of(unsigned page) {
    return "/d" + std::to_string(page % 3) + "/p" + std::to_string(page) + (page % 2 == 0 ? ".html" : ".png");
  }
  static std::vector<Copy> copies_of(unsigned page) {
    return varies(page) ? std::vector<Copy>{{page, 0}, {page, 1}} : std::vector<Copy>{{page, 0}};
  }
  static std::vector<Copy> all_copies() {
    std::vector<Copy> all;
    for (unsigned page = 0; page < kPages; ++page)
      std::ranges::copy(copies_of(page), std::back_inserter(all));
    return all;
  }

  void offer(Origin& origin) {
    for (unsigned page = 0; page < kPages; ++page) {
      origin.answer(path_of(page), [this, page](const Seen& seen) { return answer(page, seen); });
    }
  }
  unsigned version(unsigned page) const { return versions_[page]; }
  void upload(unsigned page) { ++versions_[page]; }

  /// A purge of a random kind.
  template <typename Random>
  Purge purge(Random& random) const {
    const auto chance = [&random](unsigned below) { return static_cast<unsigned>(random() % below); };
    const unsigned page = chance(kPages);
    const std::string url = "www.test" + path_of(page);
    nlohmann::json body = {{"site", "www"}};
    Purge out{.soft = chance(4) == 0};
    if (out.soft) body["soft"] = true;
    const auto name = [&out](auto is_named) {
      for (const Copy& copy : all_copies()) {
        if (is_named(copy)) out.named.insert(copy);
      }
    };
    switch (chance(11)) {
      case 0:
        body["everything"] = true;
        name([](const Copy&) { return true; });
        break;
      case 1:
        body["hosts"] = {chance(2) == 0 ? "www.test" : "other.test"};
        if (body["hosts"][0] == "www.test") name([](const Copy&) { return true; });
        break;
      case 2:
        body["tags"] = {"t" + std::to_string(page % 5)};
        name([page](const Copy& copy) { return copy.page % 5 == page % 5; });
        break;
      case 3:
        body["tags"] = {"T" + std::to_string(page % 5)};
        body["ignore_case"] = true;
        name([page](const Copy& copy) { return copy.page % 5 == page % 5; });
        break;
      case 4:
        body["tags"] = {"T" + std::to_string(page % 5), "status=404", "type=text"};  // nothing has these
        break;
      case 5:
        body["tags"] = {chance(2) == 0 ? "type=image/png" : "type=image/*"};
        name([](const Copy& copy) { return copy.page % 2 != 0; });
        break;
      case 6:
        body["prefixes"] = {"www.test/d" + std::to_string(page % 3)};
        name([page](const Copy& copy) { return copy.page % 3 == page % 3; });
        break;
      case 7:
        body["wildcards"] = {"www.test/d*/p" + std::to_string(page) + ".*"};
        name([page](const Copy& copy) { return copy.page == page; });
        break;
      case 8: {
        const unsigned language = varies(page) ? chance(2) : 0;
        body["variants"] = {
            {{"url", "https://" + url}, {"headers", {{"Accept-Language", kLanguages.at(language)}}}}};
        out.named.insert({page, language});
        break;
      }
      default:
        body["urls"] = {"https://" + url};
        name([page](const Copy& copy) { return copy.page == page; });
        break;
    }
    out.json = body.dump();
    return out;
  }

 private:
  Reply answer(unsigned page, const Seen& seen) const {
    const std::string version = std::to_string(versions_[page].load());
    Reply reply{.headers = {{"Cache-Control", "max-age=86400"},
                            {"Surrogate-Key", "t" + std::to_string(page % 5) + " page"},
                            {"Content-Type", page % 2 == 0 ? "text/html; charset=utf-8" : "image/png"}},
                .body = version};
    reply.etag = '"' + version + '-' + std::to_string(page) + '"';
    if (varies(page)) {
      const std::string language = seen.header("accept-language");
      reply.headers.emplace_back("Vary", "Accept-Language");
      reply.body = version + ' ' + language;
      reply.etag = '"' + version + language + '"';
    }
    return reply;
  }

  std::array<std::atomic<unsigned>, kPages> versions_{};
};

}  // namespace harness
