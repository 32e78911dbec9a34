#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/release: the same commit gives the same bytes, and what is not ready is refused. On a small
# repository of its own.
set -euo pipefail
release=$PWD/tools/release
repository=$(mktemp -d "${TEST_TMPDIR:-/tmp}/release.XXXXXX")
trap 'rm -rf "$repository"' EXIT
export GIT_CONFIG_NOSYSTEM=1 HOME=$repository
cd "$repository"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

commit() {
  git add -A
  git -c user.name=T -c user.email=t@example.com commit -q -m "$1"
}

mkdir -p tree/tools tree/include/veralith
cp -L "$release" tree/tools/release
cd tree
git init -q
echo 'inline constexpr std::string_view kVersion = "1.2.3";' >include/veralith/version.h
printf '# Changelog\n\n## 1.2.30\n' >CHANGELOG.md
commit "another version's entry"
tools/release ../out 2>../said && fail "made a release without an entry in CHANGELOG.md"
grep -q "no entry for 1.2.3" ../said || fail "does not say what is missing: $(cat ../said)"

printf '# Changelog\n\n## 1.2.3\n' >CHANGELOG.md
tools/release ../out 2>../said && fail "made a release of what is not committed"
commit "an entry"
tools/release ../out >/dev/null
(cd ../out && sha256sum --quiet -c veralith-1.2.3.tar.gz.sha256) || fail "the checksum is another one"
sleep 1.1 # clocks and times of files must not count
touch CHANGELOG.md
(umask 077 && tools/release ../again >/dev/null)
cmp ../out/veralith-1.2.3.tar.gz ../again/veralith-1.2.3.tar.gz || fail "the bytes differ"
tar tzf ../out/veralith-1.2.3.tar.gz >../names
grep -qx 'veralith-1.2.3/include/veralith/version.h' ../names || fail "the tarball lacks a file"
