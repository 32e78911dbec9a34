# SPDX-License-Identifier: Apache-2.0

"""What can be built under --config=explore only (the schedule explorer and its tests)."""

# For target_compatible_with; elsewhere such targets are skipped.
EXPLORED = select({
    "//core/base:explore": [],
    "//conditions:default": ["//third_party:never"],
})
