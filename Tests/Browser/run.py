"""Looks at the server's pages in a real browser, with rows that were scored, hostile ones among them; once directly, and
once behind a proxy that serves them under a path of its own.

    python3 Tests/Browser/run.py [--assay PATH] [--browser PATH] [--screenshots FOLDER] [--pictures FOLDER]

--pictures makes those of the manual (Documentation/images).

Needs Chromium, and `assay` as it was built (.build/release or .build/debug). Exit status: 0 all is well; 1 something is
not; 2 something that it needs is missing.
"""

import argparse
import http.client
import http.server
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request

from devtools import Browser, Tab

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-some-length"
RAN = "window.ran = true"
HOSTILE = [
    f"<script>{RAN}</script>", f"\u0600<script>{RAN}</script>", f'"\u0301 onmouseover="{RAN}" autofocus onfocus="{RAN}',
    f"'><img src=x onerror='{RAN}'>", f"</style></title></textarea></svg><svg onload='{RAN}'>", f"javascript:{RAN}",
    "<!--", "]]>", "<base href=//example.com>", '<link rel=stylesheet href="//example.com/x.css">', "a\0b\x07\x7f\x9b",
    "\u202eright to left", "\u2069\u2069\u2066", "Z" + "\u0301" * 400, "\n" * 500, "x" * 1_000_000, "😀" * 500,
    "{{name}}{{{body}}}", "‏עברית", "a" * 300 + " " + "é" * 3000, "\t" * 400, "﷽" * 200,
]


def missing(what):
    print(f"the pages were not looked at: {what}", file=sys.stderr)
    sys.exit(2)


