import JSON
import Store

extension InferenceSession {
    /// Embeds texts with a model. Each text is sent at most once in a run, several of them in one request, and its vector is
    /// stored in the cache by itself.
    ///
    /// - Parameter label: the name under which the requests are counted.
    /// - Returns: a vector for each text, all of the same length.
    public func embed(
        _ texts: [String], of model: Model, for label: String
    ) async throws(InferenceError) -> [[Double]] {
        var vectors: [ExactText: [Double]] = [:]
        var seen: Set<ExactText> = []
        var missing = texts.filter { seen.insert(ExactText($0)).inserted }
        while !missing.isEmpty {
            let claim = withEmbeddings { $0.claim(missing, of: model.id) }
            vectors.merge(claim.known) { $1 }
            if !claim.own.isEmpty {
                let result = await embedOnce(claim.own, of: model, for: label)
                let found = (try? result.get()) ?? [:]
                for waiter in withEmbeddings({ $0.finish(claim.own, of: model.id, found) }) { waiter.resume() }
                vectors.merge(try result.get()) { $1 }
            }
            for text in claim.others {
                await withCheckedContinuation { waiter in
                    let isWaiting = withEmbeddings { $0.wait(for: text, of: model.id, waiter) }
                    if !isWaiting { waiter.resume() }
                }
            }
            missing = claim.others
        }
        var all: [[Double]] = []
        for text in texts {
            guard let vector = vectors[ExactText(text)], all.isEmpty || vector.count == all[0].count else {
                throw InferenceError(.badReply, "\(model): its vectors have different lengths")
            }
            all.append(vector)
        }
        return all
    }

    /// The most texts of a request, and their bytes: servers limit both.
    private static let batch = (texts: 256, bytes: 256 << 10)

    private func embedOnce(
        _ texts: [String], of model: Model, for label: String
    ) async -> Result<[ExactText: [Double]], InferenceError> {
        let keys = texts.map { ReplyKey(embeddingRequest([$0]).adapted(to: model.parameters), of: model) }
        let stored = service.cache.flatMap { try? $0.replies(for: keys) } ?? [:]
        var vectors: [ExactText: [Double]] = [:]
        var missing: [(text: String, key: ReplyKey)] = []
        for (text, key) in zip(texts, keys) {
            let reply = stored[key].map { InferenceReply($0, to: .embedding, of: model) }
            if let reply, let vector = reply.vectors()?.first {
                vectors[ExactText(text)] = vector
                countStored(reply, embeddingRequest([text]), under: key, of: model, for: label)
            } else {
                missing.append((text, key))
            }
        }
        // In a batch, each text is a request of its own.
        let left = missing.compactMap { entry in
            answerOfBatch(
                to: embeddingRequest([entry.text]).adapted(to: model.parameters), of: model, entry.key, for: label)
        }
        if case .failure(let error)? = left.first {
            let wasAsked = error.code != .notAsked
            count(label) { $0.addFailure(of: model, wasAsked: wasAsked) }
            return .failure(error)
        }
        while !missing.isEmpty {
            var size = 0
            let batch = missing.prefix(Self.batch.texts).prefix { entry in
                size += entry.text.utf8.count
                return size <= Self.batch.bytes
            }
            let part = Array(batch.isEmpty ? missing.prefix(1) : batch)
            missing.removeFirst(part.count)
            do throws(InferenceError) {
                for (text, vector) in try await send(part, of: model, for: label) { vectors[ExactText(text)] = vector }
            } catch {
                return .failure(error)
            }
        }
        return .success(vectors)
    }

    private func embeddingRequest(_ texts: [String]) -> InferenceRequest {
        let input = JSONValue.object(["input": .array(texts.map(JSONValue.string))])
        return InferenceRequest(operation: .embedding, body: input.text)
    }

    /// Sends texts that are in no cache, and stores the vector of each.
    private func send(
        _ texts: [(text: String, key: ReplyKey)], of model: Model, for label: String
    ) async throws(InferenceError) -> [(String, [Double])] {
        let request = embeddingRequest(texts.map(\.text))
        do throws(InferenceError) {
            let result = await askAdapting(request, of: model, for: label) { request in
                await self.askRepeatedly(request, of: model, for: label)
            }
            let reply = try result.get()
            guard let vectors = reply.vectors(), vectors.count == texts.count else {
                throw InferenceError(
                    .badReply, "\(model): its reply does not have a vector for each of \(texts.count) texts")
            }
            count(label) { $0.addAnswer(reply) }
            await store(reply, texts.map(\.key), of: model)
            return Array(zip(texts.map(\.text), vectors))
        } catch {
            let wasAsked = error.code != .notAsked && error.code != .cancelled
            count(label) { $0.addFailure(of: model, wasAsked: wasAsked) }
            throw error
        }
    }

    private func store(_ reply: InferenceReply, _ keys: [ReplyKey], of model: Model) async {
        guard let cache = service.cache, let items = (try? JSONValue(parsing: reply.response))?["data"]?.array else {
            return
        }
        for (position, item) in items.enumerated() {
            let index = item["index"]?.number?.int ?? position
            guard keys.indices.contains(index), let vector = item["embedding"] else { continue }
            let own: JSONValue = ["data": [["index": 0, "embedding": vector]]]
            do throws(StoreError) {
                _ = try await cache.store(
                    StoredReply(model: model.name, text: nil, response: own.text, inputTokens: nil, outputTokens: nil),
                    for: keys[index], replaces: false)
            } catch {
                service.warn(error)
            }
        }
    }
}
