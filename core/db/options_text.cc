// SPDX-License-Identifier: Apache-2.0

#include "veralith/options_text.h"

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_table.h"

namespace veralith {

absl::Status SetOption(std::string_view name, std::string_view text, Options* options) {
  const OptionRow<Options>* const row = FindOption(name);
  return row == nullptr ? NotFound(StrCat("no option has the name \"", name, "\""))
                        : row->Set(text, options);
}

std::vector<OptionText> OptionTexts(const Options& options) {
  std::vector<OptionText> texts;
  for (const OptionRow<Options>& row : OptionRows()) {
    texts.push_back({.name = row.name,
                     .text = row.Text(options),
                     .limits = row.Limits(),
                     .unit = row.unit,
                     .sentence = row.sentence});
  }
  return texts;
}

}  // namespace veralith
