// SPDX-License-Identifier: Apache-2.0

// docs/OPTIONS.md.
#ifndef VERALITH_TOOLS_VERALITH_OPTIONS_REFERENCE_H_
#define VERALITH_TOOLS_VERALITH_OPTIONS_REFERENCE_H_

#include <string>

namespace veralith::tools {

// Returns the reference of all options, from the table of options.
std::string OptionsReference();

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_OPTIONS_REFERENCE_H_
