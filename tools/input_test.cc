// SPDX-License-Identifier: Apache-2.0

#include "tools/input.h"

#include <sstream>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "gtest/gtest.h"

namespace veralith::tools {
namespace {

struct Read {
  std::string text;  // "ns/key=value;" for each entry
  InputFormat format;
  std::string error;
};

Read ReadAll(const std::string& text, InputFormat format = InputFormat::kAuto) {
  std::istringstream stream(text);
  InputReader reader(stream, "in", format);
  Read read{.text = "", .format = reader.format(), .error = ""};
  InputEntry entry;
  while (true) {
    const absl::StatusOr<bool> more = reader.Next(&entry);
    if (!more.ok()) {
      read.error = ToString(more.status());
      return read;
    }
    if (!*more) {
      return read;
    }
    read.text += (entry.ns.has_value() ? std::to_string(*entry.ns) : "-") + "/" + entry.key + "=" +
                 entry.value + ";";
  }
}

TEST(Input, TheFirstLineSaysTheFormat) {
  const std::vector<std::tuple<std::string, InputFormat, std::string>> cases = {
      {"{\"ns\":5,\"key\":\"a\",\"value\":\"b\"}\n", InputFormat::kJsonl, "5/a=b;"},
      {"  {\"key\":\"a\",\"value\":\"b\"}", InputFormat::kJsonl, "-/a=b;"},
      {"\"a\\x20b\"\t\"\\xff\"\n\"\"\t\"\"\n", InputFormat::kQuoted, "-/a b=\xff;-/=;"},
      {"a\tb\tc\n\t\n", InputFormat::kTsv, "-/a=b\tc;-/=;"},
      {"\"New York\"\tbig\n", InputFormat::kTsv, "-/\"New York\"=big;"},
      {"Package: a\nVersion: 1\n\n\nPackage: b\n", InputFormat::kStanzas,
       "-/a=Package: a\nVersion: 1\n;-/b=Package: b\n;"},
      {"one\n\ntwo", InputFormat::kLines,
       "-/in:0000000001=one;-/in:0000000002=;-/in:0000000003=two;"},
      {"", InputFormat::kLines, ""}};
  for (const auto& [text, format, entries] : cases) {
    const Read read = ReadAll(text);
    EXPECT_EQ(read.format, format) << text;
    EXPECT_EQ(read.text, entries) << text;
    EXPECT_EQ(read.error, "") << text;
  }
}

TEST(Input, WhatLooksLikeTwoFormatsOrHasNoValuesIsAnError) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"0x61\t0x62\n", "use --format hex or --format tsv"},
           {"\"a\"\n\"b\"\n", "`scan --keys`, which has no values"},
           {"0x61\n", "`scan --keys`, which has no values"},
           {"\xef\xbb\xbf{\"key\":\"a\",\"value\":\"b\"}\n", "begins with a byte order mark"},
           {"[\n{\"key\":\"a\",\"value\":\"b\"}]\n", "looks like an array of JSON"},
           {"[{\"key\":\"a\",\"value\":\"b\"}]\n", "looks like an array of JSON"},
           {"{\"ns\":0,\"key\":\"a\"}\n", "line 1: the entry has no value"}}) {
    const Read read = ReadAll(text);
    EXPECT_EQ(read.text, "");
    EXPECT_NE(read.error.find(what), std::string::npos) << read.error;
    EXPECT_NE(read.error.find("in line 1: "), std::string::npos) << read.error;
  }
  EXPECT_EQ(ReadAll("0x61\t0x\n", InputFormat::kHex).text, "-/a=;");
  EXPECT_EQ(ReadAll("0x61\t0x\n", InputFormat::kTsv).text, "-/0x61=0x;");
  EXPECT_EQ(ReadAll("\"a\"\n", InputFormat::kLines).text, "-/in:0000000001=\"a\";");
  EXPECT_EQ(ReadAll("[section]\n").text, "-/in:0000000001=[section];");
  EXPECT_EQ(ReadAll("{\"a\":1}\n", InputFormat::kLines).text, "-/in:0000000001={\"a\":1};");
}

TEST(Input, ALineOfAnotherFormatIsAnErrorThatNamesIt) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"a\tb\nno tab\n", "in line 2: expected key<TAB>value"},
           {"\"a\"\t\"b\"\nc\td\n", "in line 2: the key is not quoted as `scan` does it"},
           {"\"a\"\t\"b\"\n\"c\"\td\n", "in line 2: the value is not quoted"},
           {"{\"key\":\"a\",\"value\":\"b\"}\n\n[]\n", "in line 3: column 1: expected an object"},
           {"{\"key\":\"a\",\"value\":\"b\"}\na\tb\n", "in line 2: column 1"},
           {"\"a\"\t\"b\"\n\"c\"\t\"d", "in line 2: the value is not quoted"},
           {"\"a\"\t\"b\"\n\"c\"\t\"d\"", "in line 2: the last line has no end"},
           {std::string(32'001, 'k') + "\tv\n",
            "in line 1: a key of 32001 bytes is over the limit"},
           {"Package: a\n\nVersion: 1\n\n", "a stanza without a Package field"}}) {
    const Read read = ReadAll(text);
    EXPECT_TRUE(read.error.starts_with("INVALID_ARGUMENT: in line ")) << read.error;
    EXPECT_NE(read.error.find(what), std::string::npos) << read.error;
  }
}

TEST(Input, LinesAroundThePiecesInWhichTheyAreReadAreWhole) {
  for (const size_t length : {65533, 65534, 65535, 65536, 65537, 131070, 131071, 131072}) {
    const std::string value(length - 2, 'v');
    for (const char* end : {"\n", ""}) {
      EXPECT_EQ(ReadAll("k\t" + value + "\nk\t" + value + end).text,
                "-/k=" + value + ";-/k=" + value + ";")
          << length;
    }
  }
}

// A line without an end, as in /dev/zero.
TEST(Input, ALineLongerThanAnyEntryIsNotReadToItsEnd) {
  class Endless : public std::streambuf {
   public:
    uint64_t given = 0;

   private:
    int_type underflow() override {
      given += sizeof(bytes_);
      setg(bytes_, bytes_, bytes_ + sizeof(bytes_));
      return 'x';
    }
    char bytes_[1 << 16] = {};
  } endless;
  std::istream stream(&endless);
  InputReader reader(stream, "in", InputFormat::kAuto);
  InputEntry entry;
  const absl::Status status = reader.Next(&entry).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(Message(status).find("longer than any entry"), std::string::npos) << ToString(status);
  EXPECT_LT(endless.given, uint64_t{260} << 20);
}

}  // namespace
}  // namespace veralith::tools
