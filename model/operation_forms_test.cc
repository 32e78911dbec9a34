// SPDX-License-Identifier: Apache-2.0

// The text, byte, random and simplified forms of operations, compared with each other.
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "model/operation_bytes.h"
#include "model/operation_draw.h"
#include "model/operation_table.h"
#include "model/operation_text.h"
#include "model/simplify.h"

namespace veralith::model {
namespace {

// A generator of this test's own: model/ uses only types of core.
class Chance {
 public:
  uint64_t operator()(uint64_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % bound;
  }

 private:
  uint64_t state_ = 42;
};

std::vector<Operation> DrawMany(int count) {
  Chance chance;
  const Below below = std::ref(chance);
  std::vector<Operation> operations;
  for (int i = 0; i < count; ++i) {
    operations.push_back(DrawOperation(FaultProfile(), below));
  }
  return operations;
}

TEST(OperationForms, ParsingIsTheInverseOfPrinting) {
  for (const Operation& operation : DrawMany(20'000)) {
    Operation parsed;
    std::string error;
    const std::string text = PrintOperation(operation);
    ASSERT_TRUE(ParseOperation(text, &parsed, &error)) << text << ": " << error;
    ASSERT_EQ(parsed, operation) << text;
  }
}

TEST(OperationForms, DecodingIsTheInverseOfEncoding) {
  const std::vector<Operation> operations = DrawMany(20'000);
  EXPECT_EQ(DecodeOperations(EncodeOperations(operations), operations.size()), operations);
}

TEST(OperationForms, EveryByteStringDecodesToOperationsThatPrintAndEncode) {
  Chance chance;
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes(chance(60), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(chance(256));
    }
    const std::vector<Operation> operations = DecodeOperations(bytes, 100);
    ASSERT_EQ(DecodeOperations(EncodeOperations(operations), 100), operations);
    for (const Operation& operation : operations) {
      Operation parsed;
      std::string error;
      ASSERT_TRUE(ParseOperation(PrintOperation(operation), &parsed, &error)) << error;
      ASSERT_EQ(parsed, operation);
    }
  }
}

TEST(OperationForms, EveryCutAndChangeOfALineParsesOrNamesAColumn) {
  for (const Operation& operation : DrawMany(300)) {
    const std::string text = PrintOperation(operation);
    for (size_t i = 0; i < text.size(); ++i) {
      for (const char c : std::string_view("\0 k\"-9{z\\", 9)) {
        std::string changed = text;
        changed[i] = c;
        Operation parsed;
        std::string error;
        if (!ParseOperation(changed, &parsed, &error)) {
          ASSERT_EQ(error.substr(0, 7), "column ") << changed;
        }
      }
      Operation parsed;
      std::string error;
      ParseOperation(text.substr(0, i), &parsed, &error);
    }
  }
}

// Saved inputs of the fuzzer are made of codes. The list only gets longer: a code stays the code of
// its kind, and that of a kind that is gone stays here.
TEST(OperationForms, CodesAreNeverChangedNorUsedAgain) {
  const std::map<std::string_view, int> codes = {{"put", 0},
                                                 {"delete", 1},
                                                 {"get", 2},
                                                 {"flush", 3},
                                                 {"scan", 4},
                                                 {"delete-range", 5},
                                                 {"batch", 6},
                                                 {"sync", 7},
                                                 {"compact", 8},
                                                 {"snapshot", 9},
                                                 {"release", 10},
                                                 {"multi-get", 11},
                                                 {"iterate", 12},
                                                 {"cursor-open", 13},
                                                 {"cursor-move", 14},
                                                 {"cursor-close", 15},
                                                 {"pin", 16},
                                                 {"wait-idle", 17},
                                                 {"run-background", 18},
                                                 {"reopen", 19},
                                                 {"check", 20},
                                                 {"read-only-visit", 21},
                                                 {"checkpoint", 22},
                                                 {"advance-time", 23},
                                                 {"step-back", 24},
                                                 {"advance-clock", 25},
                                                 {"resume", 26},
                                                 {"fail", 27},
                                                 {"heal", 28},
                                                 {"kill", 29},
                                                 {"crash", 30},
                                                 {"power-cut", 31},
                                                 {"close", 32},
                                                 {"misread", 33},
                                                 {"publish", 34},
                                                 {"pause", 35},
                                                 {"rate", 36}};
  std::set<int> used;
  for (const auto& [name, code] : codes) {
    EXPECT_TRUE(used.insert(code).second) << code << " is used twice";
  }
  for (const OperationRow& row : kOperations) {
    const auto known = codes.find(row.name);
    ASSERT_NE(known, codes.end()) << "the new kind " << row.name
                                  << " belongs into this list, with code " << codes.size();
    EXPECT_EQ(row.code, known->second) << "the code of " << row.name << " has changed";
    EXPECT_LT(row.code, kReservedCodes);
  }
}

TEST(OperationForms, BytesThatAreNoCodeHaveOneMeaning) {
  // Of those that no kind ever takes as its code: the first and the last, and some between.
  const std::pair<int, OperationKind> aliases[] = {
      {64, OperationKind::kDelete},       {79, OperationKind::kDelete},
      {100, OperationKind::kSnapshot},    {127, OperationKind::kGet},
      {200, OperationKind::kDeleteRange}, {255, OperationKind::kPut}};
  for (const auto& [byte, kind] : aliases) {
    const std::string bytes(1, static_cast<char>(byte));
    EXPECT_EQ(DecodeOperations(bytes, 1).at(0).kind, kind) << byte;
    EXPECT_FALSE(UsesReservedCodes(bytes, 1)) << byte;
  }
  EXPECT_TRUE(UsesReservedCodes(std::string(1, static_cast<char>(kReservedCodes - 1)), 1));
}

TEST(OperationForms, EveryKindIsDrawn) {
  std::set<OperationKind> kinds;
  for (const Operation& operation : DrawMany(20'000)) {
    kinds.insert(operation.kind);
  }
  EXPECT_EQ(kinds.size(), size_t{kOperationKinds});
}

TEST(OperationForms, SimplifyingAlwaysEndsAndNeverMovesToALaterKind) {
  for (const Operation& drawn : DrawMany(2'000)) {
    // Takes always the last neighbour: the smallest step.
    Operation operation = drawn;
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 100'000) << PrintOperation(drawn);
      const std::vector<Operation> simpler = Simplifications(operation);
      if (simpler.empty()) {
        break;
      }
      for (const Operation& one : simpler) {
        ASSERT_LE(one.kind, operation.kind);
        ASSERT_NE(one, operation);
      }
      operation = simpler[simpler.size() / 2];
    }
  }
}

TEST(OperationForms, SwarmsDropKindsButNeverPut) {
  Chance chance;
  size_t dropped = 0;
  for (int i = 0; i < 200; ++i) {
    const Profile profile = Swarm(CrashProfile(), std::ref(chance));
    EXPECT_GT(profile.weights[0], 0u);
    EXPECT_GE(profile.nasty_keys, 1u);
    dropped += profile.weights[static_cast<size_t>(OperationKind::kFlush)] == 0;
  }
  EXPECT_GT(dropped, 20u);
  EXPECT_LT(dropped, 180u);
}

}  // namespace
}  // namespace veralith::model
