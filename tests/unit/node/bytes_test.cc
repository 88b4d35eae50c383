// SPDX-License-Identifier: Apache-2.0
#include "edge/node/bytes.h"

#include <gtest/gtest.h>

namespace node {
namespace {

// No byte of a hit is copied on its way to the connection: what is handed out is the memory tier's own.
TEST(Bytes, OfASmallObjectAreThoseOfTheStoredBody) {
  auto object = std::make_shared<store::Object>();
  object->body = base::Chunk::copy_of("hello world");
  object->body_bytes = object->body->size();
  const auto bytes = bytes_of_whole(object);
  base::Slice slice;
  ASSERT_EQ(bytes->read(6, 100, slice), http::Pull::Data);
  EXPECT_EQ(slice.bytes, "world");
  EXPECT_EQ(slice.bytes.data(), object->body->data() + 6);
  EXPECT_EQ(bytes->read(11, 100, slice), http::Pull::End);
}

TEST(Bytes, OfAnObjectOfSeveralChunksAreThoseOfTheirs) {
  auto object = std::make_shared<store::Object>();
  object->body_bytes = base::kChunkBytes + 5;
  object->set_body({base::Chunk::copy_of(std::string(base::kChunkBytes, 'a')), base::Chunk::copy_of("hello")});
  const auto bytes = bytes_of_whole(object);
  base::Slice slice;
  ASSERT_EQ(bytes->read(base::kChunkBytes - 2, 100, slice), http::Pull::Data);
  EXPECT_EQ(slice.bytes, "aa");
  ASSERT_EQ(bytes->read(base::kChunkBytes + 1, 100, slice), http::Pull::Data);
  EXPECT_EQ(slice.bytes, "ello");
  EXPECT_EQ(slice.bytes.data(), object->chunks[1]->data() + 1);
  EXPECT_EQ(bytes->read(object->body_bytes, 100, slice), http::Pull::End);
}

}  // namespace
}  // namespace node
