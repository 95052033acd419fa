import ScoringCore
import TestSupport
import Testing

@Suite struct NumberTextTests {
    // The expected texts are those of Python's repr.
    @Test(
        "Numbers are written as Python writes them",
        arguments: [
            (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (-1.0, "-1.0"), (7.5, "7.5"), (0.37, "0.37"),
            (1 / 3, "0.3333333333333333"), (0.1 + 0.2, "0.30000000000000004"), (1991.0, "1991.0"),
            (0.0001, "0.0001"), (0.00012345, "0.00012345"), (0.00001, "1e-05"), (-0.000012345, "-1.2345e-05"),
            (1e-10, "1e-10"), (1e-100, "1e-100"), (123456789.0, "123456789.0"),
            (1e15, "1000000000000000.0"), (9007199254740991.0, "9007199254740991.0"),
            (9007199254740992.0, "9007199254740992.0"), (-9007199254740994.0, "-9007199254740994.0"),
            (9999999999999998.0, "9999999999999998.0"), (1e16, "1e+16"),
            (10000000000000002.0, "1.0000000000000002e+16"), (18014398509481984.0, "1.8014398509481984e+16"),
            (1e17, "1e+17"), (1e22, "1e+22"), (1e23, "1e+23"), (-1.5e300, "-1.5e+300"),
            (.leastNonzeroMagnitude, "5e-324"), (.leastNormalMagnitude, "2.2250738585072014e-308"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (.nan, "nan"), (-.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf"),
        ] as [(Double, String)])
    func pythonDescription(number: Double, text: String) {
        #expect(number.pythonDescription == text)
    }

    @Test("The written number reads back as the same number")
    func roundTrip() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<20_000 {
            let number = generator.finiteDouble()
            #expect(Double(decimalText: number.pythonDescription)?.bitPattern == number.bitPattern)
        }
    }

    @Test(
        "A plain decimal number in a text is read",
        arguments: [
            ("7", 7), ("7.5", 7.5), ("+3", 3), ("-3", -3), (".5", 0.5), ("7.", 7), ("-.5", -0.5), ("1e2", 100),
            ("1E+2", 100), ("1.5e-1", 0.15), ("007", 7), ("-0", -0.0), ("1e-999", 0), ("0.1", 0.1),
            (" 7 ", 7), ("\t7\r\n", 7), ("\u{a0}7\u{3000}", 7),
            ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
            ("9007199254740993", 0x1p53), ("2.2250738585072011e-308", .leastNormalMagnitude.nextDown),
        ] as [(String, Double)])
    func readable(text: String, number: Double) {
        #expect(Double(decimalText: text)?.bitPattern == number.bitPattern)
    }

    @Test(
        "A text that is no plain decimal number is not read as one",
        arguments: [
            "", " ", "\n", ".", "+", "-", "e5", ".e5", "1e", "1e+", "1.2.3", "--1", "+-1", "- 1", "1 2", "1,000",
            "1_000", "0x10", "0x1p3", "inf", "-inf", "Infinity", "nan", "NaN", "1e999", "7/10", "7%", "seven", "7\0",
            "٣", "７", "½", "7 out of 10", "\"7\"", "true", "1d5", "1f",
        ])
    func unreadable(text: String) {
        #expect(Double(decimalText: text) == nil)
    }
}
