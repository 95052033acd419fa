#!/bin/sh
# run.sh [OPTION…]: runs the tests that `swift build --build-tests OPTION…` built, in three processes at once: those that start
# the program, in two, and the others. Within each, one test runs after the other, since tests that block threads would starve
# those that wait.
set -u
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
processes=
for suites in '[A-E]' '[F-Z]'; do
    log=$logs/$suites
    swift test "$@" --skip-build --ignore-lock --no-parallel --filter "^CommandLineTests\\.$suites" >"$log" 2>&1 &
    processes="$processes $!"
    # Until its tests run, it has the database of the build to itself.
    until grep -q 'Test run started' "$log" || ! kill -0 $! 2>/dev/null; do sleep 1; done
done
swift test "$@" --skip-build --ignore-lock --no-parallel --skip '^CommandLineTests\.'
status=$?
for process in $processes; do wait "$process" || status=$?; done
cat "$logs"/*
exit $status
