// SPDX-License-Identifier: Apache-2.0

#include "model/operation_text.h"

#include <string>

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

std::string Reprint(std::string_view line) {
  Operation operation;
  std::string error;
  return ParseOperation(line, &operation, &error) ? PrintOperation(operation) : error;
}

TEST(OperationText, EveryKindPrintsAsItWasWritten) {
  const std::string_view lines[] = {
      "put 0 k3 100 -",
      "put 9223372036854775807 \"a\\x00b\"*40 1 commit",
      "delete 1 \"\" interval",
      "get 0 k3 c3-1",
      "flush",
      "scan 0 [k1 k5) backward 10 now",
      "scan 255 (\"\" \"a b\"] forward 0 s2",
      "scan 0 - - forward 0 c0+1",
      "batch {put 0 k1 10; delete 1 k2; delete-range 0 k1 k5; delete-range 0 k1 -} manual",
      "batch {} -",
      "delete-range 0 k1 - -",
      "sync",
      "compact * - -",
      "compact 7 [k1 k9]",
      "snapshot 0 now",
      "release 3",
      "multi-get 0 {k1 \"x\" k2} s0",
      "iterate 0 - k5] s1 {first next next seek k3 prev last seek-prev k2}",
      "cursor-open 1 0 - - now",
      "cursor-move 1 {first}",
      "cursor-close 1",
      "pin 2 0 k1 now",
      "pause 3",
      "rate 2",
      "wait-idle",
      "run-background 3",
      "reopen",
      "check",
      "read-only-visit",
      "checkpoint",
      "publish * 2 now",
      "publish 7 3 c1",
      "advance-time 1000000000",
      "step-back 5",
      "advance-clock 60000000000",
      "resume",
      "fail sync log 3 io once",
      "fail sync-directory all 1 short-no-space forever",
      "heal",
      "kill",
      "crash 18446744073709551615",
      "power-cut 3 7",
      "close",
      "misread backward 0",
      "misread forward 9223372036854775807",
  };
  std::string kinds;
  for (const std::string_view line : lines) {
    EXPECT_EQ(Reprint(line), line);
    kinds.append(line.substr(0, line.find(' '))).append(" ");
  }
  for (int i = 0; i < kOperationKinds; ++i) {
    const std::string_view name = KindName(static_cast<OperationKind>(i));
    EXPECT_NE(kinds.find(std::string(name) + " "), std::string::npos) << name << " is not tried";
  }
}

TEST(OperationText, ErrorsNameTheColumnAndWhatWasExpected) {
  EXPECT_EQ(Reprint(""), "column 1: expected an operation, such as put, get or scan");
  EXPECT_EQ(Reprint("fly 0"), "column 1: expected an operation, such as put, get or scan");
  EXPECT_EQ(Reprint("put x"), "column 5: expected a namespace");
  EXPECT_EQ(Reprint("put 0 3"), "column 7: expected a key, such as k3 or \"ab\"");
  EXPECT_EQ(Reprint("put 0 \"ab"), "column 10: expected a closing quote");
  EXPECT_EQ(Reprint("put 0 \"\\n\" 1 -"), "column 8: expected \\x and two digits");
  EXPECT_EQ(Reprint("put 0 k1 9999999 -"),
            "column 10: expected the length of a value, a number up to 1048576");
  EXPECT_EQ(Reprint("put 0 k1 9 - 7"), "column 14: expected the end of the line");
  EXPECT_EQ(Reprint("put 0 k1 9 later"),
            "column 12: expected a durability: -, commit, interval, manual");
  EXPECT_EQ(Reprint("batch {put 0 k1 9"), "column 18: expected ; or }");
  EXPECT_EQ(Reprint("release 4"), "column 9: expected a slot, a number up to 3");
  EXPECT_EQ(Reprint("scan 0 k1"), "column 8: expected a lower bound: -, [key or (key");
  EXPECT_EQ(Reprint("put 99999999999999999999 k1"), "column 5: expected a namespace");
}

TEST(OperationText, ValuesNameTheirWriterAndKeysOfTheTableDiffer) {
  EXPECT_EQ(ValueBytes(12, 3, 5), "12.3;");
  EXPECT_EQ(ValueBytes(12, 3, 0), "");
  EXPECT_NE(ValueBytes(12, 2, 300), ValueBytes(12, 4, 300));
  EXPECT_NE(ValueBytes(3, 0, 300), ValueBytes(5, 0, 300));
  for (uint32_t i = 0; i < kNastyKeys + 3; ++i) {
    for (uint32_t j = 0; j < i; ++j) {
      EXPECT_NE(KeyBytes(Key::Table(i)), KeyBytes(Key::Table(j))) << i << " " << j;
    }
  }
  EXPECT_EQ(KeyBytes(Key::Table(42)), "n00042");
  EXPECT_EQ(KeyBytes(Key::Literal("ab", 3)), "ababab");
}

}  // namespace
}  // namespace veralith::model
