import ScoringCore

/// Checks how a scorer uses requests and replies.
extension ScorerExercise {
    /// Checks whether a row sends the same request twice at the same time; both get the same reply.
    func checkSamples(_ requests: [ModelRequest], _ rows: CheckRows) {
        var seen: Set<ModelRequest> = []
        // The host embeds a text once, however often it is asked.
        for var request in requests where request.kind == .chat {
            request.tag = 0
            if seen.insert(request).inserted { continue }
            add(
                "requests", .warning,
                "two requests about \(rows.name) are equal, so both get the same reply. If they are votes, give each "
                    + "one its own sample (field sample of assay_request)", key: "equal")
        }
    }

    /// Gives each reply to all requests, so that all questions about a row are answered in the same way, which replies that
    /// are chosen by chance may never do. Returns false if the plugin did not survive.
    func giveEachReply(_ inputs: [ColumnDescription]) -> Bool {
        guard let scorer = makeScorer(), !scorer.description.roles.isEmpty else { return true }
        let rows = CheckRows(name: "20 ordinary rows", rows: CheckRows.ordinary(inputs, 20))
        var isScored = false
        for reply in usualReplies.usual {
            var replies = usualReplies
            replies.only = reply
            guard let results = score(rows, replies) else { return false }
            isScored = isScored || results.contains { $0.outcome == .scored }
        }
        let many = CheckRows(name: "200 ordinary rows", rows: CheckRows.ordinary(inputs, 200))
        guard let mixed = score(many) else { return false }
        if isScored || mixed.contains(where: { $0.outcome == .scored }) { return true }
        add(
            "replies", .warning,
            "no row got a score with any reply, so its handling of valid replies was not checked. Provide replies "
                + "that it can read, one on each line of a file: --replies FILE", key: "never scored")
        return true
    }

    /// Gives replies one by one, late, and in forms that models should not use. Returns false if the plugin did not survive.
    func disturbReplies(_ inputs: [ColumnDescription]) -> Bool {
        guard let scorer = makeScorer(), !scorer.description.roles.isEmpty else { return true }
        let rows = CheckRows(name: "40 ordinary rows", rows: CheckRows.ordinary(inputs, 40))
        var oneByOne = usualReplies
        oneByOne.order = .oneByOneBackwards
        guard let together = score(rows), let backwards = score(rows, oneByOne) else { return false }
        _ = compare(
            backwards, together, rows.rows, "with replies one by one and the last first", "with all replies at once",
            scorer)
        for content in ScriptedReplies.Content.allCases where content != .plausible {
            let few = content == .huge ? CheckRows(name: "2 ordinary rows", rows: Array(rows.rows.prefix(2))) : rows
            var replies = usualReplies
            replies.content = content
            if score(few, replies) == nil { return false }
            replies.order = .oneByOneBackwards
            if content == .mixed, score(few, replies) == nil { return false }
        }
        return true
    }
}
