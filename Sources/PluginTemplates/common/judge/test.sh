#!/bin/sh
# Shows the requests that would be made for rows.jsonl, and compares with requests.txt. No model is asked. ASSAY names the
# executable, if it is not on PATH.
"${ASSAY:-assay}" score rows.jsonl --fn @NAME@::score --plugin-dir . --fn-dir functions --judge-model any \
    --model-url http://127.0.0.1:1 --no-cache --dry-run --format table >asked.txt || exit 1
diff requests.txt asked.txt && echo "The requests are those that were expected."
