// SPDX-License-Identifier: Apache-2.0
#include "origin/server/content_type.h"

#include <magic.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "edge/base/text.h"

namespace origin {
namespace {

struct Entry {
  std::string_view extension;
  std::string_view type;
};

// In order of the extension: looked up by halves.
constexpr auto kTypes = std::to_array<Entry>({
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apng", "image/apng"},
    {"atom", "application/atom+xml"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"br", "application/octet-stream"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"deb", "application/vnd.debian.binary-package"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"ics", "text/calendar; charset=utf-8"},
    {"iso", "application/x-iso9660-image"},
    {"jar", "application/java-archive"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4s", "video/iso.segment"},
    {"m4v", "video/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"mpeg", "video/mpeg"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rar", "application/vnd.rar"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ts", "video/mp2t"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
});
static_assert(std::ranges::is_sorted(kTypes, {}, &Entry::extension));

constexpr std::string_view kUnknown = "application/octet-stream";
constexpr std::size_t kSniffBytes = 4096;

/// libmagic's tables, one for each thread: they are not to be shared.
class Magic {
 public:
  Magic() : cookie_(magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR)) {
    if (cookie_ && magic_load(cookie_.get(), nullptr) != 0) cookie_.reset();
  }
  std::string type_of(std::string_view bytes) const {
    if (!cookie_) return std::string(kUnknown);
    const char* found = magic_buffer(cookie_.get(), bytes.data(), bytes.size());
    return found != nullptr ? found : std::string(kUnknown);
  }

 private:
  struct Close {
    void operator()(magic_set* cookie) const { magic_close(cookie); }
  };
  std::unique_ptr<magic_set, Close> cookie_;
};

}  // namespace

std::string_view type_by_extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t slash = name.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) return {};
  const std::string extension = base::lowered(name.substr(dot + 1));
  const auto found = std::ranges::lower_bound(kTypes, std::string_view(extension), {}, &Entry::extension);
  return found != kTypes.end() && found->extension == extension ? found->type : std::string_view();
}

std::string content_type(int fd, std::string_view name) {
  if (const std::string_view known = type_by_extension(name); !known.empty()) return std::string(known);
  static thread_local const Magic magic;
  std::array<char, kSniffBytes> head;
  const ssize_t size = ::pread(fd, head.data(), head.size(), 0);
  if (size <= 0) return std::string(kUnknown);
  std::string type = magic.type_of({head.data(), static_cast<std::size_t>(size)});
  // Of a guess, only what cannot run in a browser: an uploaded "picture" that looks like a page must not
  // become one.
  if (type == "text/html" || type == "image/svg+xml" || type.ends_with("javascript"))
    return "text/plain; charset=utf-8";
  if (type == "inode/x-empty") return std::string(kUnknown);
  return type;
}

}  // namespace origin
