// SPDX-License-Identifier: Apache-2.0

// The table of options says of every option what options.h and the check of options say.
#include "core/db/option_table.h"

#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <set>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

using Names = std::multiset<std::string>;

// "Options sync_mode" for every member of the structs in options.h whose name ends with Options.
Names MembersInTheHeader() {
  std::ifstream stream("include/veralith/options.h");
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  static const std::regex begin(R"(^struct (\w*Options)\b.*\{$)");
  static const std::regex member(R"(^  [\w:<>*, ]+ (\w+)( = .*)?;( *//.*)?$)");
  Names found;
  std::string inside;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    std::smatch match;
    if (std::regex_match(line, match, begin)) {
      inside = match[1];
    } else if (line == "};") {
      inside.clear();
    } else if (!inside.empty() && std::regex_match(line, match, member)) {
      found.insert(inside + " " + match[1].str());
    }
  }
  return found;
}

template <typename Struct>
void AddNames(std::string_view of, std::span<const OptionRow<Struct>> rows, Names* names) {
  for (const OptionRow<Struct>& row : rows) {
    names->insert(StrCat(of, " ", row.name));
  }
}

TEST(OptionTable, HasARowForEveryMember) {
  Names names;
  AddNames("Options", OptionRows(), &names);
  AddNames("ReadOptions", ReadOptionRows(), &names);
  AddNames("WriteOptions", WriteOptionRows(), &names);
  for (const OtherOption& other : OtherOptions()) {
    names.insert(StrCat(other.of, " ", other.name));
  }
  const Names members = MembersInTheHeader();
  for (const std::string& member : members) {
    EXPECT_EQ(names.count(member), 1u) << member << " stands in options.h: rows of it";
  }
  for (const std::string& name : names) {
    EXPECT_EQ(members.count(name), 1u) << name << " has a row: members of this name in options.h";
  }
}

TEST(OptionTable, DefaultsAreLegalAndTheirTextSaysThem) {
  const Options defaults;
  EXPECT_TRUE(CheckOptions(defaults).ok());
  for (const OptionRow<Options>& row : OptionRows()) {
    Options options;
    EXPECT_TRUE(row.Set(row.Text(defaults), &options).ok()) << row.name;
    EXPECT_EQ(row.Text(options), row.Text(defaults)) << row.name;
    EXPECT_FALSE(row.sentence.empty()) << row.name;
    EXPECT_TRUE(row.sentence.ends_with('.')) << row.name;
    EXPECT_EQ(FindOption(row.name), &row);
  }
  EXPECT_EQ(FindOption("level0_trigger"), nullptr);
}

// One step beyond `end`, where the type has room for it.
template <typename T>
std::pair<T, bool> Beyond(T end, bool above) {
  if constexpr (std::is_enum_v<T>) {
    const auto number = static_cast<uint8_t>(end);
    return {static_cast<T>(above ? number + 1 : number - 1), above || number > 0};
  } else {
    const T limit = above ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
    return {end == limit ? end : static_cast<T>(above ? end + 1 : end - 1), end != limit};
  }
}

TEST(OptionTable, OpeningRefusesWhatLiesBeyondTheLimits) {
  int refused = 0;
  for (const OptionRow<Options>& row : OptionRows()) {
    std::visit(
        [&](const auto& at) {
          for (const bool above : {false, true}) {
            const auto [value, exists] = Beyond(above ? at.most : at.least, above);
            if (exists) {
              Options options;
              options.*at.member = value;
              const absl::Status status = CheckOptions(options);
              EXPECT_EQ(Message(status), StrCat("Options: ", row.name, " must be ", row.Limits()));
              ++refused;
            }
          }
        },
        row.place);
  }
  EXPECT_GE(refused, 30);
}

TEST(OptionTable, OpeningRefusesOptionsThatDoNotFitTogether) {
  Options options;
  options.level0_slowdown_trigger = options.level0_compaction_trigger - 1;
  EXPECT_EQ(CheckOptions(options).code(), absl::StatusCode::kInvalidArgument);
  options = {};
  options.level0_stop_trigger = options.level0_slowdown_trigger - 1;
  EXPECT_EQ(CheckOptions(options).code(), absl::StatusCode::kInvalidArgument);
  options = {};
  options.level0_slowdown_trigger = options.level0_compaction_trigger;
  EXPECT_TRUE(CheckOptions(options).ok());
  options.compaction_policy = CompactionPolicyKind::kTiered;
  EXPECT_EQ(CheckOptions(options).code(), absl::StatusCode::kInvalidArgument);
  for (const int files : {1, 19}) {
    options = {};
    options.max_open_files = files;
    EXPECT_EQ(CheckOptions(options).code(), absl::StatusCode::kInvalidArgument);
  }
  options.max_open_files = 20;
  EXPECT_TRUE(CheckOptions(options).ok());
  options.filter_bits_per_key = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(CheckOptions(options).code(), absl::StatusCode::kInvalidArgument);
}

TEST(OptionTable, ReadsValuesByNameAndByNumber) {
  Options options;
  EXPECT_TRUE(FindOption("compaction_policy")->Set("hybrid", &options).ok());
  EXPECT_EQ(options.compaction_policy, CompactionPolicyKind::kHybrid);
  EXPECT_TRUE(FindOption("compaction_policy")->Set("2", &options).ok());
  EXPECT_EQ(options.compaction_policy, CompactionPolicyKind::kTiered);
  EXPECT_TRUE(FindOption("sync_mode")->Set("1", &options).ok());
  EXPECT_EQ(options.sync_mode, SyncMode::kCommit);
  EXPECT_TRUE(FindOption("read_only")->Set("1", &options).ok());
  EXPECT_TRUE(options.read_only);
  EXPECT_TRUE(FindOption("filter_bits_per_key")->Set("2.5", &options).ok());
  EXPECT_EQ(FindOption("filter_bits_per_key")->Text(options), "2.5");
  EXPECT_EQ(FindOption("sync_mode")->Limits(), "commit, interval or manual");
  EXPECT_EQ(FindOption("read_only")->Limits(), "false or true");
  EXPECT_EQ(FindOption("max_subcompactions")->Limits(), "0 to 64");
  EXPECT_EQ(FindOption("level_multiplier")->Limits(), "2 or more");
}

TEST(OptionTable, RefusesTextThatSaysNoLegalValue) {
  const std::pair<const char*, const char*> refused[] = {
      {"compaction_policy", "3"},
      {"compaction_policy", "Tiered"},
      {"sync_mode", "default"},
      {"sync_mode", "0"},
      {"read_only", "yes"},
      {"read_only", "2"},
      {"write_buffer_bytes", ""},
      {"write_buffer_bytes", "-1"},
      {"write_buffer_bytes", "4 KiB"},
      {"write_buffer_bytes", "10"},
      {"max_subcompactions", "65"},
      {"filter_bits_per_key", "nan"},
  };
  for (const auto& [name, text] : refused) {
    Options options;
    const std::string before = FindOption(name)->Text(options);
    EXPECT_EQ(FindOption(name)->Set(text, &options).code(), absl::StatusCode::kInvalidArgument)
        << name << "=" << text;
    EXPECT_EQ(FindOption(name)->Text(options), before);
  }
}

}  // namespace
}  // namespace veralith