def server_class():
    """How a server is started is the same as for the clients."""
    spec = importlib.util.spec_from_file_location("clients", ROOT / "Tests/Clients/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Server


class Judge(http.server.BaseHTTPRequestHandler):
    """A model that rates by the length of the prompt, and repeats what is hostile in it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
        feedback = "Nothing to say." if len(prompt) % 7 == 0 else f"I read: {prompt[:300]}\nTotal rating: {len(prompt) % 97 / 10}"
        reply = {"choices": [{"message": {"role": "assistant", "content": feedback}, "finish_reason": "stop"}]}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def proxy_class(port):
    """A proxy that serves a server under /assay/, as nginx does with `location /assay/`."""

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if not self.path.startswith("/assay/"):
                return self.send_error(404)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            server.request(self.command, self.path.removeprefix("/assay"), body, dict(self.headers))
            response = server.getresponse()
            content = response.read()
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            server.close()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    return Proxy


def serve(handler):
    """Serves on a free port until the script ends, and returns the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def post(url, path, body):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


def register(url, name, rows):
    source = {"type": "rows", "rows": rows}
    post(url, "/v1/datasets", {"dataset_id": name, "purpose": "eval/question-answer", "source": source})


def score(url, name, functions):
    body = {"dataset_id": name, "scoring_functions": functions, "save_results_dataset": True}
    post(url, "/v1/scoring/score-batch", body)


def fill(url):
    """Scores real answers and hostile ones."""
    lines = (ROOT / "Examples/gsm8k/model_solutions.jsonl").read_text().splitlines()
    for model in ("6b", "175b"):
        rows = [row for row in map(json.loads, lines) if row["model"].startswith(model)]
        for row in rows:
            del row["model"]
        register(url, f"gsm8k-{model}", rows)
        score(url, f"gsm8k-{model}", {"basic::subset_of": None, "basic::number": None})
    rows = [json.loads(line) for line in lines[:400]]
    for row in rows[::57]:
        del row["expected_answer"]
    register(url, "gsm8k", rows)
    score(url, "gsm8k", {"basic::subset_of": None, "basic::equality": None})
    rating = {
        "judge_model": "m", "judge_score_regexes": ["Total rating: ([0-9.]+)\\s*\\Z"], "match": "last",
        "prompt_template": "{generated_answer}", "aggregation_functions": ["average", "median"]}
    score(url, "gsm8k", {"llm-as-judge::base": rating})
    rows = [{"generated_answer": text, "expected_answer": "x", text[:300] or "-": text} for text in HOSTILE]
    rows.append({"generated_answer": "wide", "expected_answer": "wide", **{f"column {i}": i for i in range(5000)}})
    rows.append({"generated_answer": "deep", "deep": json.loads("[" * 500 + "]" * 500)})
    name = HOSTILE[1] + "\"'&\u202e"
    function = f'"><script>{RAN}</script>'
    register(url, name, rows)
    post(url, "/v1/scoring-functions", {
        "scoring_fn_id": function, "provider_id": "basic", "provider_scoring_fn_id": "subset_of",
        "return_type": {"type": "number"}, "description": HOSTILE[1],
        "params": {"type": "basic", "aggregation_functions": ["accuracy", "categorical_count"]}})
    post(url, "/v1/eval/benchmarks", {"benchmark_id": HOSTILE[0], "dataset_id": name, "scoring_functions": [function]})
    score(url, name, {function: None, "llm-as-judge::base": rating})


class Check:
    """Looks at pages, and keeps what is wrong with them."""

    def __init__(self, tab, url, screenshots, label):
        self.tab, self.url, self.screenshots, self.label = tab, url, screenshots, label
        self.audit = pathlib.Path(__file__).with_name("audit.js").read_text()
        self.faults = []
        self.pages = 0

    def expect(self, holds, what):
        if not holds:
            self.faults.append(f"{self.label}: {what}")

    def links(self, selector):
        """Where the links that a selector finds lead, as paths on the server."""
        links = self.tab.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(a => a.href)")
        for link in links:
            self.expect(link.startswith(self.url + "/"), f"a link leaves the server: {link}")
        return [link.removeprefix(self.url) for link in links]

    def look(self, place, title, may_fail=False):
        """Opens a page and looks at it."""
        self.tab.open(self.url + place)
        self.look_at_what_is_open(place, title, may_fail)

    def look_at_what_is_open(self, place, title, may_fail=False):
        self.pages += 1
        found = self.tab.evaluate("document.title")
        self.expect(found.startswith(title) and found.endswith(" – Assay"), f"{place}: the title is {found!r}")
        for fault in self.tab.evaluate(self.audit):
            self.expect(False, f"{place}: {fault}")
        for entry in self.tab.events("Log.entryAdded"):
            is_hint = entry["entry"]["level"] == "verbose"
            if not is_hint and not (may_fail and entry["entry"].get("source") == "network"):
                self.expect(False, f"{place}: the console says {entry['entry']['text']!r}")
        for kind in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening"):
            self.expect(not self.tab.events(kind), f"{place}: {kind}")
        for request in self.tab.events("Network.requestWillBeSent"):
            address = request["request"]["url"]
            self.expect(address.startswith((self.url + "/", "data:", "blob:")), f"{place}: it asks for {address[:100]}")
        if self.screenshots:
            self.tab.screenshot(self.screenshots / f"{self.label.replace(' ', '-')}-{self.pages:02}.png")

    def focus(self):
        """What has the focus, and whether that can be seen."""
        return self.tab.evaluate("""(() => {
            const element = document.activeElement, style = getComputedStyle(element);
            return [element.tagName, element.id || element.getAttribute("href") || element.textContent.trim(),
                    style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
        })()""")

    def tab_to(self, wanted, place):
        """Presses Tab until something has the focus, and returns what had it on the way."""
        way = []
        for _ in range(200):
            self.tab.press("Tab", 9)
            tag, name, is_visible = self.focus()
            way.append((tag, name))
            self.expect(is_visible, f"{place}: nobody sees that {tag} {name!r} has the focus")
            if wanted(tag, name):
                return way
        self.expect(False, f"{place}: the keyboard does not get to what it should; it went {way[:12]}…")
        return way


def sign_in(check):
    tab = check.tab
    tab.open(check.url + "/results")
    check.look_at_what_is_open("/login", "Sign in")
    check.expect(tab.evaluate("location.search") == "?next=%2Fresults", "it is forgotten where one wanted to go")
    tab.type("wrong")
    tab.submit()
    check.look_at_what_is_open("/login", "Sign in", may_fail=True)
    check.expect(tab.evaluate("!!document.querySelector('[role=alert]')"), "a wrong token is not called wrong")
    tab.type(TOKEN)
    tab.submit()
    check.look_at_what_is_open("/results", "Results")
    check.expect(tab.evaluate("document.cookie") == "", "scripts can read the session")
    cookies = tab.send("Network.getCookies", urls=[check.url])["cookies"]
    check.expect([c["sameSite"] for c in cookies] == ["Strict"], f"the cookies are {cookies}")


def look_at_results(check):
    tab = check.tab
    tab.open(check.url + "/results")
    results = check.links("tbody a")
    check.expect(len(results) == 5, f"the results are {results}")
    for result in results[:3]:
        check.look(result, "Result of ")
        links = check.links(".counts a")
        check.expect(len(links) > 1, f"{result}: the scores lead nowhere")
        for link in links[:2] + links[-1:]:
            check.look(link, "Result of ")
            check.expect(tab.evaluate("document.querySelectorAll('.row').length") > 0, f"{link}: no rows")
        check.look(result + "?outcome=missing", "Result of ")
        check.look(result + "?least=x", "Result of ")
        plots = tab.evaluate("""[...document.querySelectorAll('.function')].map(part => {
            const number = cell => Number(cell.textContent.replace(/,/g, ''));
            const counts = [...part.querySelectorAll('tbody td:nth-child(2)')].map(number);
            return [counts.reduce((a, b) => a + b, 0), number(part.querySelector('tfoot td')),
                    part.querySelectorAll('rect').length];
        })""")
        for total, shown, bars in plots:
            check.expect(total == shown and bars > 1, f"{result}: {total} rows in the table, {shown} in all, {bars} bars")
    hostile, judged, scored = results[:3]
    for row in range(0, len(HOSTILE) + 2, 3):
        check.look(f"{hostile}?row={row}", f"Row {row} – Result of ")
    return scored


def use_keyboard(check, result):
    tab = check.tab
    tab.open(check.url + result)
    check.expect(check.tab_to(lambda tag, name: True, result) == [("A", "#main")], "the skip link is not the first")
    tab.press("Enter", 13, "\r")
    check.expect(check.focus()[:2] == ["MAIN", "main"], f"the skip link leads to {check.focus()}")
    way = check.tab_to(lambda tag, name: name == "score", result)
    check.expect([("SELECT", "function"), ("SELECT", "outcome"), ("INPUT", "score")] == way[-3:], f"the form: {way[-3:]}")
    check.expect(any(name.endswith("score=1#rows") for _, name in way), f"no score has a link: {way}")
    tab.type("1")
    tab.submit()
    check.look_at_what_is_open(result + " with a filter", "Result of ")
    check.expect("score=1" in tab.evaluate("location.search"), "the form does not send the score")
    check.expect(tab.evaluate("window.scrollY") > 0, "the filtered rows are out of sight")
    way = check.tab_to(lambda tag, name: "row=" in name, result)
    check.expect(("INPUT", "below") in way and ("BUTTON", "Show rows") in way, f"the form's other fields: {way}")
    tab.submit()
    check.look_at_what_is_open("a row", "Row ")


def compare_results(check):
    """Compares the first two results with rows, and checks a judge, by the forms of the pages."""
    tab = check.tab
    check.look("/compare", "Compare")
    tab.open(check.url + "/results")
    results = [link.split("/")[-1] for link in check.links("tbody a")]
    check.look(f"/compare?a={results[2]}&b={results[1]}", "Compare")
    check.expect(tab.evaluate("!!document.querySelector('.alarm')"), "functions that differ are compared")
    check.look(f"/compare?a={results[4]}&b={results[3]}&key=input_query", "Compare")
    check.expect(tab.evaluate("document.querySelectorAll('.numbers tbody tr').length") == 2, "no line for each function")
    check.expect("B is better" in tab.evaluate("document.body.textContent"), "the larger model is not better")
    check.look(f"/agree?run={results[2]}", "Agreement")
    check.expect(tab.evaluate("!!document.querySelector('.function table')"), "no agreement is shown")
    check.look(f"/agree?run={results[2]}&labels=expected_answer", "Agreement")
    check.look(f"/results/{results[2]}/report", "")
    check.look(f"/results/{results[0]}/report", "")


def save_runs(assay, folder, judge):
    """Saves the runs that reports are looked at: two models, a judge, and hostile rows."""
    def run(*arguments, cwd=ROOT):
        result = subprocess.run([assay, *arguments], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if result.returncode not in (0, 3, 4, 5):
            missing(f"assay {arguments[0]} failed: {result.stderr.decode()[:1000]}")

    for model in ("6b", "175b"):
        run("score", "Examples/gsm8k/model_solutions.jsonl", "--where", f"model={model}_finetuning", "--fn-dir",
            "Examples/gsm8k", "--fn", "gsm8k::final_answer", "--fn", "basic::subset_of", "--key", "input_query",
            "--save", folder / model, "--name", f"GSM8K, {model}", "--require", "gsm8k::final_answer accuracy >= 0.3")
    run("report", folder / "6b", folder / "175b", "--output", folder / "both.html")
    (folder / "rating.json").write_text(json.dumps({
        "identifier": "mine::rating", "provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge",
        "return_type": {"type": "number"}, "params": {
            "type": "llm_as_judge", "prompt_template": "{generated_answer}", "match": "last",
            "judge_score_regexes": ["Total rating: ([0-9.]+)\\s*\\Z"], "score_range": [0, 10],
            "aggregation_functions": ["average", "median"]}}))
    lines = (ROOT / "Examples/gsm8k/model_solutions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines[:300]]
    for row in rows:
        row["subject"] = ["algebra", "counting", "money"][len(row["generated_answer"]) % 3]
    (folder / "judged.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("score", "judged.jsonl", "--fn-dir", ".", "--fn", "mine::rating", "--judge-model", "m",
        "--model-url", f"http://127.0.0.1:{judge}/v1", "--save", "judged", "--save-column", "subject", cwd=folder)
    run("report", folder / "judged", "--by", "subject")
    rows = [{"input_query": text[::-1], "generated_answer": text, "expected_answer": "x"} for text in HOSTILE]
    rows.append({"generated_answer": 1})
    (folder / "hostile.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("hostile", "hostile2"):
        run("score", folder / "hostile.jsonl", "--fn", "basic::subset_of", "--fn", "basic::equality", "--save",
            folder / name, "--name", HOSTILE[1], "--no-report")
        rows = [{**row, "generated_answer": "x" + str(row["generated_answer"])} for row in rows]
        (folder / "hostile.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("report", folder / "hostile", "--by", "generated_answer", "--output", folder / "hostile.html")
    run("report", folder / "hostile", folder / "hostile2", "--output", folder / "hostile-both.html")


REPORTS = ["175b/report.html", "both.html", "judged/report.html", "hostile.html", "hostile-both.html"]


def look_at_reports(check):
    """Opens reports as files; each must fit, be read by keyboard, and print on one page."""
    tab = check.tab
    for report in REPORTS:
        check.look("/" + report, "")
        check.expect(tab.evaluate("document.querySelector('#numbers') && !document.querySelector('[src], [srcset]')"),
                     f"{report}: it lacks the numbers, or loads something")
        pages = tab.printed_pages()
        is_usual = not report.startswith("hostile")
        check.expect(pages == 1 or not is_usual, f"{report}: it prints on {pages} pages")
        if tab.evaluate("!document.querySelector('#filter')"):
            continue
        check.expect(tab.evaluate("!document.querySelector('#filter').hidden"), f"{report}: the filter does not work")
        rows = "[...document.querySelectorAll('#rows-shown > ol > li')].filter(row => !row.hidden).length"
        every = tab.evaluate(rows)
        tab.evaluate("""(() => { const field = document.querySelector('#score'); field.value = '1';
                         field.dispatchEvent(new Event('input', {bubbles: true})); })()""")
        check.expect(tab.evaluate(rows) < every or every == 0, f"{report}: all of {every} rows match a score of 1")
        tab.evaluate("document.querySelector('#filter button').click()")
        tab.evaluate("new Promise(done => setTimeout(done, 50))")
        check.expect(tab.evaluate(rows) == every, f"{report}: not all rows come back")
    tab.open(check.url + "/175b/report.html")
    check.tab_to(lambda tag, name: name.startswith("#row-"), "the report")


def take_pictures(browser, url, reports, pictures):
    """The pictures of the manual: a report light, dark, on a phone and printed; what changed; the pages."""
    pictures.mkdir(parents=True, exist_ok=True)
    tab = Tab(browser, 1100, 900, "light")
    tab.open(reports + "/175b/report.html")
    tab.screenshot(pictures / "report.png", 1150)
    tab.open(reports + "/both.html")
    tab.screenshot(pictures / "report-changes.png", 1150)
    tab.open(reports + "/judged/report.html")
    top = tab.evaluate("document.querySelector('#slices').getBoundingClientRect().top + scrollY - 20")
    tab.screenshot(pictures / "report-slices.png", 620, max(0, top))
    tab.emulate("dark")
    tab.open(reports + "/judged/report.html")
    tab.screenshot(pictures / "report-dark.png", 1000)
    phone = Tab(browser, 380, 800, "light")
    phone.open(reports + "/175b/report.html")
    phone.screenshot(pictures / "report-phone.png", 900)
    paper = Tab(browser, 794, 1123, "light")
    paper.open(reports + "/175b/report.html")
    paper.emulate("light", "print")
    paper.screenshot(pictures / "report-print.png", 1123)
    for path, name in [("/compare", "compare-page.png"), ("/agree", "agreement-page.png")]:
        tab.emulate("light" if name.startswith("compare") else "dark")
        tab.open(url + "/login")
        if tab.evaluate("!!document.querySelector('#token')"):
            tab.type(TOKEN)
            tab.submit()
        tab.open(url + "/results")
        results = tab.evaluate("[...document.querySelectorAll('tbody a')].map(a => a.getAttribute('href').split('/').pop())")
        query = f"?a={results[4]}&b={results[3]}&key=input_query" if path == "/compare" else f"?run={results[2]}"
        tab.open(url + path + query)
        tab.screenshot(pictures / name, 800)
    for picture in pictures.glob("*.png"):
        if picture.stat().st_size > 200_000:
            print(f"{picture.name} has {picture.stat().st_size} bytes", file=sys.stderr)


def look(check):
    sign_in(check)
    for place, title in [("/", "Overview"), ("/results", "Results"), ("/datasets", "Datasets"),
                         ("/benchmarks", "Benchmarks"), ("/functions", "Scoring functions")]:
        check.look(place, title)
    check.look("/results/nope", "Not found", may_fail=True)
    check.tab.open(check.url + "/datasets")
    for link in check.links("tbody a"):
        check.look(link, "Dataset ")
    check.look("/", "Overview")
    for link in check.links("header a, main a"):
        check.tab.open(check.url + link)
        found = check.tab.evaluate("document.title")
        check.expect(found and "Not found" not in found, f"a link of the overview, {link}, leads to {found!r}")
    use_keyboard(check, look_at_results(check))
    compare_results(check)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the executable")
    parser.add_argument("--browser", help="the browser; chromium unless given")
    parser.add_argument("--screenshots", type=pathlib.Path, help="where to leave a picture of each page")
    parser.add_argument("--pictures", type=pathlib.Path, help="where to leave the pictures of the manual")
    arguments = parser.parse_args()
    candidates = [arguments.assay] if arguments.assay else [ROOT / ".build/release/assay", ROOT / ".build/debug/assay"]
    assay = next((pathlib.Path(path).resolve() for path in candidates if os.access(path, os.X_OK)), None)
    if assay is None:
        missing("no assay was found; build it (swift build -c release) or name it with --assay")
    names = [arguments.browser] if arguments.browser else ["chromium", "chromium-browser", "google-chrome"]
    browser_path = next(filter(None, map(shutil.which, names)), None)
    if browser_path is None:
        missing("there is no Chromium here; install it (apt-get install chromium) or name it with --browser")
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    judge = serve(Judge)
    faults = []
    with tempfile.TemporaryDirectory(prefix="assay-browser-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        (folder / "token").write_text(TOKEN + "\n")
        server = server_class()(
            assay, folder,
            ["--auth-token-file", folder / "token", "--model-url", f"http://127.0.0.1:{judge}/v1"])
        browser = None
        try:
            fill(server.url)
            runs = folder / "runs"
            runs.mkdir()
            save_runs(assay, runs, judge)
            browser = Browser(browser_path, folder / "profile")
            proxy = f"http://127.0.0.1:{serve(proxy_class(int(server.url.rsplit(':', 1)[1])))}/assay"
            for width, height, scheme, url in [(1280, 900, "light", server.url), (360, 740, "dark", proxy)]:
                check = Check(Tab(browser, width, height, scheme), url, arguments.screenshots, f"{width} {scheme}")
                look(check)
                faults += check.faults
                reports = Check(
                    Tab(browser, width, height, scheme), f"file://{runs}", arguments.screenshots, f"report {width} {scheme}")
                look_at_reports(reports)
                faults += reports.faults
                print(f"{check.pages + reports.pages} pages looked at, {width} pixels wide, {scheme}", flush=True)
            if arguments.pictures:
                take_pictures(browser, server.url, f"file://{runs}", arguments.pictures)
        finally:
            if browser:
                browser.stop()
            status = server.stop()
    for fault in faults:
        print(fault, file=sys.stderr)
    if status != 0:
        print(f"the server ended with status {status}", file=sys.stderr)
    print(f"the pages: {'FAILED' if faults or status else 'passed'}")
    sys.exit(1 if faults or status else 0)


if __name__ == "__main__":
    main()
