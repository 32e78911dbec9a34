#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What CMake builds is what the BUILD files say: cmake/generate_sources would write the same lists.
set -euo pipefail
exec "$(dirname "$(readlink -f WORKSPACE)")/cmake/generate_sources" --check
