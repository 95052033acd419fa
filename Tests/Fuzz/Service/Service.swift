import FuzzDriver

/// What reads from the network: the replies of models, the bodies of requests, and what configures both.
@main
struct ServiceTargets {
    static func main() {
        runFuzzer([
            "reply": { run(reply, $0, $1) },
            "stream": { run(stream, $0, $1) },
            "chat": { run(chat, $0, $1) },
            "redaction": { run(redaction, $0, $1) },
            "models": { run(models, $0, $1) },
            "body": { run(body, $0, $1) },
            "address": { run(address, $0, $1) },
        ])
    }
}
