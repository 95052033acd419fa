import JSON

extension InferenceSession {
    /// A request as it is sent, with configured and discovered changes.
    public func adapted(_ request: InferenceRequest, to model: Model) -> InferenceRequest {
        let changes = service.adaptations.changes(for: model)
        var sent = request.adapted(to: model.parameters, changes)
        sent.changes = changes
        return sent
    }

    /// Sends a request. If the server refuses a member that can be omitted or renamed, changes all requests to the model and
    /// sends it again.
    ///
    /// This terminates, because each round adds a change, and the number of changes is limited.
    func askAdapting(
        _ request: InferenceRequest, of model: Model, for label: String,
        ask: (InferenceRequest) async -> Result<InferenceReply, InferenceError>
    ) async -> Result<InferenceReply, InferenceError> {
        while true {
            let sent = adapted(request, to: model)
            let result = await ask(sent)
            guard case .failure(var error) = result else {
                noteChanges(of: sent, model, label)
                return result
            }
            if error.isOutdated { continue }
            guard let said = error.serverError, let body = try? JSONValue(parsing: sent.body).object,
                let member = ParameterChange.refusedMember(by: said, in: body)
            else { return result }
            let isNew = await service.adaptations.add(for: model) { known in
                ParameterChange(refused: member, by: said, after: known)
            }
            // Another request may have discovered it while this one was in progress.
            if isNew != nil || service.adaptations.changes(for: model) != sent.changes { continue }
            error.message += Self.advice(onRefused: member)
            return .failure(error)
        }
    }

    /// Takes note of the changes that were made to a request.
    func noteChanges(of sent: InferenceRequest, _ model: Model, _ label: String) {
        for change in sent.appliedChanges {
            service.adaptations.tell(change, of: model)
            let adaptation = Adaptation(model: model.id, parameter: change.parameter, replacement: change.replacement)
            count(label) { $0.adaptations.insert(adaptation) }
        }
    }

    /// What a user can do about a refused member that must not be omitted automatically.
    private static func advice(onRefused member: String) -> String {
        let configuration = #""parameters": {"drop": ["\#(member)"]} in the model's configuration"#
        if member == "response_format" {
            return
                #"; to send requests without it, set "response_format": null in the function's params, or \#(configuration)"#
        }
        return "; to send requests without \(member), remove it from the parameters, or set \(configuration)"
    }
}
