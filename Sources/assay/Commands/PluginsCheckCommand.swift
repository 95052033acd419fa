import ArgumentParser
import Glibc
import JSON
import Platform
import ScorerHost
import ScoringCore
import ScoringDefinitions
import ScoringEngine

extension PluginsCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Test a plugin, and report every fault that is found.",
            discussion: """
                The plugin runs in its own process, on rows, parameters and model replies that are designed to reveal \
                faults. Scorers that need parameters are tried with those of definitions (--fn) or of --params; a \
                scorer that cannot be created is reported as not exercised. Exit status: 0 if no fault was found, 3 if \
                there are findings, 1 if the plugin could not be checked.
                """)

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case text
            case json
        }

        @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
        var file: String

        @Option(
            name: .customLong("fn"),
            help: ArgumentHelp(
                "Try scorers with the parameters of the definitions in FILE; repeatable. Default: those in the folder "
                    + "NAME.functions next to NAME.so, if there is one.", valueName: "file"))
        var definitions: [String] = []

        @Option(help: ArgumentHelp("Try each scorer with these parameters, a JSON object.", valueName: "json"))
        var params: String?

        @Option(
            help: ArgumentHelp(
                "Use the replies in FILE for judges, instead of made-up ones: a JSON string or a chat completion on "
                    + "each line.",
                valueName: "file"))
        var replies: String?

        @Option(help: "The format of the findings: text, or json (an array of objects).")
        var format = Format.text

        @Option(
            name: .customLong("plugin-timeout"),
            help: ArgumentHelp(
                "Seconds that the plugin may take until its next row (default: 10).", valueName: "seconds"))
        var pluginTimeout: Double?

        func validate() throws {
            if let pluginTimeout, !(pluginTimeout >= 0.01 && pluginTimeout <= 86400) {
                throw ValidationError("--plugin-timeout \(pluginTimeout): expected 0.01 to 86400 seconds")
            }
            _ = try givenParameters()
        }

        private func givenParameters() throws -> JSONObject? {
            guard let params else { return nil }
            do {
                return try JSONPlace(JSONValue(parsing: params)).read(.object)
            } catch {
                throw ValidationError("--params: \(error)")
            }
        }

        func run() throws {
            var settings = WorkerSettings()
            if let pluginTimeout { settings.timeout = .milliseconds(Int(pluginTimeout * 1000)) }
            let functions = try readDefinitions()
            let given = try replies.map(readReplies) ?? []
            let check: PluginCheck
            do {
                check = try PluginCheck(file, settings)
            } catch let error as PluginCheck.Impossible {
                throw Failure("\(file) could not be checked: \(error.reason)")
            }
            check.replies = given
            if let contents = check.contents {
                checkManifest(contents, check)
                for scorer in contents.scorers {
                    checkSchema(scorer, check)
                    exercise(scorer, of: contents, functions, check)
                }
            }
            try report(check.findings)
            if check.findings.contains(where: { $0.level != .note }) { throw ExitCode(3) }
        }

        private func readDefinitions() throws -> [ScoringFunction] {
            if definitions.isEmpty { return try definitionsBeside() }
            var functions: [ScoringFunction] = []
            for path in definitions {
                let file = DefinitionFile(path: path)
                if let error = file.errors.first { throw Failure("\(error)") }
                functions += file.functions
            }
            return functions
        }

        /// The definitions that come with the plugin.
        private func definitionsBeside() throws -> [ScoringFunction] {
            let folder = (file.hasSuffix(".so") ? String(file.dropLast(3)) : file) + ".functions"
            guard FileStatus(ofPath: folder)?.kind == .folder else { return [] }
            let catalog = DefinitionCatalog(folders: [folder])
            if let error = catalog.errors.first { throw Failure("\(error)") }
            return catalog.identifiers.compactMap { catalog[$0] }
        }

        private func readReplies(_ path: String) throws -> [CheckReply] {
            let bytes: [UInt8]
            do throws(RegularFile.Fault) {
                bytes = try RegularFile.read(path, limit: 64 << 20)
            } catch {
                throw Failure("\(path): \(error.message)")
            }
            var replies: [CheckReply] = []
            for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
                let value: JSONValue
                do throws(JSONError) {
                    value = try JSONValue(parsing: Array(line))
                } catch {
                    throw Failure("\(path): line \(index + 1): \(error.message)")
                }
                if let text = value.string {
                    replies.append(CheckReply(text: text))
                } else if let choice = value["choices"]?.array?.first, let message = choice["message"] {
                    replies.append(
                        CheckReply(
                            text: message["content"]?.string ?? "", response: String(decoding: line, as: UTF8.self),
                            finishReason: choice["finish_reason"]?.string ?? "",
                            reasoning: message["reasoning_content"]?.string ?? ""))
                } else {
                    throw Failure(
                        "\(path): line \(index + 1): found \(value.kind); expected a string, or a chat completion "
                            + "with choices")
                }
            }
            if replies.isEmpty { throw Failure("\(path): no reply was found") }
            return replies
        }

        // MARK: Checks that read JSON

        private func checkManifest(_ contents: PluginDescription, _ check: PluginCheck) {
            do throws(PluginError) {
                guard let manifest = try PluginManifest.read(for: check.path),
                    let difference = manifest.firstDifference(from: contents)
                else { return }
                check.add(
                    CheckFinding(
                        "manifest", .error,
                        "its manifest \(PluginManifest.path(for: check.path)) does not match this file: \(difference). "
                            + "The plugin is refused until you write it again: assay plugins manifest \(file)"))
            } catch {
                check.add(
                    CheckFinding("manifest", .error, "\(error). Write it again: assay plugins manifest \(file)"))
            }
        }

        private func checkSchema(_ scorer: ScorerDescription, _ check: PluginCheck) {
            guard let text = scorer.parametersSchema else { return }
            let fault: String
            do throws(JSONError) {
                let schema = try JSONValue(parsing: text)
                if schema.object != nil || schema.bool != nil { return }
                fault = "is \(schema.kind), not an object"
            } catch {
                fault = "is not JSON: \(error)"
            }
            check.add(
                CheckFinding(
                    "schema", .error, scorer: scorer.id,
                    "its parameters_schema \(fault). Editors and forms cannot use it. Set it to a JSON Schema, or to "
                        + "NULL"
                ))
        }

        // MARK: Parameters to try

        private func exercise(
            _ scorer: ScorerDescription, of contents: PluginDescription, _ functions: [ScoringFunction],
            _ check: PluginCheck
        ) {
            let required = scorer.parametersSchema.flatMap { try? JSONValue(parsing: $0) }?["required"]?.array ?? []
            var trials = functions.filter { function in
                // If a plugin has a single scorer, the definition need not name it.
                let isNamed = contents.scorers.count == 1 || function.providerResourceID == scorer.id
                guard function.providerID == contents.id && isNamed else { return false }
                let missing = required.compactMap(\.string).filter { function.params[$0] ?? .null == .null }
                if missing.isEmpty { return true }
                check.add(
                    CheckFinding(
                        "exercise", .note, scorer: scorer.id,
                        "\(function.identifier) needs \(missing.joined(separator: ", ")) in each request, so no row "
                            + "was scored with it"))
                return false
            }.map { function in
                trial(scorer, function.identifier, function.identifier, function.returnType.json, function.params)
            }
            if let given = try? givenParameters() {
                trials.append(trial(scorer, "--params", "check", ["type": .string(returnType(of: scorer))], given))
            }
            // Always try without parameters too: a scorer must reject missing ones.
            trials.append(trial(scorer, nil, "check", ["type": .string(returnType(of: scorer))], [:]))
            var wasExercised = false
            for trial in trials where check.accepts(trial) && !(wasExercised && trial.name == nil) {
                check.exercise(trial)
                wasExercised = true
            }
            if !wasExercised && !check.findings.contains(where: { $0.scorer == scorer.id && $0.level == .error }) {
                check.add(
                    CheckFinding(
                        "exercise", .note, scorer: scorer.id,
                        "it cannot be created without parameters, so no row was scored with it. Pass a definition "
                            + "(--fn FILE) or parameters (--params JSON). It said: \(check.lastRefusal)"))
            }
        }

        private func trial(
            _ scorer: ScorerDescription, _ name: String?, _ identifier: String, _ returnType: JSONObject,
            _ parameters: JSONObject
        ) -> PluginCheck.Trial {
            func configuration(_ parameters: JSONObject) -> String {
                var own = parameters
                own["type"] = nil
                own["aggregation_functions"] = nil
                let configuration: JSONValue = [
                    "identifier": .string(identifier), "return_type": .object(returnType), "params": .object(own),
                ]
                return configuration.text
            }
            let unknown = "assay_check_unknown"
            var more = parameters
            more[unknown] = true
            return PluginCheck.Trial(
                scorer: scorer.id, name: name, configuration: configuration(parameters),
                unknownParameter: (configuration(more), unknown))
        }

        private func returnType(of scorer: ScorerDescription) -> String {
            switch scorer.outputs[scorer.scoreOutput].type {
            case .f64, .i64: "number"
            case .bool: "boolean"
            case .json: "json"
            case .text, .textList: "string"
            }
        }

        // MARK: Results

        private func report(_ findings: [CheckFinding]) throws {
            switch format {
            case .json:
                let list = findings.map { finding -> JSONValue in
                    [
                        "check": .string(finding.check), "level": .string(finding.level.rawValue),
                        "scorer": finding.scorer.map { .string($0) } ?? .null, "message": .string(finding.message),
                    ]
                }
                try printOutput(JSONValue.array(list).prettyText + "\n")
            case .text:
                var text = ""
                for finding in findings {
                    let scorer = finding.scorer.map { "scorer \"\($0)\": " } ?? ""
                    text += "\(finding.level.rawValue): \(finding.check): \(scorer)\(finding.message)\n"
                }
                let faults = findings.filter { $0.level != .note }.count
                text += faults == 0 ? "no fault was found\n" : faults == 1 ? "1 finding\n" : "\(faults) findings\n"
                try printOutput(text)
            }
        }
    }
}
