// SPDX-License-Identifier: Apache-2.0

#include "tools/json_line.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/base/status.h"

namespace veralith::tools {
namespace {

std::string Line(std::string_view key, std::string_view value) {
  std::string line = "{\"ns\":7,";
  AppendJsonBytes(&line, "key", key);
  line += ",";
  AppendJsonBytes(&line, "value", value);
  return line + "}";
}

std::string ErrorOf(std::string_view line) {
  const absl::StatusOr<JsonEntry> entry = ParseJsonEntry(line);
  EXPECT_FALSE(entry.ok()) << line;
  return entry.ok() ? "" : std::string(Message(entry.status()));
}

TEST(JsonLine, EveryByteReadsBackAndNoTwoHaveTheSameLine) {
  for (int i = 0; i < 256; ++i) {
    const std::string key(1, static_cast<char>(i));
    const std::string line = Line(key, key + key);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const absl::StatusOr<JsonEntry> entry = ParseJsonEntry(line);
    ASSERT_TRUE(entry.ok()) << line << ": " << ToString(entry.status());
    EXPECT_EQ(entry->key, key);
    EXPECT_EQ(entry->value, key + key);
    EXPECT_EQ(entry->ns, NamespaceId{7});
  }
  EXPECT_NE(Line("\xff", ""), Line("\xc3\xbf", ""));
}

RC_GTEST_PROP(JsonLine, AnyBytesReadBack, ()) {
  const auto key = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const auto value = *rc::gen::container<std::string>(
      rc::gen::element('a', '"', '\\', '\n', '\0', '\x7f', '\xc3', '\xbf', '\xff', '\xed', '\xa0'));
  const absl::StatusOr<JsonEntry> entry = ParseJsonEntry(Line(key, value));
  RC_ASSERT(entry.ok());
  RC_ASSERT(entry->key == key);
  RC_ASSERT(entry->value == value);
  RC_ASSERT(Base64Decode(Base64Encode(key)) == key);
}

RC_GTEST_PROP(JsonLine, AnyChangeOfALineIsRefusedOrReadsAsWhatItSays, ()) {
  std::string line = Line("key \xff", "value");
  line[*rc::gen::inRange<size_t>(0, line.size())] = *rc::gen::arbitrary<char>();
  const absl::StatusOr<JsonEntry> entry = ParseJsonEntry(line);
  if (entry.ok() && line.find(' ') == std::string::npos) {
    RC_ASSERT(ParseJsonEntry(Line(entry->key, entry->value))->key == entry->key);
  }
}

TEST(JsonLine, TakesWhatOtherWritersOfJsonWrite) {
  const absl::StatusOr<JsonEntry> entry = ParseJsonEntry(
      " { \"value\" : \"\\u00e9\\ud83d\\ude00\\n\\/\" , \"key\":\"\",\"timestamp\":1 }\r");
  ASSERT_TRUE(entry.ok()) << ToString(entry.status());
  EXPECT_EQ(entry->key, "");
  EXPECT_EQ(entry->value, "\xc3\xa9\xf0\x9f\x98\x80\n/");
  EXPECT_FALSE(entry->ns.has_value());
}

TEST(JsonLine, SaysWhereAndWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "column 1: expected an object"},
      {"[1]", "column 1: expected an object"},
      {"{}", "no key"},
      {R"({"key":"a"})", "no value"},
      {R"({"key":"a","value":1})", "column 20: expected a string"},
      {R"({"key":"a","value":null})", "column 20: expected a string"},
      {R"({"key":"a","value":"b"} x)", "column 25: expected the end"},
      {R"({"key":"a","value":"b)", "was cut"},
      {R"({"key":"a","key":"b"})", "column 12: \"key\" occurs twice"},
      {R"({"key":"a","key_base64":"YQ=="})", "\"key_base64\" occurs twice"},
      {R"({"ns":0,"ns":1})", "\"ns\" occurs twice"},
      {R"({"name":"a"})", "\"name\" is no member of an entry"},
      {R"({"ns":-1})", "expected a whole number"},
      {R"({"ns":9223372036854775808})", "over the limit of 2^63-1"},
      {R"({"ns":18446744073709551616})", "expected a whole number"},
      {R"({"key_base64":"YQ="})", "is not base64"},
      {R"({"key_base64":"YR=="})", "is not base64"},
      {R"({"key_base64":"Y=Q="})", "is not base64"},
      {R"({"key":"\ud800"})", "expected an escape"},
      {R"({"key":"\udc00\ud800"})", "expected an escape"},
      {R"({"key":"\x41"})", "expected an escape"},
      {"{\"key\":\"\xff\"}", "expected UTF-8"},
      {"{\"key\":\"\xed\xa0\x80\"}", "expected UTF-8"},
      {"{\"key\":\"a\tb\"}", "expected UTF-8 without control characters"},
  };
  for (const auto& [line, what] : cases) {
    EXPECT_NE(ErrorOf(line).find(what), std::string::npos) << line << ": " << ErrorOf(line);
  }
}

TEST(JsonLine, Base64IsThatOfTheRfc) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(Base64Encode(bytes), text);
    EXPECT_EQ(Base64Decode(text), bytes);
  }
  for (const char* text : {"=", "====", "Zg", "Zg=", "Zg==Zg==", "Z===", "Zm9v\n"}) {
    EXPECT_FALSE(Base64Decode(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace veralith::tools
