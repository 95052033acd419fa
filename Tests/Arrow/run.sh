#!/bin/sh
# run.sh [ROUNDS [SEED]]: reads random and faulty Arrow arrays under the sanitizers.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CXX:-clang++} -std=c++17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
    -ISources/CArrow/include -ISources/CSimdJSON/include \
    Tests/Arrow/fuzz.cpp Sources/CArrow/*.cpp Sources/CSimdJSON/*.cpp -lsimdjson -o "$work/fuzz" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
"$work/fuzz" "${1:-50000}" "${2:-0}"
