/// The words by which `Sentences` decides.
enum SentenceTables {
    /// Abbreviations with their inner periods: titles, months and days, states, companies, initials in pairs. They are those
    /// that punkt learned from the Wall Street Journal of 1989, in NLTK's distribution, since a mark that it takes for the
    /// end of a sentence must end one here.
    static let abbreviations = Set(
        """
        a.a a.c a.d a.g a.h a.m a.m.e a.s a.t adm ala ariz aug ave b.f b.v bros c c.i.t c.o.m.b c.v calif chg cie co col colo
        conn corp cos ct d d.c d.h d.w dec dr e e.f e.h e.l e.m f f.g f.j feb fla fri ft g g.d g.f g.k ga gen h h.c h.f h.m
        i.m.s ill inc j.b j.c j.j j.k j.p j.r jan jr k kan ky l l.a l.f l.p lt ltd m m.b.a m.d.c m.j maj messrs mg mich minn
        mr mrs ms n n.c n.d n.h n.j n.m n.v n.y nev nov oct ok okla ore p p.a.m p.m pa ph.d prof r r.a r.h r.i r.j r.k r.t
        rep reps s s.a s.a.y s.c s.g s.p.a s.s sen sep sept sr st sw t t.j tenn tues u.k u.n u.s u.s.a u.s.s.r v va vs vt w
        w.c w.r w.va w.w wash wed wis yr
        """.split { $0 == " " || $0 == "\n" }.map(String.init))

    /// Function words of English that have a capital at the beginning of a sentence only: "in the U.S. The". Words that are
    /// common in titles ("All about Eve") are left out.
    static let usuallyLower = Set(
        """
        above according afterwards almost along already although always among anyone anything ask being
        beneath between beyond both but cannot despite does doing done either else enough even ever finally he
        hence her here hers herself him himself however i if in indeed inside instead into it least likewise
        many meanwhile mine moreover most myself neither nevertheless nonetheless nor nothing onto otherwise
        ours please put same separately similarly since so some someone sometimes somewhat soon still such the
        them themselves there thereafter therefore these they this though through throughout thus together
        tomorrow towards under unless unlike upon us very were when whenever whereas wherever whether which
        whichever while whole whom within without yes yesterday yet your yourself
        """.split { $0 == " " || $0 == "\n" }.map(String.init))

    static let longestWord = usuallyLower.reduce(0) { max($0, $1.unicodeScalars.count) }
}
