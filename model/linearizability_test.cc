// SPDX-License-Identifier: Apache-2.0

#include "model/linearizability.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace veralith::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

Write PutOf(std::string key, std::string value) {
  return {Write::Kind::kPut, 0, std::move(key), std::move(value), std::nullopt};
}
Write DeleteOf(std::string key) {
  return {Write::Kind::kDelete, 0, std::move(key), {}, std::nullopt};
}
Write DeleteRangeOf(std::string begin, std::string end) {
  return {Write::Kind::kDeleteRange, 0, std::move(begin), {}, std::move(end)};
}

Call Committed(uint64_t begin, uint64_t end, Timestamp timestamp, std::vector<Write> batch) {
  Call call;
  call.begin = begin;
  call.end = end;
  call.timestamp = timestamp;
  call.batch = std::move(batch);
  return call;
}
Call Got(uint64_t begin, uint64_t end, std::string key, std::vector<Row> rows,
         Timestamp snapshot = 0) {
  Call call;
  call.kind = Call::Kind::kGet;
  call.begin = begin;
  call.end = end;
  call.key = std::move(key);
  call.rows = std::move(rows);
  call.timestamp = snapshot;
  return call;
}
Call Scanned(uint64_t begin, uint64_t end, std::vector<Row> rows, Timestamp snapshot = 0) {
  Call call = Got(begin, end, "", std::move(rows), snapshot);
  call.kind = Call::Kind::kScan;
  return call;
}
Call Fixed(uint64_t begin, uint64_t end, Timestamp snapshot) {
  Call call;
  call.kind = Call::Kind::kSnapshot;
  call.begin = begin;
  call.end = end;
  call.timestamp = snapshot;
  return call;
}

void ExpectGood(const std::vector<Call>& history) {
  EXPECT_EQ(CheckLinearizable(history), std::nullopt);
}
void ExpectBad(const std::vector<Call>& history, const std::string& why) {
  EXPECT_THAT(CheckLinearizable(history), Optional(HasSubstr(why)));
}

TEST(Linearizability, AnEmptyHistoryAndOneCallAreGood) {
  ExpectGood({});
  ExpectGood({Got(1, 2, "k", {})});
  ExpectGood({Committed(1, 2, 10, {PutOf("k", "a")})});
}

TEST(Linearizability, TimestampsFollowRealTime) {
  ExpectBad({Committed(1, 2, 20, {PutOf("a", "1")}), Committed(3, 4, 10, {PutOf("b", "2")})},
            "committed at 10");
  ExpectGood({Committed(1, 4, 20, {PutOf("a", "1")}), Committed(2, 3, 10, {PutOf("b", "2")})});
  ExpectBad({Committed(1, 2, 10, {PutOf("a", "1")}), Committed(1, 2, 10, {PutOf("b", "2")})},
            "shares its timestamp");
}

TEST(Linearizability, AnAcknowledgedWriteIsSeenByLaterReads) {
  const Call write = Committed(1, 2, 10, {PutOf("k", "a")});
  ExpectGood({write, Got(3, 4, "k", {{"k", "a", 10}})});
  ExpectBad({write, Got(3, 4, "k", {})}, "(absent) fits no moment");
  Call beside = write;
  beside.end = 5;
  ExpectGood({beside, Got(3, 4, "k", {})});
  ExpectBad({write, Got(3, 4, "k", {{"k", "b", 10}})}, "fits no moment");
  ExpectBad({write, Got(3, 4, "k", {{"k", "a", 11}})}, "fits no moment");
}

TEST(Linearizability, AReadNeverShowsWhatWasOverwrittenBeforeItBegan) {
  const std::vector<Call> writes = {Committed(1, 2, 10, {PutOf("k", "a")}),
                                    Committed(3, 4, 20, {PutOf("k", "b")})};
  std::vector<Call> history = writes;
  history.push_back(Got(5, 6, "k", {{"k", "a", 10}}));
  ExpectBad(history, "fits no moment");
  history.back().timestamp = 15;
  ExpectGood(history);
}

TEST(Linearizability, TwoReadsOneAfterTheOtherNeverGoBack) {
  const Call write = Committed(1, 9, 10, {PutOf("k", "a")});
  const Call saw = Got(2, 3, "k", {{"k", "a", 10}});
  ExpectGood({write, saw, Got(4, 5, "k", {{"k", "a", 10}})});
  ExpectBad({write, saw, Got(4, 5, "k", {})}, "fits no moment");
  ExpectGood({write, saw, Got(2, 5, "k", {})});
}

