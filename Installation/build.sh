#!/bin/sh
# build.sh [PRODUCT…]: builds the executables, the plugins and further products for release, as they are installed: each has
# Swift's runtime in it.
set -eu
cd "$(dirname "$0")/.."
export ASSAY_INSTALLATION=1
for product in assay assay-plugin-worker basic braintrust llm-as-judge math text "$@"; do
    swift build -c release --product "$product"
done
