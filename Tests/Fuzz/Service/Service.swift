import FuzzDriver

/// What reads from the network, and from files that others may have made: the replies of models, the bodies of requests, what
/// configures both, results of batches, and states.
@main
struct ServiceTargets {
    static func main() {
        runFuzzer([
            "reply": { run(reply, $0, $1) },
            "stream": { run(stream, $0, $1) },
            "chat": { run(chat, $0, $1) },
            "batch": { run(batch, $0, $1) },
            "state": { run(state, $0, $1) },
            "redaction": { run(redaction, $0, $1) },
            "models": { run(models, $0, $1) },
            "body": { run(body, $0, $1) },
            "address": { run(address, $0, $1) },
        ])
    }
}
