# SPDX-License-Identifier: Apache-2.0
"""Finds and judges mutants; see ../run."""
