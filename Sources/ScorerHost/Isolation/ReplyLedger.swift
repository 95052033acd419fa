/// The model requests of a call and their replies, from all of its workers. No I/O.
///
/// A worker may be lost after a model was asked. Then the same rows ask the same again in another one, under tags of its
/// own, and get the replies that there are: no model is asked twice.
struct ReplyLedger {
    /// Who asked: a part of the call's rows, by its number, and the tag by which the plugin knows the request.
    private struct Asker {
        var part: UInt64
        var tag: UInt64
    }

    /// What follows from a request.
    enum Action: Equatable {
        /// Nobody has asked this before: ask, with this tag.
        case ask(tag: UInt64)
        /// It was asked before; the reply comes when it is there.
        case wait
        /// The reply is there, with the asker's tag.
        case answer(ModelReply)
    }

    /// A request, no matter which worker makes it.
    private struct Question: Hashable {
        var role: String
        var json: String
        var sample: Int?
        var kind: ModelRequest.Kind

        init(_ request: ModelRequest) {
            (role, json, sample, kind) = (request.role, request.json, request.sample, request.kind)
        }
    }

    private struct Entry {
        var question: Question
        var reply: ModelReply?
        var asker: Asker?
    }

    private var entries: [Entry] = []
    /// Those whose askers are lost, the first of each question last. Others are not looked through: a plugin may ask the same
    /// as often as it likes.
    private var forgotten: [Question: [Int]] = [:]
    /// Those without a reply, by the tag under which the call asked.
    private var open: [UInt64: Int] = [:]

    /// Takes a request of a part of the call's rows, with the plugin's own tag.
    mutating func ask(_ request: ModelRequest, of part: UInt64) -> Action {
        let asker = Asker(part: part, tag: request.tag)
        let question = Question(request)
        // A row may ask the same twice, and then wants two replies.
        if let index = forgotten[question]?.popLast() {
            entries[index].asker = asker
            guard var reply = entries[index].reply else { return .wait }
            reply.tag = asker.tag
            return .answer(reply)
        }
        let index = entries.count
        entries.append(Entry(question: question, asker: asker))
        // The plugin's own tag, unless a worker that is lost, or another part, has used it.
        var tag = asker.tag
        while open[tag] != nil { tag = tag &- 1 &- UInt64(index) }
        open[tag] = index
        return .ask(tag: tag)
    }

    /// Takes a reply to a request of the call, and keeps it.
    ///
    /// - Returns: the reply with the tag of who asked, and the part that is; nil if that is lost.
    mutating func receive(_ reply: ModelReply) -> (part: UInt64, reply: ModelReply)? {
        guard let index = open.removeValue(forKey: reply.tag) else { return nil }
        entries[index].reply = reply
        guard let asker = entries[index].asker else { return nil }
        var reply = reply
        reply.tag = asker.tag
        return (asker.part, reply)
    }

    /// A part's worker is lost, and with it what it knew of its requests.
    mutating func forget(part: UInt64) {
        for index in entries.indices.reversed() where entries[index].asker?.part == part {
            entries[index].asker = nil
            forgotten[entries[index].question, default: []].append(index)
        }
    }
}
