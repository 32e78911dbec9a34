// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/fault_plan.h"

#include <string>

#include "core/base/status.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

TEST(FaultPlan, HasAOneLineTextFormThatReadsBack) {
  const FaultPlan plan = {
      {FsCall::kSync, ".log", 3, false, FaultEffect::kIoError},
      {FsCall::kAppend, "", 10, true, FaultEffect::kNoSpace},
      {FsCall::kAny, "/db/CURRENT", 1, false, FaultEffect::kLate},
      {FsCall::kWrite, "a@b", 18446744073709551615u, true, FaultEffect::kShort},
      {FsCall::kFreeBytes, "x=y", 2, false, FaultEffect::kShortNoSpace},
  };
  const std::string text = ToText(plan);
  EXPECT_EQ(text, "sync@.log#3=eio,append@#10+=enospc,any@/db/CURRENT#1=late,"
                  "write@a@b#18446744073709551615+=short,free_bytes@x=y#2=short_space");
  const auto parsed = ParseFaultPlan(text);
  ASSERT_TRUE(parsed.ok()) << ToString(parsed.status());
  EXPECT_EQ(*parsed, plan);
}

TEST(FaultPlan, TheEmptyTextIsTheEmptyPlan) {
  EXPECT_EQ(ToText({}), "");
  EXPECT_EQ(*ParseFaultPlan(""), FaultPlan());
}

TEST(FaultPlan, RefusesWhatIsNoRuleAndNamesIt) {
  for (const char* text :
       {"sync", "sync@", "sync@#1", "sync@#=eio", "sync@#0=eio", "sync@#-1=eio",
        "sync@#1=", "sync@#1=bang", "jump@#1=eio", "@#1=eio", "sync@#1x=eio", "sync@#1++=eio",
        "sync@#99999999999999999999=eio", "sync@#1=eio,,sync@#1=eio"}) {
    const auto parsed = ParseFaultPlan(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(Message(ParseFaultPlan("sync@#1=eio,boom").status()), "no fault rule: boom");
}

TEST(FaultPlan, NamesEveryCallOnce) {
  for (size_t i = 0; i < kFsCallNames.size(); ++i) {
    const FaultPlan plan = {{static_cast<FsCall>(i), "p", 1, false, FaultEffect::kIoError}};
    EXPECT_EQ(*ParseFaultPlan(ToText(plan)), plan);
  }
  EXPECT_EQ(kFsCallNames[static_cast<size_t>(FsCall::kFreeBytes)], "free_bytes");
  EXPECT_EQ(kFsCallNames[static_cast<size_t>(FsCall::kSyncDirectory)], "sync_directory");
}

}  // namespace
}  // namespace veralith
