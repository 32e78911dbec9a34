#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs side_by_side_test.py, which finds the programs and modules beside itself.
exec python3 -B "$(dirname "$0")/side_by_side_test.py"
