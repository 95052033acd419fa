#!/bin/sh
# Shows the requests that would be made for rows.jsonl, and compares with requests.txt; with "accept", they become those that
# are expected. Then gives the judge the replies of replies.jsonl, and others that are made to find faults. No model is asked.
# ASSAY names the executable, if it is not on PATH.
"${ASSAY:-assay}" score rows.jsonl --fn @NAME@::score --plugin-dir . --fn-dir functions --judge-model any \
    --model-url http://127.0.0.1:1 --no-cache --dry-run --format table >asked.txt || exit 1
if [ "$1" = accept ]; then
    cp asked.txt requests.txt && echo "requests.txt now holds these requests. Read them before you commit it."
    exit
fi
diff requests.txt asked.txt && echo "The requests are those that were expected." || exit 1
"${ASSAY:-assay}" plugins check @NAME@.so --fn functions/@NAME@.json --replies replies.jsonl
