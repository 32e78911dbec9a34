// SPDX-License-Identifier: Apache-2.0

// The table of commands, and what is made from it.
#include "tools/veralith/help.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "gtest/gtest.h"
#include "tools/veralith/database.h"
#include "tools/veralith/options_reference.h"

namespace veralith::tools {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void ExpectNarrow(const std::string& text, size_t columns) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), columns) << line;
    EXPECT_FALSE(line.ends_with(" ")) << "\"" << line << "\"";
  }
}

TEST(CommandTable, EveryRowIsComplete) {
  std::set<std::string_view> names;
  for (const Command& command : AllCommands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_FALSE(command.summary.empty() || command.summary.ends_with(".")) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    for (const std::string_view example : command.examples) {
      EXPECT_TRUE(Contains(std::string(example), "veralith")) << example;
    }
    EXPECT_EQ(FindCommand(command.name), &command);
  }
  EXPECT_EQ(FindCommand("frobnicate"), nullptr);
}

TEST(CommandTable, WordsOfOtherToolsLeadToOneCommandAndAreNone) {
  std::set<std::string_view> also;
  for (const Command& command : AllCommands()) {
    for (const std::string_view word : command.also) {
      EXPECT_TRUE(also.insert(word).second) << word;
      EXPECT_EQ(FindCommand(word), nullptr) << word;
      EXPECT_TRUE(UnknownCommand(word).ends_with(StrCat("; did you mean ", command.name, "?")));
    }
  }
}

TEST(CommandTable, OptionsOfACommandHaveNamesAndLettersOfTheirOwn) {
  for (const Command& command : AllCommands()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Flag& flag : FlagsOf(command)) {
      EXPECT_TRUE(names.insert(flag.name).second) << command.name << " --" << flag.name;
      EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second)
          << command.name << " -" << flag.letter;
      EXPECT_FALSE(flag.help.empty()) << command.name << " --" << flag.name;
      EXPECT_EQ(flag.type == Flag::Type::kChoice, !flag.choices.empty()) << flag.name;
    }
  }
}

TEST(CommandTable, HelpSaysEverythingInEightyColumns) {
  ExpectNarrow(Overview(), 80);
  for (const Command& command : AllCommands()) {
    EXPECT_TRUE(Contains(Overview(), StrCat("\n  ", command.name, " "))) << command.name;
    const std::string help = HelpOf(command);
    ExpectNarrow(help, 80);
    for (const Flag& flag : FlagsOf(command)) {
      EXPECT_TRUE(Contains(help, StrCat("--", flag.name))) << command.name << flag.name;
    }
    EXPECT_TRUE(Contains(help, "Exit codes: 0 success; ")) << help;
    EXPECT_EQ(Contains(help, "; 1 "), !command.no.empty()) << help;
    EXPECT_TRUE(Contains(help, "Example")) << help;
  }
}

TEST(CommandTable, ArgumentsMissingOrTooManyAreNamed) {
  const auto error = [](std::string_view command, const std::vector<std::string>& words) {
    return std::string(Message(ParseFor(*FindCommand(command), words).status()));
  };
  EXPECT_EQ(error("get", {}), "DIR is missing");
  EXPECT_EQ(error("get", {"db"}), "KEY is missing");
  EXPECT_EQ(error("get", {"db", "k"}), "");
  EXPECT_EQ(error("put", {"db", "k", "v", "w"}),
            "unexpected argument \"w\"; quote a value with spaces for the shell");
  EXPECT_TRUE(
      Contains(error("scan", {"db", "apple"}), "unexpected argument \"apple\"; bounds are --from"));
  EXPECT_EQ(error("scan", {""}), "DIR is an empty word");
  EXPECT_EQ(error("load", {"db", "a", "b", "c", "d"}), "");
  EXPECT_EQ(error("scan", {"db", "-l", "3"}), "");
  EXPECT_EQ(error("stats", {"db", "extra", "--help"}), "");
}

TEST(CommandTable, TheManualNamesEveryCommandAndOption) {
  const std::string page = ManPage();
  EXPECT_TRUE(page.starts_with(".\\\""));
  for (const Command& command : AllCommands()) {
    std::string name(command.name);
    if (const size_t dash = name.find('-'); dash != std::string::npos) {
      name.insert(dash, "\\");
    }
    EXPECT_TRUE(Contains(page, "\n.SS " + name)) << name;
  }
  EXPECT_TRUE(Contains(page, "\\fB\\-n\\fR, \\fB\\-\\-ns\\fR \\fIN\\fR\n"));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    // A request must be one that man(7) knows; no text line may begin like one.
    if (line.starts_with(".") && !line.starts_with(".\\\"")) {
      const std::string request = line.substr(0, line.find(' '));
      EXPECT_TRUE(
          (std::set<std::string>{".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi", ".RS", ".RE"})
              .contains(request))
          << line;
    }
    EXPECT_FALSE(line.starts_with("'")) << line;
  }
}

TEST(CommandTable, CompletionKnowsEveryCommandOptionAndChoice) {
  for (const std::string& script : {BashCompletion(), ZshCompletion()}) {
    for (const Command& command : AllCommands()) {
      EXPECT_TRUE(Contains(script, StrCat("    ", command.name, ") "))) << command.name;
      for (const Flag& flag : FlagsOf(command)) {
        EXPECT_TRUE(Contains(script, StrCat("--", flag.name))) << flag.name;
      }
    }
    EXPECT_TRUE(Contains(script, "auto jsonl quoted hex tsv stanzas lines"));
    EXPECT_TRUE(Contains(script, "leveled hybrid tiered"));
  }
}

TEST(OptionsReference, IsTheDocument) {
  std::ifstream stream("docs/OPTIONS.md");
  const std::string document{std::istreambuf_iterator<char>(stream),
                             std::istreambuf_iterator<char>()};
  EXPECT_EQ(document, OptionsReference())
      << "bazel run //tools/veralith -- options --markdown > docs/OPTIONS.md";
  ExpectNarrow(document, 120);
}

TEST(OptionFlag, SetsOptionsByName) {
  const auto parse = [](const std::string& words) {
    return OptionsFrom(*Arguments::Parse({"--option", words}, {OptionFlag()}));
  };
  const absl::StatusOr<Options> options =
      parse("bottom_codec=zstd,write_buffer_bytes=1048576,dynamic_level_targets=false");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->bottom_codec, Codec::kZstd);
  EXPECT_EQ(options->write_buffer_bytes, size_t{1} << 20);
  EXPECT_FALSE(options->dynamic_level_targets);
  EXPECT_EQ(Message(parse("bottom_codex=zstd").status()),
            "unknown option \"bottom_codex\"; did you mean bottom_codec?");
  EXPECT_EQ(Message(parse("bottom_codec=gzip").status()),
            "bottom_codec must be none, lz4, snappy or zstd, not \"gzip\"");
  for (const char* const wrong : {"bottom_codec", "bottom_codec=", "=zstd", ",", "x=1,,"}) {
    EXPECT_EQ(parse(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace veralith::tools
