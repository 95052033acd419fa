#!/bin/sh
# run.sh [OPTION…]: runs the tests that `swift build --build-tests OPTION…` built, in two processes at once: those that start
# the program, and the others. Within each, one test runs after the other, since tests that block threads would starve those
# that wait.
set -u
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift test "$@" --skip-build --ignore-lock --no-parallel --filter '^CommandLineTests\.' >"$log" 2>&1 &
# Until its tests run, it has the database of the build to itself.
until grep -q 'Test run started' "$log" || ! kill -0 $! 2>/dev/null; do sleep 1; done
swift test "$@" --skip-build --ignore-lock --no-parallel --skip '^CommandLineTests\.'
status=$?
wait $! || status=$?
cat "$log"
exit $status
