#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, without a warning, under both compilers, and c.h as C, too. So
# does a program that has a file of its own under the path of an internal one, first in the search.
set -uo pipefail
# (In a workspace that embeds this one, the repository is a folder of the runfiles.)
[ -e include/veralith/version.h ] || cd "$TEST_SRCDIR/veralith" || exit 1
cd include || exit 1

own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
mkdir -p "$own/core/base"
echo 'namespace shop { enum class Status { kOpen }; }' >"$own/core/base/status.h"
echo '#define VERALITH_CORE_BASE_STATUS_H_ 1' >>"$own/core/base/status.h"
echo 'namespace shop { using Timestamp = double; }' >"$own/core/base/types.h"

failed=0
# compiles NAME SOURCE FLAG...: under both compilers.
compiles() {
  local name=$1 source=$2 compiler
  shift 2
  for compiler in clang++-19 g++-12; do
    if ! printf '%s\n' "$source" | "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
      -Werror -fsyntax-only "$@" -I . -x c++ -; then
      echo "FAILED: $name under $compiler" >&2
      failed=1
    fi
  done
}

headers=0
for header in veralith/*.h veralith/testing/*.h; do
  compiles "$header" "#include \"$header\"
#include \"$header\""
  headers=$((headers + 1))
done
[ "$headers" -ge 25 ] || { echo "FAILED: only $headers headers found" >&2; failed=1; }

for compiler in clang-19 gcc-12; do
  for standard in c99 c11 c17; do
    if ! printf '#include "veralith/c.h"\n#include "veralith/c.h"\nint main(void) { return 0; }\n' |
      "$compiler" -std=$standard -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
        -Werror -fsyntax-only -I . -x c -; then
      echo "FAILED: veralith/c.h as $standard under $compiler" >&2
      failed=1
    fi
  done
done
# A result that is dropped is a warning.
for compiler in clang-19 gcc-12; do
  if printf '#include "veralith/c.h"\nint main(void) { veralith_sync(0); return 0; }\n' |
    "$compiler" -std=c99 -Werror -S -o /dev/null -I . -x c - 2>/dev/null; then
    echo "FAILED: $compiler lets an error be dropped" >&2
    failed=1
  fi
done

compiles "a program with headers of its own" '
#include "core/base/status.h"
#include "core/base/types.h"
#include "veralith/check_database.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/repair.h"
#include "veralith/testing/power_cuts.h"
#include "veralith/testing/simulated_executor.h"

int main() {
  const shop::Timestamp own = 0.5;
  const veralith::Timestamp theirs = veralith::kMaxTimestamp;
  const auto db = veralith::Db::Open("/shop", {});
  return db.ok() && own > 0 && theirs > 0 && shop::Status::kOpen == shop::Status{} ? 0 : 1;
}' -I "$own"

exit $failed
