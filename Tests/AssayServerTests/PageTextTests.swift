import Reports
import Testing

@Suite("How pages write things")
struct PageTextTests {
    @Test(
        "a number that is too long is rounded, and never cut",
        arguments: [
            (7.0, "7"), (0.125, "0.125"), (-5.617791046444737e306, "-5.6e306"), (1_234_567_890_123, "1.235e12"),
            (1.0 / 3, "0.333333"), (123_456.789, "123456.8"), (-1e-300, "-1e-300"), (12_345_678, "12345678"),
            (-123_456_789, "-1.235e8"), (.greatestFiniteMagnitude, "1.8e308"),
        ])
    func short(number: Double, text: String) {
        #expect(PageText.short(number, 8) == text)
    }
}
