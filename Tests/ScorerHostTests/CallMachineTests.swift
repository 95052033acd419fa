import Testing

@testable import ScorerHost

@Suite("The state of a call")
struct CallMachineTests {
    private static func request(_ tag: UInt64) -> ModelRequest { ModelRequest(tag: tag, role: "judge", json: "{}") }

    /// What happens to a call, and what is to follow from it.
    enum Event {
        case start
        case open(UInt64, taken: Bool)
        case close(UInt64, wanted: Bool)
        case returned(Int32, CallMachine.Action)
        case end
    }

    struct Sequence: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var events: [Event]
        var isOpen: Bool

        init(_ description: String, _ events: [Event], isOpen: Bool = true) {
            testDescription = description
            self.events = events
            self.isOpen = isOpen
        }
    }

    private static let wantsNothing = CallMachine.Action.fail(.nothingAsked)

    @Test(
        "each step leads to one action",
        arguments: [
            Sequence("nothing yet", [], isOpen: false),
            Sequence("started", [.start]),
            Sequence("done at once", [.start, .returned(0, .finish), .end], isOpen: false),
            Sequence("done, whatever is open", [.start, .open(1, taken: true), .returned(0, .finish)]),
            Sequence("waits for nothing", [.start, .returned(1, wantsNothing)]),
            Sequence(
                "waits for what it has asked",
                [.start, .open(2, taken: true), .open(1, taken: true), .returned(1, .wait([request(2), request(1)]))]),
            Sequence(
                "waits for the rest, asking nothing new",
                [
                    .start, .open(1, taken: true), .open(2, taken: true),
                    .returned(1, .wait([request(1), request(2)])),
                    .close(2, wanted: true), .returned(1, .wait([])), .close(1, wanted: true),
                    .returned(1, wantsNothing),
                ]),
            Sequence(
                "asks more in a later step",
                [
                    .start, .open(1, taken: true), .returned(1, .wait([request(1)])), .close(1, wanted: true),
                    .open(2, taken: true), .returned(1, .wait([request(2)])), .close(2, wanted: true),
                    .returned(0, .finish),
                ]),
            Sequence(
                "an open tag is not taken twice",
                [
                    .start, .open(1, taken: true), .open(1, taken: false), .returned(1, .wait([request(1)])),
                    .open(1, taken: false), .close(1, wanted: true), .open(1, taken: true),
                    .returned(1, .wait([request(1)])),
                ]),
            Sequence(
                "a reply counts once",
                [
                    .start, .open(1, taken: true), .close(2, wanted: false), .close(1, wanted: true),
                    .close(1, wanted: false),
                ]),
            Sequence("no reply before the start", [.open(1, taken: true), .close(1, wanted: false)], isOpen: false),
            Sequence(
                "no reply after the end", [.start, .open(1, taken: true), .end, .close(1, wanted: false)], isOpen: false
            ),
            Sequence(
                "a new start forgets the last call",
                [
                    .start, .open(1, taken: true), .end, .start, .close(1, wanted: false), .open(1, taken: true),
                    .returned(1, .wait([request(1)])),
                ]),
            Sequence(
                "gives up",
                [
                    .start, .open(1, taken: true),
                    .returned(-5, .fail(.gaveUp(-5))),
                ]
            ),
        ])
    func sequences(sequence: Sequence) {
        var machine = CallMachine()
        for (index, event) in sequence.events.enumerated() {
            switch event {
            case .start: machine.start()
            case .open(let tag, let taken): #expect(machine.open(Self.request(tag)) == taken, "event \(index)")
            case .close(let tag, let wanted): #expect(machine.close(tag) == wanted, "event \(index)")
            case .returned(let status, let action): #expect(machine.returned(status) == action, "event \(index)")
            case .end: machine.end()
            }
        }
        #expect(machine.isOpen == sequence.isOpen)
    }

    @Test(
        "every status of a scorer that gives up has words",
        arguments: [
            (-1, "invalid argument (-1)"), (-2, "not supported (-2)"), (-3, "cancelled (-3)"), (-4, "timed out (-4)"),
            (-5, "out of resources (-5)"), (-6, "internal error (-6)"), (-7, "version mismatch (-7)"),
            (-8, "status -8"), (2, "status 2"), (.max, "status 2147483647"),
        ] as [(Int32, String)])
    func statuses(status: Int32, words: String) {
        var machine = CallMachine()
        machine.start()
        #expect(machine.returned(status) == .fail(.gaveUp(status)))
        #expect(UnscoredReason.gaveUp(status).description == "the scorer failed on the batch: \(words)")
    }
}
