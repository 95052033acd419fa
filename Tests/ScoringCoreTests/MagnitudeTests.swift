import Testing

@testable import ScoringCore

@Suite("Whole numbers of any length")
struct MagnitudeTests {
    private func digits(_ text: String) -> [UInt8] { text.utf8.map { $0 - UInt8(ascii: "0") } }

    private func number(_ text: String, zeros: Int = 0) -> Magnitude { Magnitude(digits: digits(text), zeros: zeros) }

    @Test(
        "decimal digits become the number that they spell",
        arguments: [0, 1, 9, 10, 4_294_967_295, 4_294_967_296, .max])
    func spelling(value: Int) {
        #expect(number("\(value)") == Magnitude(value))
        #expect(number("000\(value)") == Magnitude(value))
        if value < 1 << 40 { #expect(number("\(value)", zeros: 3) == Magnitude(value * 1000)) }
    }

    @Test("no digits, or zeros only, are zero")
    func zero() {
        #expect(number("").isZero)
        #expect(number("0", zeros: 50).isZero)
        #expect(number("").distance(to: number("")).isZero)
    }

    @Test("digits and zeros beyond any machine word agree with products", arguments: [8, 9, 10, 17, 100, 999])
    func long(count: Int) {
        let power = number("1", zeros: count)
        #expect(power * power == number("1", zeros: 2 * count))
        // 99…9 is a power of ten less one.
        let nines = number(String(repeating: "9", count: count))
        #expect(nines + Magnitude(1) == power)
        #expect(power.distance(to: nines) == Magnitude(1))
        #expect(nines.distance(to: power) == Magnitude(1))
        #expect(nines < power && power > nines && !(power < power))
    }
}
