/// An identifier that no other has: random hexadecimal digits.
///
/// - Parameter digits: at most 32.
func randomIdentifier(digits: Int = 32) -> String {
    let text = String(UInt128.random(in: 0...UInt128.max), radix: 16)
    return String((String(repeating: "0", count: 32 - text.count) + text).suffix(digits))
}
