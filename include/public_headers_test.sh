#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, without a warning, under both compilers. So does a program that
# has a file of its own under the path of an internal one, first in the search.
set -uo pipefail
cd include

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
for header in veralith/*.h; do
  compiles "$header" "#include \"$header\"
#include \"$header\""
  headers=$((headers + 1))
done
[ "$headers" -ge 15 ] || { echo "FAILED: only $headers headers found" >&2; failed=1; }

compiles "a program with headers of its own" '
#include "core/base/status.h"
#include "core/base/types.h"
#include "veralith/check_database.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/repair.h"

int main() {
  const shop::Timestamp own = 0.5;
  const veralith::Timestamp theirs = veralith::kMaxTimestamp;
  const auto db = veralith::Db::Open("/shop", {});
  return db.ok() && own > 0 && theirs > 0 && shop::Status::kOpen == shop::Status{} ? 0 : 1;
}' -I "$own"

exit $failed
