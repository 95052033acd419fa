import FuzzDriver

/// What reads files: rows, definitions, patterns, prompts and templates. Needs no module of the network, so it is built quickly.
@main
struct Readers {
    static func main() {
        runFuzzer([
            "jsonl": { run(jsonl, $0, $1) },
            "csv": { run(csv, $0, $1) },
            "json-array": { run(jsonArray, $0, $1) },
            "compressed": { run(compressed, $0, $1) },
            "json": { run(json, $0, $1) },
            "python": { run(python, $0, $1) },
            "column-path": { run(columnPath, $0, $1) },
            "definition": { run(definition, $0, $1) },
            "template": { run(template, $0, $1) },
            "jinja": { run(jinja, $0, $1) },
            "pattern": { run(pattern, $0, $1) },
            "elf": { run(elf, $0, $1) },
            "manifest": { run(manifest, $0, $1) },
        ])
    }
}
