#!/bin/sh
# Fails where a file is not as gofmt writes it.
set -eu
cd "$(dirname "$0")/.."
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt would write these in another way: $unformatted" >&2; exit 1; }
