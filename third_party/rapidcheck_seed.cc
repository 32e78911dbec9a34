// SPDX-License-Identifier: Apache-2.0

// Linked into every test with RapidCheck: its properties begin from the same seed in every run,
// unless RC_PARAMS is given. So a red run tells of a change and not of luck; a search gives other
//   seeds: bazel test --test_env=RC_PARAMS="seed=$RANDOM max_success=1000" //property_tests:all
#include <cstdlib>

namespace {
// Before main, so before RapidCheck reads it; an RC_PARAMS that is set stays.
[[maybe_unused]] const int kSet = setenv("RC_PARAMS", "seed=20011", /*overwrite=*/0);
}  // namespace
