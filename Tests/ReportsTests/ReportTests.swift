import Glibc
import JSON
import Reports
import Runs
import TestSupport
import Testing

@Suite("The report of a run") struct ReportTests {
    /// Texts that mean something to a browser, or look like something else.
    static let hostile = [
        "<script>document.title = 'ran'</script>", "\u{600}<script>ran()</script>", "</script><script>ran()</script>",
        "\"\u{301} onmouseover=\"ran()", "'><img src=x onerror=ran()>", "<\u{301}b>", "\u{0}\u{7}\u{9B}",
        "\u{202E}turned", "a\u{2028}b\u{2029}c", "{{style}}{{{style}}}",
        "</style></title></textarea><svg onload=ran()>",
        "<!--", "]]>", "<base href=//example.com>", "javascript:ran()", "https://example.com/<b>", "\r\n<b>",
    ]

    private func html(_ a: SavedRun, _ b: SavedRun? = nil, _ change: (inout ReportOptions) -> Void = { _ in }) throws
        -> String
    {
        var options = ReportOptions()
        options.version = "1.2.3"
        change(&options)
        return try Report(a, b, options: options).html()
    }

    @Test("it says what the run is, its numbers with intervals, and what was not scored, before any row")
    func order() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: (0..<100).map { $0 < 7 ? nil : Double($0 % 4 == 0 ? 1 : 0) })
        run.requirements = [["text": "f accuracy >= 0.5", "met": false, "value": JSONValue(0.25), "reason": nil]]
        let page = try html(run.save("\(folder.path)/run"))
        let places = [
            "Not met:", "id=\"numbers\"", "If every row had been scored", "class=\"interval\"", "93 of 100",
            "id=\"unscored\"", "7 of 100 rows (7.0 %) have no score", "7 ×", "no number in the reply", "id=\"scores\"",
            "<rect", "id=\"rows\"", "id=\"row-0\"", "id=\"making\"",
        ]
        var start = page.startIndex
        for text in places {
            let found = page[start...].firstRange(of: text)
            #expect(found != nil, "\(text) is missing, or not in its place")
            start = found?.upperBound ?? start
        }
        #expect(page.contains("unparsed"))
        #expect(page.contains("50 of 100 rows: "))
    }

    @Test("the same folder gives the same bytes, wherever it is")
    func bytes() throws {
        let folder = try TemporaryFolder()
        let run = SmallRun(scores: (0..<300).map { Double($0 % 7) })
        let one = try html(run.save("\(folder.path)/one"))
        #expect(try one == html(SavedRun("\(folder.path)/one")))
        #expect(try one == html(run.save("\(folder.path)/other")))
        #expect(try one == html(SavedRun("\(folder.path)/one/results.json")))
    }

    @Test("texts stay texts, in each place where a text may be", arguments: [false, true])
    func hostileTexts(isComparison: Bool) throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: Self.hostile.indices.map { $0 % 3 == 0 ? nil : Double($0 % 2) })
        run.answers = Self.hostile
        run.message = Self.hostile.joined(separator: " ")
        run.name = Self.hostile.joined()
        run.function = Self.hostile[0] + Self.hostile[1]
        run.requirements = [
            ["text": .string(Self.hostile[4]), "met": false, "value": nil, "reason": .string(Self.hostile[2])]
        ]
        let a = try run.save("\(folder.path)/a")
        run.scores = Self.hostile.indices.map { $0 % 4 == 0 ? nil : Double(($0 + 1) % 2) }
        run.answers = Self.hostile.reversed()
        let b = try run.save("\(folder.path)/b")
        let page = try isComparison ? html(a, b) : html(a) { $0.sliceColumns = ["generated_answer"] }
        for text in [
            "<img", "<b>", "<base", "<svg onload", "\"\u{301} onmouseover", "<!--", "\u{0}", "\u{202E}", "\u{9B}",
            "\u{2028}", "\u{2029}",
        ] {
            #expect(pieces(page, text) == 1, "\(text)")
        }
        // The frame's own parts are there once.
        for text in ["<style>", "</style>", "</head>", "<main ", "</main>", "<script>", "</script>", "</html>"] {
            #expect(pieces(page, text) == 2, "\(text)")
        }
        #expect(page.contains("{{style}}{{{style}}}"))
    }

    @Test("it needs nothing but itself")
    func references() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: [1, 0, nil])
        run.answers = ["see https://example.com/a", "b", "c"]
        let page = try html(run.save("\(folder.path)/a"), run.save("\(folder.path)/b"))
        for place in ["src", "href", "action", "url(", "@import", "xmlns", "srcset"] {
            for piece in page.components(separatedBy: place).dropFirst() {
                let start = piece.drop { $0 == "=" || $0 == "\"" }
                #expect(!start.hasPrefix("http") && !start.hasPrefix("//"), "\(place) \(piece.prefix(80))")
            }
        }
        #expect(page.contains("https://example.com/a"))
        #expect(page.contains("default-src &#39;none&#39;"))
    }

    @Test("a run of any size is shown in less than 5 MB, with long texts and with many functions")
    func size() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: (0..<10_000).map { Double($0 % 1_000) / 1_000 })
        run.answers = [String(repeating: "<\"'&\u{202E}", count: 3_000)]
        run.answers += (1..<300).map { "answer \($0)" }
        let page = try html(run.save("\(folder.path)/long")) { $0.examples = 300 }
        #expect(page.utf8.count < 5_000_000, "\(page.utf8.count)")
        #expect(page.contains("of 10,000 rows"))

        var wide = SmallRun(scores: (0..<60).map { Double($0 % 5) })
        wide.answers = [String(repeating: "<\"'&", count: 3_000)]
        wide.functionCount = 70
        let other = try html(wide.save("\(folder.path)/wide"))
        #expect(other.utf8.count < 5_000_000, "\(other.utf8.count)")
        #expect(other.contains("more functions are left out here"))
    }

    @Test("without texts, no text of a row and no prompt is in it")
    func withoutTexts() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: [1, 0, nil, 1, 0, nil])
        run.answers = ["a secret"]
        run.message = "a secret, too"
        let (a, b) = (
            try run.save("\(folder.path)/a"),
            try {
                run.scores.reverse()
                return try run.save("\(folder.path)/b")
            }()
        )
        for page in [try html(a) { $0.hasTexts = false }, try html(a, b) { $0.hasTexts = false }] {
            #expect(!page.contains("secret") && !page.contains("<script") && page.contains("Numbers"))
        }
    }

    @Test("two runs: what became worse comes first, with the words that differ marked")
    func changes() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: (0..<60).map { Double($0 % 2) })
        run.answers = (0..<60).map { "It is \($0) apples" }
        let a = try run.save("\(folder.path)/a")
        run.scores[0] = 1
        run.scores[1] = 0
        run.scores[3] = nil
        run.answers[1] = "It is 1 pear"
        let b = try run.save("\(folder.path)/b")
        let page = try html(a, b)
        let start = try #require(page.firstRange(of: "id=\"changed\"")).upperBound
        let section = page[start...]
        let places = [
            "1 worse", "1 not scored in B", "1 better", "id=\"changed-1-1\"", "<del>apples</del>", "<ins>pear</ins>",
            "id=\"changed-3-3\"", "id=\"changed-0-0\"",
        ]
        for text in places { #expect(section.contains(text), "\(text)") }
        #expect(
            section.firstRange(of: "changed-1-1")?.lowerBound ?? page.endIndex < section.firstRange(of: "changed-3-3")?
                .lowerBound ?? page.startIndex)
        #expect(
            page.contains("B is better") || page.contains("too few to tell") || page.contains("no difference found"))
    }

    @Test("runs that cannot be compared are refused in words, and the report is made all the same")
    func refusal() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: [1, 0, 1])
        let a = try run.save("\(folder.path)/a")
        run.function = "g"
        let report = try Report(a, run.save("\(folder.path)/b"))
        #expect(report.hasRefusals)
        #expect(try report.html().contains("Not compared:"))
        #expect(report.markdown.contains("Not compared"))
    }

    @Test("values of a column are sorted by how sure their difference is, and few rows are marked")
    func slices() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: (0..<300).map { $0 % 3 == 0 ? 1 : Double($0 % 2) })
        run.answers = (0..<300).map { $0 % 3 == 0 ? "easy" : $0 < 10 ? "rare" : "hard" }
        let page = try html(run.save("\(folder.path)/run")) { $0.sliceColumns = ["generated_answer"] }
        let section = page[(try #require(page.firstRange(of: "id=\"slices\""))).upperBound...]
        let (easy, rare) = (section.firstRange(of: "<bdi>easy"), section.firstRange(of: "<bdi>rare"))
        #expect(easy.map { easy in rare.map { easy.lowerBound < $0.lowerBound } ?? false } ?? false)
        #expect(section.contains("(few rows)") && section.contains("3 values of generated_answer were looked at"))
        #expect(throws: RunError.self) { try html(SavedRun("\(folder.path)/run")) { $0.sliceColumns = ["nope"] } }
    }

    @Test("a judge that nobody has checked looks so")
    func judge() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: (0..<50).map { Double($0 % 10) })
        run.judge = ["model": "m"]
        run.answers = (0..<50).map { String(repeating: "x", count: 1 + $0 % 10) }
        let page = try html(run.save("\(folder.path)/run"))
        #expect(page.contains("Not checked against people.") && page.contains("judge not checked against people"))
        #expect(page.contains("have a correlation of +1"))
    }

    @Test("output lines are a run of which little is known")
    func lines() throws {
        let folder = try TemporaryFolder()
        let rows = (0..<40).map {
            #"{"row": \#($0), "generated_answer": "a", "scores": {"f": {"score": \#($0 % 2).0}}}"#
        }
        try folder.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
        let page = try html(SavedRun("\(folder.path)/rows.jsonl"))
        #expect(page.contains("is a file of rows") && page.contains("20 of 40 scored rows") && page.contains("0.5"))
    }

    @Test("Markdown has the numbers, and no text of a row")
    func markdown() throws {
        let folder = try TemporaryFolder()
        var run = SmallRun(scores: [1, 0, nil, 1])
        run.answers = ["a secret"]
        run.requirements = [["text": "f accuracy >= 0.9", "met": false, "value": JSONValue(0.6), "reason": nil]]
        let a = try run.save("\(folder.path)/a")
        let text = try Report(a).markdown
        #expect(text.hasPrefix("- **not met: f accuracy &gt;= 0.9: is 0.6**"))
        #expect(text.contains("3 of 4") && text.contains("1 unparsed") && !text.contains("secret"))
        run.scores = [0, 0, 1, 1]
        #expect(try Report(a, run.save("\(folder.path)/b")).markdown.contains("pairs by row number"))
    }

    /// How many pieces a page has between these bytes. Swift's own search goes by characters, as people see them.
    private func pieces(_ page: String, _ text: String) -> Int {
        let (page, text) = (Array(page.utf8), Array(text.utf8))
        guard let first = text.first else { return 1 }
        return 1 + page.indices.count { page[$0] == first && page[$0...].starts(with: text) }
    }
}

extension String {
    fileprivate func components(separatedBy text: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: text) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
