#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs mutation_test.py, which finds the modules beside itself.
exec python3 -B "$(dirname "$0")/mutation_test.py"
