/// The letters by which options are called in the scripts of the world, as places in the list of options from 0 on.
enum ChoiceLetters {
    /// The order of a script's letters. Letters that look like others have the place of what they look like: the Cyrillic
    /// `В` is taken for a B, unless the text has letters that show that its options are А, Б, В, Г.
    private static let orders: [String] = [
        "АБВГДЕЖЗИК", "ΑΒΓΔΕΖΗΘΙΚ", "أبجدهوزحطي", "אבגדהוזחטי", "কখগঘঙচছজঝঞ", "कखगघङचछजझञ",
        "กขคงจฉชซฌญ", "가나다라마바사아자차", "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ", "アイウエオカキクケコ", "あいうえおかきくけこ", "甲乙丙丁戊己庚辛壬癸",
        "કખગઘઙચછજઝઞ", "ਕਖਗਘਙਚਛਜਝਞ", "ಕಖಗಘಙಚಛಜಝಞ", "కఖగఘఙచఛజఝఞ",
    ]

    /// Letters in addition to these orders: other first letters of the alphabet, and characters typed instead.
    private static let others: [(letters: String, place: Int)] = [
        ("اإآٱ", 0), ("অ", 0), ("ব", 1), ("ড", 2), ("ঢ", 3), ("अ", 0), ("ब", 1), ("स", 2), ("द", 3), ("С", 2),
    ]

    /// Words that are letters.
    static let words: [String: Int] = ["الف": 0, "هـ": 4]

    private static let places: [UInt32: Int] = {
        var places: [UInt32: Int] = [:]
        for order in orders {
            for (place, scalar) in order.unicodeScalars.enumerated() { places[scalar.value] = place }
        }
        for (letters, place) in others {
            for scalar in letters.unicodeScalars { places[scalar.value] = place }
        }
        for (letter, place) in lookAlikes { places[letter.value] = place }
        return places
    }()

    /// Cyrillic letters of the order that look like Latin ones of another place.
    private static let lookAlikes: [Unicode.Scalar: Int] = ["В": 1, "Е": 4]
    private static let cyrillicPlaces: [Unicode.Scalar: Int] = ["В": 2, "Е": 5]

    /// The place of a letter; nil for what is not one. The letter is in upper case, and ASCII if it is Latin.
    static func place(of scalar: Unicode.Scalar, inCyrillicOrder: Bool) -> Int? {
        if scalar.value &- 0x41 < 26 { return Int(scalar.value) - 0x41 }
        if inCyrillicOrder, let place = cyrillicPlaces[scalar] { return place }
        return places[scalar.value]
    }

    /// Letters that show that options are in the order of the Cyrillic alphabet.
    static func showsCyrillicOrder(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "Б" || scalar == "Г" || scalar == "Д"
    }

    /// The plain letter that a scalar is a decorated form of, such as a full-width, circled or mathematical letter; and
    /// whether it stands as in brackets.
    static func plain(_ scalar: Unicode.Scalar) -> (scalar: Unicode.Scalar, isEnclosed: Bool) {
        let value = scalar.value
        func latin(_ index: UInt32, _ isEnclosed: Bool) -> (Unicode.Scalar, Bool) {
            (Unicode.Scalar(UInt8(0x41 + index % 26)), isEnclosed)
        }
        switch value {
        case 0xFF01...0xFF5E: return (Unicode.Scalar(value - 0xFEE0) ?? scalar, false)
        case 0x24B6...0x24E9: return latin(value - 0x24B6, true)
        case 0x249C...0x24B5: return latin(value - 0x249C, true)
        case 0x1F110...0x1F129: return latin(value - 0x1F110, true)
        case 0x1F130...0x1F149: return latin(value - 0x1F130, true)
        case 0x1F150...0x1F169: return latin(value - 0x1F150, true)
        case 0x1F170...0x1F189: return latin(value - 0x1F170, true)
        case 0x1D400...0x1D6A3: return latin(value - 0x1D400, false)
        default: return (scalar, false)
        }
    }

    /// The place of a number in a circle, in brackets or with a period, all one character: `②` is 1.
    static func placeOfEnclosedNumber(_ scalar: Unicode.Scalar) -> Int? {
        switch scalar.value {
        case 0x2460...0x2469: Int(scalar.value) - 0x2460
        case 0x2474...0x247D: Int(scalar.value) - 0x2474
        case 0x2488...0x2491: Int(scalar.value) - 0x2488
        case 0x2776...0x277F: Int(scalar.value) - 0x2776
        case 0x2780...0x2789: Int(scalar.value) - 0x2780
        case 0x278A...0x2793: Int(scalar.value) - 0x278A
        default: nil
        }
    }
}
