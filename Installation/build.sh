#!/bin/sh
# build.sh [--for-installation]: builds the executables and the plugins for release, with the Swift runtime inside them.
#
# With --for-installation, a plugin shows nothing but its entry. That is a matter of linking, so that nothing is compiled again.
set -eu
cd "$(dirname "$0")/.."
[ "${1:-}" = --for-installation ] && export ASSAY_INSTALLATION=1
for product in assay assay-plugin-worker basic llm-as-judge; do
    swift build -c release --static-swift-stdlib --product $product
done
