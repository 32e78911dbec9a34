// SPDX-License-Identifier: Apache-2.0

// Options by name: every row of the table can be read and set, and a wrong word changes nothing.
#include "veralith/options_text.h"

#include <string>

#include "core/base/status.h"
#include "core/db/option_table.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

TEST(OptionsText, ReadsBackWhatItSays) {
  Options changed;
  ASSERT_TRUE(SetOption("write_buffer_bytes", "4096", &changed).ok());
  ASSERT_TRUE(SetOption("compaction_policy", "tiered", &changed).ok());
  ASSERT_TRUE(SetOption("read_only", "true", &changed).ok());
  EXPECT_EQ(changed.write_buffer_bytes, 4096u);
  EXPECT_EQ(changed.compaction_policy, CompactionPolicyKind::kTiered);
  EXPECT_TRUE(changed.read_only);
  Options copy;
  for (const OptionText& option : OptionTexts(changed)) {
    EXPECT_TRUE(SetOption(option.name, option.text, &copy).ok()) << option.name;
    EXPECT_FALSE(option.sentence.empty()) << option.name;
    EXPECT_FALSE(option.limits.empty()) << option.name;
  }
  for (const OptionRow<Options>& row : OptionRows()) {
    EXPECT_EQ(row.Text(copy), row.Text(changed)) << row.name;
  }
  EXPECT_EQ(OptionTexts(changed).size(), OptionRows().size());
}

TEST(OptionsText, RefusesWordsThatSayNothing) {
  Options options;
  const absl::Status unknown = SetOption("write_bufer_bytes", "4096", &options);
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(Message(unknown).find("write_bufer_bytes"), std::string_view::npos);
  const absl::Status illegal = SetOption("max_subcompactions", "65", &options);
  EXPECT_EQ(illegal.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Message(illegal).find("0 to 64"), std::string_view::npos);
  EXPECT_EQ(options.max_subcompactions, Options().max_subcompactions);
}

}  // namespace
}  // namespace veralith
