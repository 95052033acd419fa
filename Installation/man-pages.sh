#!/bin/sh
# man-pages.sh EXECUTABLE FOLDER: writes a page for assay and each of its commands, from what `assay help` says.
set -eu
here=$(dirname "$0")
assay=$1
folder=$2
version=$("$assay" --version)

# The words are a command and its subcommands.
write_pages() {
    page=$(echo assay "$@" | tr ' ' -)
    # Help ends the process as a success; a command without subcommands is asked with --help.
    COLUMNS=80 "$assay" "$@" --help >"$folder/$page.help"
    awk -v page="$page" -v version="$version" -f "$here/help-to-man.awk" "$folder/$page.help" >"$folder/$page.1"
    subcommands=$(awk '/^SUBCOMMANDS:$/ { inside = 1; next } /^$/ { inside = 0 } inside && /^  [a-z]/ { sub(/,$/, "", $1); print $1 }' \
        "$folder/$page.help")
    rm "$folder/$page.help"
    for subcommand in $subcommands; do
        # "help" is about the others.
        [ "$subcommand" = help ] || write_pages "$@" "$subcommand"
    done
}
write_pages
