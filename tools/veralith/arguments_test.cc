// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/arguments.h"

#include <string>
#include <vector>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "tools/veralith/suggestion.h"

namespace veralith::tools {
namespace {

std::vector<Flag> Flags() {
  return {{.name = "limit", .letter = 'l', .value = "N", .type = Flag::Type::kNumber, .most = 1000},
          {.name = "from", .value = "KEY"},
          {.name = "reverse", .letter = 'r'},
          {.name = "keys", .letter = 'k'},
          {.name = "format",
           .letter = 'f',
           .value = "F",
           .type = Flag::Type::kChoice,
           .choices = {"jsonl", "tsv"}},
          {.name = "html", .value = "FILE", .type = Flag::Type::kFile}};
}

Arguments Parsed(const std::vector<std::string>& words) {
  absl::StatusOr<Arguments> arguments = Arguments::Parse(words, Flags());
  EXPECT_TRUE(arguments.ok()) << ToString(arguments.status());
  return arguments.ok() ? *arguments : Arguments();
}

std::string ErrorOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(words, Flags());
  EXPECT_TRUE(absl::IsInvalidArgument(arguments.status())) << words[0];
  return std::string(Message(arguments.status()));
}

TEST(Arguments, EveryFormOfAnOptionSaysTheSame) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"db", "--limit", "3"},
                                             {"--limit=3", "db"},
                                             {"-l", "3", "db"},
                                             {"db", "-l3"},
                                             {"--limit", "7", "db", "-l", "3"}}) {
    const Arguments arguments = Parsed(words);
    EXPECT_EQ(arguments.positional(), std::vector<std::string>{"db"});
    EXPECT_EQ(arguments.Number("limit", 0), 3u);
  }
  const Arguments bundle = Parsed({"-rkl3"});
  EXPECT_TRUE(bundle.Has("reverse") && bundle.Has("keys") && bundle.Number("limit", 0) == 3);
  EXPECT_EQ(Parsed({}).Number("limit", 5), 5u);
}

TEST(Arguments, TwoDashesEndTheOptionsAndOneDashIsAnArgument) {
  EXPECT_EQ(Parsed({"-r", "--", "-l", "--", "--from"}).positional(),
            (std::vector<std::string>{"-l", "--", "--from"}));
  EXPECT_EQ(Parsed({"-", ""}).positional(), (std::vector<std::string>{"-", ""}));
  EXPECT_EQ(Parsed({"--from", "--"}).Value("from"), "--");
  EXPECT_EQ(Parsed({"--from="}).Value("from"), "");
  EXPECT_EQ(Parsed({"--from=a=b"}).Value("from"), "a=b");
}

TEST(Arguments, WhatIsWrongIsNamedAndWhatWasMeant) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--limt", "3"}, "unknown option --limt; did you mean --limit?"},
      {{"--rev"}, "unknown option --rev; did you mean --reverse?"},
      {{"--frobnicate=7"}, "unknown option --frobnicate"},
      {{"-z"}, "unknown option -z; an argument that begins with \"-\" is given after \"--\""},
      {{"-rz"}, "unknown option -z (in -rz)"},
      {{"-5"}, "unknown option -5; "},
      {{"--limit"}, "option --limit needs a value: --limit N"},
      {{"-l"}, "option -l needs a value: -l N"},
      {{"--limit", "many"}, "--limit takes a whole number from 0 to 1000, not \"many\""},
      {{"--limit", "-1"}, "not \"-1\""},
      {{"--limit="}, "not \"\""},
      {{"--limit", "1001"}, "from 0 to 1000"},
      {{"--limit", "99999999999999999999999"}, "from 0 to 1000"},
      {{"--limit", "1x"}, "not \"1x\""},
      {{"--limit", " 1"}, "not \" 1\""},
      {{"--reverse=yes"}, "--reverse takes no value"},
      {{"--format", "json"}, "--format takes one of jsonl, tsv, not \"json\"; did you mean jsonl?"},
      {{"--html="}, "the name of a file"}};
  for (const auto& [words, what] : cases) {
    EXPECT_NE(ErrorOf(words).find(what), std::string::npos) << ErrorOf(words);
  }
  EXPECT_LT(ErrorOf({"--limit", std::string(100'000, '7')}).size(), 200u);
}

TEST(Suggestion, CountsLettersAddedDroppedReplacedAndSwapped) {
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("scan", "scan"), 0u);
  EXPECT_EQ(EditDistance("scna", "scan"), 1u);
  EXPECT_EQ(EditDistance("sca", "scan"), 1u);
  EXPECT_EQ(EditDistance("scun", "scan"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(Suggestion, IsTheNearestWordOrNone) {
  const std::vector<std::string_view> known = {"stats", "scan", "check", "checkpoint"};
  EXPECT_EQ(Nearest("stat", known), "stats");
  EXPECT_EQ(Nearest("chekpoint", known), "checkpoint");
  EXPECT_EQ(Nearest("c", known), "check");
  EXPECT_EQ(Nearest("frobnicate", known), std::nullopt);
  EXPECT_EQ(Nearest("", known), std::nullopt);
  EXPECT_EQ(Nearest("x", known), std::nullopt);
  EXPECT_EQ(Nearest(std::string(1'000'000, 's'), known), std::nullopt);
}

}  // namespace
}  // namespace veralith::tools
