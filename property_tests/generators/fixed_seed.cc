// SPDX-License-Identifier: Apache-2.0

// Linked into a smoke run: makes more tries than RapidCheck's default of 100, from the seed of
// third_party/rapidcheck_seed.cc, unless RC_PARAMS is given.
#include <cstdlib>
#include <string_view>

namespace {
int MoreTries() {
  const char* given = std::getenv("RC_PARAMS");
  const bool is_default = given == nullptr || std::string_view(given) == "seed=20011";
  return is_default ? setenv("RC_PARAMS", "seed=20011 max_success=300", /*overwrite=*/1) : 0;
}
// Runs before main, so before RapidCheck reads it.
[[maybe_unused]] const int kSet = MoreTries();
}  // namespace
