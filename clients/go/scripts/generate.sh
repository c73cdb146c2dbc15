#!/bin/sh
# Generates gen/ anew from proto/ of the repository. With --check: fails where what is committed is anything else.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/../../node_modules/.bin:$PATH"
# The plugins print with the Go that builds them, and not every Go prints comments in the same way.
export GOTOOLCHAIN=go1.27.3
if [ "${1:-}" = --check ]; then
  fresh=$(mktemp -d)
  trap 'rm -r "$fresh"' EXIT
  buf generate ../../proto --template buf.gen.yaml --path ../../proto/atedb --output "$fresh"
  diff -r gen "$fresh/gen" || { echo 'gen/ is not what proto/ makes: run clients/go/scripts/generate.sh' >&2; exit 1; }
  exit 0
fi
find gen -name '*.pb.go' -delete 2>/dev/null || true
buf generate ../../proto --template buf.gen.yaml --path ../../proto/atedb
