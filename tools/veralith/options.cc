// SPDX-License-Identifier: Apache-2.0

// veralith options: the options of a database, their defaults and limits, from the table of options
// (core/db/option_table.h). Also docs/OPTIONS.md, and the option --option of commands.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_table.h"
#include "tools/veralith/database.h"
#include "tools/veralith/help.h"
#include "tools/veralith/options_reference.h"
#include "tools/veralith/suggestion.h"

namespace veralith::tools {
namespace {

constexpr size_t kReferenceColumns = 120;

struct Scale {
  uint64_t size;
  std::string_view name;
};
constexpr Scale kByteScales[] = {
    {uint64_t{1} << 30, " GiB"}, {uint64_t{1} << 20, " MiB"}, {uint64_t{1} << 10, " KiB"}};
constexpr Scale kNanoScales[] = {
    {60'000'000'000, " min"}, {1'000'000'000, " s"}, {1'000'000, " ms"}};

// Returns "67108864 (64 MiB)" where a larger unit says the number without a fraction.
std::string Readable(const std::string& text, std::string_view unit) {
  const bool is_nanos = unit == "nanoseconds";
  if (!is_nanos && !unit.starts_with("bytes")) {
    return text;
  }
  const uint64_t number = std::stoull(text);
  for (const Scale& scale : is_nanos ? kNanoScales : kByteScales) {
    if (number >= scale.size && number % scale.size == 0) {
      return StrCat(text, " (", number / scale.size, scale.name, ")");
    }
  }
  return text;
}

template <typename Struct>
std::string DefaultOf(const OptionRow<Struct>& row) {
  return Readable(row.Text(Struct()), row.unit);
}

template <typename Struct>
std::string LimitsOf(const OptionRow<Struct>& row) {
  return StrCat(row.Limits(), row.unit.empty() ? "" : " ", row.unit);
}

// One item of a list, wrapped.
std::string Item(const std::string& text) {
  std::string out = "-";
  size_t column = 1;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const bool fits = column + 1 + (end - begin) <= kReferenceColumns;
    StrAppend(&out, fits ? " " : "\n  ", text.substr(begin, end - begin));
    column = (fits ? column + 1 : 2) + (end - begin);
    begin = end + 1;
  }
  return out + "\n";
}

template <typename Struct>
std::string Items(std::span<const OptionRow<Struct>> rows) {
  std::string out;
  for (const OptionRow<Struct>& row : rows) {
    out += Item(StrCat("`", row.name, "`: ", row.sentence, " Default ", DefaultOf(row), "; ",
                       LimitsOf(row), "."));
  }
  return out;
}

int PrintAll() {
  std::printf("%-29s%-23s%s\n", "option", "default", "legal values");
  for (const OptionRow<Options>& row : OptionRows()) {
    std::printf("%-29s%-23s%s\n", std::string(row.name).c_str(), DefaultOf(row).c_str(),
                LimitsOf(row).c_str());
  }
  return kExitOk;
}

absl::Status UnknownOption(std::string_view name) {
  std::vector<std::string_view> names;
  for (const OptionRow<Options>& row : OptionRows()) {
    names.push_back(row.name);
  }
  return InvalidArgument(StrCat("unknown option ", ShowWord(name), DidYouMean(name, names)));
}

int RunOptions(const Arguments& arguments) {
  if (arguments.Has("markdown")) {
    std::fputs(OptionsReference().c_str(), stdout);
    return kExitOk;
  }
  if (arguments.positional().empty()) {
    return PrintAll();
  }
  const std::string& name = arguments.positional()[0];
  const OptionRow<Options>* const row = FindOption(name);
  if (row == nullptr) {
    return Fail(UnknownOption(name));
  }
  std::printf("%s\ndefault: %s\nlegal: %s\n", std::string(row->sentence).c_str(),
              DefaultOf(*row).c_str(), LimitsOf(*row).c_str());
  return kExitOk;
}

}  // namespace

std::string OptionsReference() {
  std::string out =
      "# Options\n\n"
      "Every option of a database and of its calls: what it is for, its default, and its legal "
      "values.\n"
      "`include/veralith/options.h` says the rest. `veralith options --markdown` makes this file "
      "from\n"
      "`core/db/option_table.cc`; a test holds them equal.\n\n"
      "## Of a database (`Options`)\n\n";
  StrAppend(&out, Items(OptionRows()), "\n## Of a read (`ReadOptions`)\n\n",
            Items(ReadOptionRows()), "\n## Of a write (`WriteOptions`)\n\n",
            Items(WriteOptionRows()), "\n## Objects, and parts of single calls\n\n");
  for (const OtherOption& other : OtherOptions()) {
    out += Item(StrCat("`", other.of, "::", other.name, "`: ", other.sentence));
  }
  return out;
}

Flag OptionFlag() {
  return {.name = "option",
          .letter = 'o',
          .value = "NAME=VALUE",
          .help = "options of the database for this run, with commas between; `veralith options` "
                  "lists them"};
}

absl::StatusOr<Options> OptionsFrom(const Arguments& arguments) {
  Options options;
  const std::string text = arguments.Value("option").value_or("");
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    const OptionRow<Options>* const row = FindOption(name);
    if (row == nullptr) {
      return UnknownOption(name);
    }
    VERALITH_RETURN_IF_ERROR(row->Set(word.substr(std::min(equals + 1, word.size())), &options));
  }
  return options;
}

Command OptionsCommand() {
  return {.name = "options",
          .parameters = {{"NAME", Parameter::Kind::kText, Parameter::Count::kOptional}},
          .summary = "Lists the options of a database, or explains one of them",
          .details = "flush, compact and load take them: --option NAME=VALUE. docs/OPTIONS.md "
                     "explains all of them.",
          .flags = {{.name = "markdown", .help = "the whole reference, as docs/OPTIONS.md"}},
          .examples = {"veralith options", "veralith options write_buffer_bytes",
                       "veralith compact /tmp/fruit --option bottom_codec=zstd"},
          .also = {"config", "settings"},
          .run = RunOptions};
}

}  // namespace veralith::tools
