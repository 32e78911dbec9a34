#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/space.sh [ROWS] [VALUE BYTES]: the sizes of the same entries as a segment and as RocksDB's
# table, per codec (bench/space.cc says how). Installs Debian's librocksdb-dev if it is missing.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

if ! dpkg-query -W -f='${Status}' librocksdb-dev 2>/dev/null | grep -q 'ok installed'; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get -q update >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
    --no-install-recommends librocksdb-dev >&2
fi
bazel build --config=release --noshow_progress --ui_event_filters=-info //bench:space >&2
mkdir -p data/space
bazel-bin/bench/space data/space "$@"
rm -rf data/space
