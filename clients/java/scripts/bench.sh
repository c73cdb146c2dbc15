#!/bin/sh
# This client's part of the benchmark of clients (bench/clients of the repository): reads an order, writes results. Needs `mvn test-compile` before.
cd "$(dirname "$0")/.." || exit 1
exec java -cp "target/test-classes:target/classes:$(cat target/test-classpath)" io.atedb.bench.Driver
