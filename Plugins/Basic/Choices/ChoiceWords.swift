/// The words, in lower case, by which answers to questions of multiple choice are stated.
enum ChoiceWords {
    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    /// Words behind which the answer stands: "Answer: B", "Die Antwort lautet B".
    static let labels = words(
        """
        answer ans option choice solution letter alternative pick selection verdict conclusion result guess \
        antwort lösung option auswahl antwoord réponse reponse solution choix respuesta opción opcion alternativa \
        resposta opção risposta opzione scelta svar vastaus odpowiedź odpověď odpoveď válasz răspuns raspuns vastus \
        atsakymas atbilde odgovor ответ ответа вариант відповідь варіант отговор одговор απάντηση cevap yanıt şık cavab jawaban \
        jawapan jibu idahun ìdáhùn idáhùn àmọ̀nà àdáhùn ànúgọ àṣàyàn amsa azịza impendulo án \
        الإجابة الاجابة إجابة اجابة الجواب جواب الخيار پاسخ گزینه גواب תשובה התשובה \
        उत्तर जवाब উত্তর জবাব ਉੱਤਰ જવાબ ఉత్తరం సమాధానం பதில் விடை ಉತ್ತರ ഉത്തരം
        """)

    /// The same in scripts without spaces between words, where they are parts of longer runs.
    static let spacelessLabels = [
        "答案", "答え", "回答", "解答", "正解", "答复", "答覆", "答曰", "正答", "정답", "답변", "답은", "답", "คำตอบ", "ตอบ", "အဖြေ",
    ]
    static let spacelessChoosing = ["故选", "应选", "選擇", "选择", "所以选", "因此选", "我选", "選", "选"]
    /// Runs that look as if they stated an answer, but name an option or the question.
    static let spacelessOthers = ["选项", "選項", "选择题", "選擇題", "候选"]
    static let spacelessNegations = ["不", "非", "没", "沒", "無", "错", "錯", "誤", "ない", "아니", "않", "틀", "ไม่"]
    static let spacelessPositives = ["正确", "正確", "正しい", "正解", "对的", "對的", "정답", "맞", "옳", "ถูก"]

    /// Words between a label and the answer that state it.
    static let copulas = words(
        """
        is are was be would should must 's it's equals namely ist lautet wäre sei est sera es será seria é è sarà är er on \
        jest je este olur dir είναι sind sont son sono são zijn это є е هي هو است है adalah ialah yaitu là ni bụ היא הוא
        """)

    /// Those of them that more than one option needs.
    static let plurals = words("are were sind sont son sono são zijn")

    /// Words behind a label and a letter that complete the statement.
    static let completions = words("है हैं হল হলো şıkkıdır şıkkı seçeneğidir seçeneği dır dir")

    /// Words between a label and the answer that say nothing about which it is.
    static let fillers = words(
        """
        the a an my our your option choice answer letter number best correct right final most likely probably clearly \
        definitely certainly therefore thus hence then indeed simply just only statement alternative one as follows here \
        die der das den richtige korrekte option buchstabe antwort folgende la le el les los il lo l' lettre lettera letra \
        réponse opción opção opzione alternativa respuesta resposta correcte correcta corretta correta bonne buena final \
        finale o os de het optie juiste goede rätt alternativ вариант буква правильный правильный ответ вариантом под \
        буквой الخيار الصحيح الصحيحة النهائية هي הנכונה האות सही विकल्प সঠিক pilihan huruf yang benar đáp đúng sıkkı \
        şıkkı seçeneği doğru likely: so that
        """)

    /// Words that make a statement its contrary, between a label and the answer, or before or behind it.
    static let negations = words(
        """
        not isn't wasn't aren't isnt n't never neither nor cannot can't don't doesn't didn't shouldn't couldn't wouldn't \
        unlikely except nicht kein keine keinesfalls pas jamais não nunca jamás non mai inte ikke ei nie не нет ni \
        ليس ليست لا نहीं नहीं নয় bukan tidak không değil לא niet geen neither
        """)

    /// Words behind "is" that say that an option is wrong.
    static let negatives = words(
        """
        wrong incorrect false impossible unlikely excluded eliminated invalid out falsch inkorrekt faux fausse incorrecte \
        incorrecto incorrecta falso falsa sbagliata sbagliato errado errada неверно неправильный salah yanlış خطأ गलत ভুল
        """)

    /// Words behind "is" that say that an option is the answer.
    static let positives = words(
        """
        correct right best answer solution choice accurate richtig richtige korrekt korrekte antwort correcte juste bonne \
        réponse correcta correcto respuesta corretta corretto giusta risposta correta correto certa resposta правильный \
        правильно верный верно правильным верным ответ juist riktig rätt poprawna doğru benar đúng الصحيحة صحيح सही সঠিক
        """)

    /// Words that choose: "I would go with B".
    static let choosing = words(
        """
        choose chose chosen guess choosing pick picked picking select selected selecting selects chooses picks elect wähle \
        wählen nehme choisis choisir elijo elegir escojo scelgo escolho выбираю выберу seçiyorum memilih pilih chọn kies \
        väljer vælger velger wybieram
        """)

    /// Pairs of words that choose.
    static let choosingPairs: Set<String> = [
        "go with", "going with", "went with", "opt for", "opting for", "settle on", "must be", "should be", "has to",
        "it is",
        "leaves us", "leaving us", "leaves only", "leaving only", "leaning towards", "lean towards", "lean toward",
        "that leaves", "which leaves", "go for", "going for",
    ]

    /// Words behind which a letter that ends its sentence is the answer: "so B.", "Therefore, C".
    static let concluding = words(
        """
        so thus hence therefore → actually it's its that's wait rather but sondern also daher deshalb folglich donc alors \
        entonces luego quindi dunque portanto logo então поэтому значит следовательно итак därför altså dus jadi maka
        """)

    /// Words that make of a statement a guess.
    static let hedges = words(
        "could might may perhaps maybe possibly könnte vielleicht pourrait podría potrebbe poderia")

    /// Words before a statement, in its clause, that take it back or make it a condition.
    static let takingBack = words(
        """
        not isn't wasn't never don't doesn't didn't can't cannot won't wouldn't couldn't unlikely doubt nicht nie ne pas \
        não ليس не if whether assume assuming suppose supposing unless wenn falls если اگر إذا say says claim claims \
        claimed
        """)

    /// Words that begin another clause.
    static let clauseStarts = words(
        "but and so because since as then thus hence therefore aber denn weil mais car pero porque")

    /// Words that join two answers.
    static let conjunctions = words(
        "or and oder und ou et y e o u eller och og или и либо أو و या और বা এবং atau dan ya veya ve ή και of en hoặc lub i"
    )

    /// Words that may follow a letter that is also a word, an article or "I", where it is the answer.
    static let reasons = words(
        """
        because since as for which that with when due given and or but is was per by based: porque pues ya weil da denn \
        car puisque parce perché poiché pois потому так karena
        """)

    /// Words that repeat what follows: "B or maybe C".
    static let alternatives = words("maybe possibly perhaps even option choice answer either the both also vielleicht")
}
