import Inference
import JSON

/// The words that lm_eval is started with.
///
/// Each option is one word with its value, so that no value is taken for an option; what has structure is JSON, which
/// lm_eval takes for `key=value` lists from version 0.4.6 on.
struct HarnessArguments {
    var task: HarnessTask
    var model: ModelDelegation
    var configuration: BenchmarkConfiguration
    var folder: HarnessFolder

    func words() throws(EvaluationError) -> [String] {
        guard case .model(_, let sampling, let systemMessage) = configuration.candidate else {
            throw EvaluationError(
                .unsupported, "lm_eval evaluates models only, but the candidate is an agent",
                at: "\(EvaluationError.candidatePointer)/type")
        }
        var words = [
            "--model=\(task.endpoint == .chat ? "local-chat-completions" : "local-completions")",
            "--model_args=\(JSONValue.object(modelArguments).text)",
            "--tasks=\(task.name)", "--output_path=\(folder.results)", "--log_samples", "--use_cache=\(folder.cache)",
            "--batch_size=\(task.batchSize ?? 1)",
        ]
        if task.appliesChatTemplate { words.append("--apply_chat_template") }
        if let count = task.fewShotCount { words.append("--num_fewshot=\(count)") }
        switch task.definition {
        case .text: words.append("--include_path=\(folder.tasks)")
        case .folder(let path): words.append("--include_path=\(path)")
        case nil: break
        }
        if let count = configuration.numExamples {
            // lm_eval takes 0 for no limit at all.
            guard count > 0 else {
                throw EvaluationError(
                    .unsupported, "is 0; lm_eval evaluates at least one example", at: "/benchmark_config/num_examples")
            }
            words.append("--limit=\(count)")
        }
        let generation = try Self.generationArguments(sampling)
        if !generation.isEmpty { words.append("--gen_kwargs=\(JSONValue.object(generation).text)") }
        if let systemMessage {
            guard !systemMessage.utf8.contains(0) else {
                throw EvaluationError(
                    .invalid, "holds a zero byte", at: "\(EvaluationError.candidatePointer)/system_message")
            }
            words.append("--system_instruction=\(systemMessage)")
        }
        return words
    }

    /// The key is not among them: it goes into the environment, where no list of processes shows it.
    private var modelArguments: JSONObject {
        var arguments: JSONObject = [
            "model": .string(model.name),
            "base_url": .string(model.url(of: task.endpoint == .chat ? .chat : .completion)),
            "num_concurrent": JSONValue(task.concurrency ?? model.limits.usualConcurrency),
            "max_retries": JSONValue(model.limits.maxRetries + 1),
            "timeout": JSONValue(max(1, Int((model.limits.timeout / .seconds(1)).rounded(.up)))),
        ]
        if let tokenizer = task.tokenizer {
            arguments["tokenizer_backend"] = "huggingface"
            arguments["tokenizer"] = .string(tokenizer)
        } else if task.endpoint == .completions {
            // Otherwise it would look for one by the model's name.
            arguments["tokenizer_backend"] = "none"
        }
        return arguments
    }

    /// The API's sampling parameters under the names that lm_eval has for them. Others stay as they are; they become
    /// members of the requests.
    static func generationArguments(_ sampling: JSONObject) throws(EvaluationError) -> JSONObject {
        let pointer = EvaluationError.candidatePointer
            .appending("sampling_params")
        var arguments: JSONObject = [:]
        for (name, value) in sampling.members where value != .null {
            switch name {
            case "strategy": break
            case "max_tokens":
                // Clients of Llama Stack write 0 for no limit of their own.
                if value.number?.int != 0 { arguments["max_gen_toks"] = value }
            case "stop": arguments["until"] = value.string == nil ? value : [value]
            case "repetition_penalty":
                if value.number?.double != 1 { arguments[name] = value }
            default: arguments[name] = value
            }
        }
        if let strategy = sampling["strategy"], strategy != .null {
            let members = try SamplingParameters.strategy(strategy, at: pointer.appending("strategy")).members
            // Parameters next to the strategy take precedence.
            for (name, value) in members where arguments[name] == nil { arguments[name] = value }
            if arguments["temperature"] == nil { arguments["temperature"] = 1 }
        }
        if let temperature = arguments["temperature"] {
            guard let number = temperature.number else {
                throw EvaluationError(
                    JSONPlace(temperature, at: pointer.appending("temperature")).fault("a number"))
            }
            // Answers that were drawn are not cached by lm_eval, which tells them by this.
            arguments["do_sample"] = .bool(number.double > 0)
        }
        return arguments
    }
}
