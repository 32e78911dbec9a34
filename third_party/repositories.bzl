# SPDX-License-Identifier: Apache-2.0

"""What a workspace needs to build and test Veralith: our own, and those that embed it.

Every dependency is a Debian 12 package (packages.txt); nothing is downloaded. A repository that the
caller has already defined is left alone.
"""

load("//property_tests/exploration/faults:engine.bzl", "broken_engine")
load(
    ":debian.bzl",
    "coverage_tools",
    "debian_googletest",
    "debian_libraries",
    "debian_rules_cc",
)

def veralith_repositories():
    """What Bazel 4.2's built-in suffix asks for by name, GoogleTest, and the broken engine for tests."""
    defined = native.existing_rules()
    if "rules_cc" not in defined:
        debian_rules_cc(name = "rules_cc")
    if "rules_java" not in defined:
        native.local_repository(name = "rules_java", path = "/usr/share/bazel/rules/java")
    if "rules_proto" not in defined:
        native.local_repository(name = "rules_proto", path = "/usr/share/bazel/rules/proto")
    if "remote_coverage_tools" not in defined:
        coverage_tools(name = "remote_coverage_tools")
    if "googletest" not in defined:
        debian_googletest(name = "googletest")
    if "veralith_libraries" not in defined:
        debian_libraries(name = "veralith_libraries")
    if "veralith_broken" not in defined:
        broken_engine(name = "veralith_broken")
