/// The place of a key among others: numbers by value, before texts, which are ordered by their bytes.
struct OrderedKey: Comparable, Sendable {
    /// The canonical JSON of the key.
    let text: String
    private let number: Double?

    init(_ text: String) {
        self.text = text
        let isNumber = text.utf8.first.map { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) } ?? false
        number = isNumber ? Double(text) : nil
    }

    static func < (one: OrderedKey, other: OrderedKey) -> Bool {
        switch (one.number, other.number) {
        case (let a?, let b?): a == b ? isBefore(one.text, other.text) : a < b
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): isBefore(one.text, other.text)
        }
    }

    static func == (one: OrderedKey, other: OrderedKey) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

    private static func isBefore(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}
