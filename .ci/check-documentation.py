"""Checks the manual: that every link leads somewhere, that the commands that can run do, and that every scoring function
that ships is described with its parameters and aggregations.

    python3 .ci/check-documentation.py [--assay PATH]

A block of commands runs where the line before it is `<!-- run -->`: in a shell with -e, in a copy of the block's own
folder of data if the marker names one (`<!-- run in Examples/gsm8k -->`), with `assay` in PATH. Links to other sites are
not followed. Exit status: 0 all is well, 1 something is wrong, 2 `assay` is not built.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests/Clients"))
import run as clients
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
RUN = re.compile(r"^<!-- run(?: in (\S+))? -->$")


def pages():
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in found.split("\0") if name and (ROOT / name).is_file()]


def without_fences(lines):
    """The lines outside of fenced blocks, each with its number."""
    fence = None
    for number, line in enumerate(lines, 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if fence is not None:
            if mark and mark[1].startswith(fence):
                fence = None
        elif mark:
            fence = mark[1]
        else:
            yield number, line


def without_code(lines):
    """The lines outside of fenced and indented blocks, with code spans blanked, each with its number."""
    previous_blank = True
    for number, line in without_fences(lines):
        if line.startswith("    ") and previous_blank:
            continue
        previous_blank = not line.strip()
        yield number, re.sub(r"(`+).+?\1", "``", line)


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    seen = {}
    result = set()
    for _, line in without_fences(page.read_text().splitlines()):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        result.add(f"{anchor}-{count}" if count else anchor)
    return result


def broken_links(page):
    for number, line in without_code(page.read_text().splitlines()):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            place = page if not path else (page.parent / urllib.parse.unquote(path)).resolve()
            if not place.exists():
                yield number, f"{target} leads to no file"
            elif not place.is_relative_to(ROOT):
                yield number, f"{target} leads out of the tree"
            elif anchor and place.suffix == ".md" and anchor not in anchors(place):
                yield number, f"{target}: {place.relative_to(ROOT)} has no heading of that name"


def blocks(page):
    """The blocks that run: line number, folder or None, commands."""
    lines = page.read_text().splitlines()
    for index, line in enumerate(lines):
        marker = RUN.match(line.strip())
        if not marker:
            continue
        start = index + 1
        while start < len(lines) and not lines[start].strip():
            start += 1
        commands = []
        if start < len(lines) and lines[start].lstrip().startswith("```"):
            for inner in lines[start + 1:]:
                if inner.lstrip().startswith("```"):
                    break
                commands.append(inner)
        else:
            for inner in lines[start:]:
                if inner.strip() and not inner.startswith("    "):
                    break
                commands.append(inner[4:])
        yield start + 1, marker[1], "\n".join(commands)


def run_block(commands, folder, assay):
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary) / "work"
        if folder:
            shutil.copytree(ROOT / folder, place)
        else:
            place.mkdir()
        environment = dict(os.environ)
        environment["PATH"] = f"{assay.parent}:{environment['PATH']}"
        environment["XDG_CACHE_HOME"] = f"{temporary}/cache"
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", commands], cwd=place, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)


def undescribed(assay):
    """What the definitions and scorers have that no page says. A function's pages are those that name it."""
    manual = [page.read_text() for page in sorted((ROOT / "Documentation").rglob("*.md"))]
    schema = subprocess.run([assay, "functions", "schema", "--quiet"], capture_output=True, check=True).stdout
    scorers = {}
    for rule in json.loads(schema)["$defs"]["function"]["allOf"]:
        named = rule["if"]["properties"]
        scorer = (named["provider_id"]["const"], named["provider_resource_id"]["const"])
        scorers[scorer] = rule["then"]["properties"]["params"]["properties"]
    for path in sorted((ROOT / "scoring_fns").rglob("*.json")):
        function = json.loads(path.read_text())
        name = function["identifier"]
        provider, local = name.split("::")
        parameters = scorers[function.get("provider_id", provider), function.get("provider_resource_id", local)]
        pages = [
            text for text in manual
            if f"`{name}`" in text or f"# {name}\n" in text or (f"# {provider}::" in text and f"`{local}`" in text)]
        if not pages:
            yield f"{path.relative_to(ROOT)}: no page names {name}"
            continue
        words = [word for word in parameters if word not in ("type", "aggregation_functions")]
        aggregations = parameters["aggregation_functions"]["items"].get("enum", [])
        common = {"accuracy", "average", "weighted_average", "median", "categorical_count"}
        for word in words + [each for each in aggregations if each not in common]:
            if not any(re.search(rf"`(?:[^`\n]*\W)?{re.escape(word)}(?:\W[^`\n]*)?`", text) for text in pages):
                yield f"{path.relative_to(ROOT)}: the pages that name {name} do not describe `{word}`"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", help="the executable (default: .build/release/assay or .build/debug/assay)")
    options = parser.parse_args()
    assay = clients.find_assay(options.assay)
    faults = []
    links = commands_run = 0
    for page in pages():
        name = page.relative_to(ROOT)
        links += sum(len(LINK.findall(line)) for _, line in without_code(page.read_text().splitlines()))
        faults += [f"{name}:{number}: {message}" for number, message in broken_links(page)]
        for number, folder, commands in blocks(page):
            commands_run += 1
            result = run_block(commands, folder, assay)
            if result.returncode:
                said = result.stdout.decode(errors="replace").strip()
                faults.append(f"{name}:{number}: status {result.returncode}\n{commands}\n{said}")
    faults += undescribed(assay)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{links} links, {commands_run} blocks of commands, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