TEST(Linearizability, AWriteIsNotSeenBeforeItBegins) {
  ExpectBad({Got(1, 2, "k", {{"k", "a", 10}}), Committed(3, 4, 10, {PutOf("k", "a")})},
            "committed at 10");
}

TEST(Linearizability, ABatchIsSeenWholeOrNot) {
  const Call batch = Committed(1, 9, 10, {PutOf("a", "1"), PutOf("b", "2")});
  ExpectGood({batch, Scanned(2, 3, {})});
  ExpectGood({batch, Scanned(2, 3, {{"a", "1", 10}, {"b", "2", 10}})});
  ExpectBad({batch, Scanned(2, 3, {{"a", "1", 10}})}, "fits no moment");
  ExpectBad({batch, Scanned(2, 3, {{"b", "2", 10}})}, "fits no moment");
}

TEST(Linearizability, AScanMixesNoTwoMoments) {
  const std::vector<Call> writes = {Committed(1, 9, 10, {PutOf("a", "1"), PutOf("b", "1")}),
                                    Committed(1, 9, 20, {PutOf("a", "2")}),
                                    Committed(1, 9, 30, {PutOf("b", "2")})};
  std::vector<Call> history = writes;
  history.push_back(Scanned(2, 3, {{"a", "1", 10}, {"b", "2", 30}}));
  ExpectBad(history, "fits no moment");
  history.back().rows = {{"a", "2", 20}, {"b", "1", 10}};
  ExpectGood(history);
}

TEST(Linearizability, AScanIsInOrderAndInventsNothing) {
  const Call write = Committed(1, 2, 10, {PutOf("a", "1"), PutOf("b", "2")});
  ExpectBad({write, Scanned(3, 4, {{"b", "2", 10}, {"a", "1", 10}})}, "out of order");
  ExpectBad({write, Scanned(3, 4, {{"a", "1", 10}, {"b", "2", 10}, {"c", "3", 10}})},
            "never written");
  Call bounded = Scanned(3, 4, {{"b", "2", 10}});
  bounded.lower = Bound::Exclusive("a");
  ExpectGood({write, bounded});
  bounded.lower = Bound::Inclusive("a");
  ExpectBad({write, bounded}, "fits no moment");
}

TEST(Linearizability, DeletesAndRangeDeletesMakeAbsent) {
  const std::vector<Call> writes = {
      Committed(1, 2, 10, {PutOf("a", "1"), PutOf("b", "1"), PutOf("c", "1")}),
      Committed(3, 4, 20, {DeleteOf("a")}),
      Committed(5, 6, 30, {DeleteRangeOf("b", "c"), PutOf("bb", "2")})};
  std::vector<Call> history = writes;
  history.push_back(Scanned(7, 8, {{"bb", "2", 30}, {"c", "1", 10}}));
  ExpectGood(history);
  history.push_back(Scanned(9, 10, {{"b", "1", 10}, {"c", "1", 10}}, 25));
  ExpectGood(history);
  history.push_back(Got(11, 12, "b", {{"b", "1", 10}}));
  ExpectBad(history, "fits no moment");
}

TEST(Linearizability, SnapshotsAreNotBehindWhatEndedBefore) {
  const Call write = Committed(1, 2, 10, {PutOf("k", "a")});
  ExpectGood({write, Fixed(3, 4, 10)});
  ExpectBad({write, Fixed(3, 4, 9)}, "is before");
  ExpectBad({Fixed(1, 2, 10), Committed(3, 4, 10, {PutOf("k", "a")})}, "committed at 10");
}

TEST(Linearizability, AFailedWriteMayHaveHappenedOrNot) {
  const Call failed = Committed(1, Call::kNever, 0, {PutOf("k", "a")});
  ExpectGood({failed, Got(3, 4, "k", {})});
  ExpectGood({failed, Got(3, 4, "k", {{"k", "a", 10}})});
  ExpectBad({failed, Got(3, 4, "k", {{"k", "a", 10}}), Got(5, 6, "k", {})}, "fits no moment");
  ExpectBad({Committed(0, 0, 20, {PutOf("x", "x")}), failed, Got(3, 4, "k", {{"k", "a", 10}})},
            "committed at 10");
}

// A long history is checked in well under a second: no search.
TEST(Linearizability, AHundredThousandCallsAreQuick) {
  std::vector<Call> history;
  for (uint64_t i = 1; i <= 50'000; ++i) {
    const std::string key = "k" + std::to_string(i % 100);
    history.push_back(Committed(4 * i, 4 * i + 1, i, {PutOf(key, std::to_string(i))}));
    history.push_back(Got(4 * i + 2, 4 * i + 3, key, {{key, std::to_string(i), i}}));
  }
  ExpectGood(history);
}

}  // namespace
}  // namespace veralith::model
