#!/bin/sh
# Scores rows.jsonl, and compares with expected.jsonl; with "accept", the results become those that are expected. ASSAY names
# the executable, if it is not on PATH.
"${ASSAY:-assay}" score rows.jsonl --fn @NAME@::score --plugin-dir . --fn-dir functions --format json \
    --output scores.jsonl >results.json
# Status 3: some rows have no score; which, expected.jsonl knows.
case $? in 0 | 3) ;; *) exit 1 ;; esac
if [ "$1" = accept ]; then
    cp scores.jsonl expected.jsonl && echo "expected.jsonl now holds these results. Read them before you commit it."
    exit
fi
diff expected.jsonl scores.jsonl && echo "Every row has the result that was expected."
