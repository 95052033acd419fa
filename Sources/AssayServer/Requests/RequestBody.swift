import JSON

/// The body of a request, a JSON object: validated as a whole, and parsed where it is needed.
struct RequestBody: Sendable {
    /// With the padding behind it.
    fileprivate let bytes: [UInt8]
    fileprivate let outline: JSONOutline

    /// - Parameter bytes: the body, and `JSONParser.padding` zero bytes behind it.
    /// - Throws: if the body is not a JSON object.
    init(padded bytes: [UInt8]) throws(APIError) {
        self.bytes = bytes
        if bytes.count <= JSONParser.padding {
            throw .invalid("the request has no body; expected a JSON object", code: "invalid_json")
        }
        var parser = JSONParser()
        do throws(JSONError) {
            outline = try parser.outline(padded: bytes)
        } catch {
            throw .invalid("the body: \(error)", code: "invalid_json")
        }
        guard case .object = outline.parts else {
            throw .invalid("the body is not a JSON object", code: "invalid_json")
        }
    }

    /// The whole body.
    var root: Place { Place(body: self, pointer: JSONPointer(), outline: outline) }

    /// A value in the body.
    struct Place {
        private let body: RequestBody
        let pointer: JSONPointer
        private let outline: JSONOutline

        fileprivate init(body: RequestBody, pointer: JSONPointer, outline: JSONOutline) {
            self.body = body
            self.pointer = pointer
            self.outline = outline
        }

        /// The value as a tree.
        var value: JSONValue {
            // The body was checked whole, so that its parts are valid.
            (try? JSONValue(parsing: Array(body.bytes[outline.range]))) ?? .null
        }

        /// Whether it is an array.
        var isArray: Bool { if case .array = outline.parts { true } else { false } }

        /// The member `key`; nil if it is missing or null.
        func member(_ key: String) -> Place? {
            if case .whole = outline.parts { return outlined()?.member(key) }
            guard let member = outline[key] else { return nil }
            let isNull = body.bytes[member.range].elementsEqual("null".utf8)
            return isNull ? nil : Place(body: body, pointer: pointer.appending(key), outline: member)
        }

        /// The same object, whose parts are located; nil if it is not an object. The parts of a body are located down to the
        /// second level.
        private func outlined() -> Place? {
            let padding = [UInt8](repeating: 0, count: JSONParser.padding)
            guard let inner = try? RequestBody(padded: body.bytes[outline.range] + padding) else { return nil }
            return Place(body: inner, pointer: pointer, outline: inner.outline)
        }

        func required(_ key: String, _ expected: String) throws(APIError) -> Place {
            if let member = member(key) { return member }
            throw APIError(JSONPlace(.null, at: pointer).missing(key, expected))
        }

        func read<Value>(_ expectation: JSONExpectation<Value>) throws(APIError) -> Value {
            do throws(JSONFault) {
                return try JSONPlace(value, at: pointer).read(expectation)
            } catch {
                throw APIError(error)
            }
        }

        /// A valid identifier. U+FFFD, which stands for invalid UTF-8, is not allowed.
        func identifier() throws(APIError) -> String {
            let expected = "an identifier (a string of 1 to 1024 characters, without control characters or U+FFFD)"
            let text = try read(.text(expected))
            guard (1...1024).contains(text.unicodeScalars.count),
                text.unicodeScalars.allSatisfy({
                    $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0xFFFD
                })
            else {
                throw .invalid(
                    "\(pointer): expected \(expected)", code: "invalid_identifier", at: pointer.description)
            }
            return text
        }

        /// An identifier; nil for an empty string, which some clients send instead of omitting the member.
        func optionalIdentifier() throws(APIError) -> String? {
            value.string == "" ? nil : try identifier()
        }

        /// An object that is stored, or that configures scorers: metadata or parameters. It is held in memory as a tree and
        /// returned in lists, and each of its regular expressions uses kilobytes when it is compiled.
        ///
        /// - Throws: if it is larger, or has more regular expressions, than allowed.
        func limitedObject(
            _ limits: ServerConfiguration, _ expected: String = "an object"
        ) throws(APIError) -> JSONObject {
            if outline.range.count > limits.maxMetadataSize {
                throw .tooLarge(
                    "\(pointer): \(outline.range.count) bytes are more than the \(limits.maxMetadataSize) that are "
                        + "allowed",
                    at: pointer.description)
            }
            let object = try read(.object(expected))
            let patterns = JSONValue.object(object).patternCount
            if patterns > limits.maxPatterns {
                throw .tooLarge(
                    "\(pointer): \(patterns) regular expressions are more than the \(limits.maxPatterns) that are "
                        + "allowed",
                    at: pointer.description)
            }
            return object
        }

        /// An array of objects, the rows.
        func rows(limit: Int) throws(APIError) -> RequestRows {
            guard case .array(let count, let objects) = outline.parts else {
                throw APIError(JSONPlace(value, at: pointer).fault("an array of objects, the rows"))
            }
            if count > limit {
                throw .tooLarge("\(pointer): \(count) rows are more than the \(limit) that are allowed")
            }
            if objects.count < count {
                let place = pointer.appending(objects.count)
                throw .invalid(
                    "\(place): each row must be an object", code: "invalid_shape", at: place.description)
            }
            return RequestRows(bytes: body.bytes, range: outline.range, starts: objects)
        }
    }
}

extension APIError {
    init(_ fault: JSONFault) {
        self = .invalid(fault.description, code: "invalid_shape", at: fault.pointer.description)
    }
}

extension JSONValue {
    /// The number of its regular expressions: the elements of all arrays with the name of a pattern list.
    var patternCount: Int {
        switch self {
        case .object(let object):
            object.members.reduce(0) { count, member in
                let isList = member.key.hasSuffix("regexes") || member.key.hasSuffix("patterns")
                return count
                    + (isList ? member.value.array?.count ?? member.value.patternCount : member.value.patternCount)
            }
        case .array(let array): array.reduce(0) { $0 + $1.patternCount }
        default: 0
        }
    }
}
