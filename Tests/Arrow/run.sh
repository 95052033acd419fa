#!/bin/sh
# run.sh [ROUNDS [SEED]]: under the sanitizers, reads arrays of every type, and random and faulty ones.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiler="${CXX:-clang++} -std=c++17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -ISources/CArrow/include
    -ISources/CSimdJSON/include"
{
    (cd "$work" && for file in "$OLDPWD"/Sources/CArrow/*.cpp "$OLDPWD"/Sources/CSimdJSON/*.cpp; do
        $(echo "$compiler" | sed "s|-ISources|-I$OLDPWD/Sources|g") -c "$file"
    done)
    for program in types fuzz; do $compiler Tests/Arrow/$program.cpp "$work"/*.o -lsimdjson -o "$work/$program"; done
} 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
"$work/types"
"$work/fuzz" "${1:-50000}" "${2:-0}"
