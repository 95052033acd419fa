"""The four benchmark cases as the loop that one would write in Python: json, re, and a line a row.

    plain.py equality|subset INPUT OUTPUT
    plain.py regex INPUT OUTPUT PATTERN
    plain.py choices INPUT OUTPUT PATTERNS_FILE        one pattern a line, tried in order

Python 3.9 or later, standard library only.
"""

import json
import re
import sys


def equality(generated, expected):
    return {"score": 1.0 if generated == expected else 0.0}


def subset(generated, expected):
    return {"score": 1.0 if expected in generated else 0.0}


def first_choice(patterns):
    """A scorer of the first of `patterns`, in order, that is found: its group 1 against the expected answer."""
    searches = [re.compile(pattern).search for pattern in patterns]

    def score(generated, expected):
        for search in searches:
            match = search(generated)
            if match:
                parsed = match.group(1)
                return {"score": 1.0 if parsed == expected else 0.0, "parsed_answer": parsed}
        return {"score": 0.0, "parsed_answer": None}

    return score


def scorer(mode, arguments):
    """The scoring function's identifier and its Python function."""
    if mode == "equality" and not arguments:
        return "basic::equality", equality
    if mode == "subset" and not arguments:
        return "basic::subset_of", subset
    if mode == "regex" and len(arguments) == 1:
        return "basic::regex_parser_multiple_choice_answer", first_choice(arguments)
    if mode == "choices" and len(arguments) == 1:
        with open(arguments[0], encoding="utf-8", newline="\n") as file:
            patterns = file.read().split("\n")[:-1]
        return "basic::regex_parser_multiple_choice_answer", first_choice(patterns)
    sys.exit(__doc__)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    mode, source, destination, *rest = sys.argv[1:]
    identifier, score = scorer(mode, rest)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open(source, encoding="utf-8", newline="\n") as rows, \
            open(destination, "w", encoding="utf-8", newline="\n") as output:
        for index, line in enumerate(rows):
            row = json.loads(line)
            result = score(row["generated_answer"], row["expected_answer"])
            output.write(encode({"row": index, "scores": {identifier: result}}) + "\n")


main()
