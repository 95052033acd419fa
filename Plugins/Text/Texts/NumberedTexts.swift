/// The texts of a row as sequences of numbers, of their words or characters: the answer, then the references.
struct NumberedTexts: ~Copyable {
    private var numbers = Buffer<UInt32>()
    private var ends = Buffer<Int>()

    var count: Int { ends.count }

    /// The numbers of a text. Valid until one is added.
    subscript(text: Int) -> ScalarSlice {
        ScalarSlice(rebasing: numbers.values[(text == 0 ? 0 : ends[text - 1])..<ends[text]])
    }

    mutating func removeAll() {
        numbers.removeAll()
        ends.removeAll()
    }

    /// Adds a number to the text that is not complete yet.
    @inline(__always)
    mutating func append(_ number: UInt32) { numbers.append(number) }

    /// Completes a text.
    mutating func endText() { ends.append(numbers.count) }

    /// Adds a text of `capacity` numbers at most; `body` writes them and returns how many they are.
    @inline(__always)
    mutating func appendText(capacity: Int, _ body: (ScalarSlice) -> Int) {
        numbers.append(capacity: capacity, body)
        endText()
    }
}

/// Numbers the characters of an answer from 0, in the order in which they occur first.
struct CharacterTable: ~Copyable {
    /// Which page has the scalars whose upper bits are the index; page 0 is that of scalars without a number.
    private var pages = Buffer<UInt32>()
    /// For each scalar of a page what it is: 0 if it has not occurred, a number plus 1, or `skipped`.
    private var entries = Buffer<UInt32>()
    private var occurred = Buffer<UInt32>()

    private static let pageBits: UInt32 = 8
    private static let skipped = UInt32.max

    init() {
        pages.fill(0x110000 >> Int(Self.pageBits), with: 0)
        entries.fill(1 << Int(Self.pageBits), with: 0)
    }

    @inline(__always)
    private func place(of value: UInt32) -> Int {
        Int(pages[Int(value >> Self.pageBits)] << Self.pageBits | value & ((1 << Self.pageBits) - 1))
    }

    private mutating func setEntry(_ entry: UInt32, of value: UInt32) {
        let page = Int(value >> Self.pageBits)
        if pages[page] == 0 {
            pages[page] = UInt32(entries.count >> Int(Self.pageBits))
            entries.append(capacity: 1 << Int(Self.pageBits)) { memory in
                memory.update(repeating: 0)
                return memory.count
            }
        }
        entries[place(of: value)] = entry
        occurred.append(value)
    }

    /// Adds the texts of a row as numbers of characters. A character that the answer does not have is `UInt32.max`.
    ///
    /// - Parameter keepsSpace: whether white space counts.
    mutating func number(_ texts: borrowing RowTexts, keepsSpace: Bool, into numbered: inout NumberedTexts) {
        var known: UInt32 = 0
        for index in 0..<texts.count {
            let text = texts[index]
            numbered.appendText(capacity: text.count) { made in
                var count = 0
                for value in text {
                    var entry = entries[place(of: value)]
                    if entry == 0 {
                        if !keepsSpace, value.isSpace {
                            entry = Self.skipped
                            setEntry(entry, of: value)
                        } else if index == 0 {
                            known += 1
                            entry = known
                            setEntry(entry, of: value)
                        }
                    }
                    made[count] = entry &- 1
                    count += entry == Self.skipped ? 0 : 1
                }
                return count
            }
        }
        for value in occurred.values { entries[place(of: value)] = 0 }
        occurred.removeAll()
    }
}
