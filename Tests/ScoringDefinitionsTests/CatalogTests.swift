import JSON
import Testing

@testable import ScoringDefinitions

struct CatalogTests {
    @Test("all definitions are found, in folders of any depth, one to a file or many")
    func loading() throws {
        let folder = try TemporaryFolder([
            ("b.json", definition("basic::b")),
            ("deep/er/a.json", "[\(definition("basic::a")), \(definition("basic::c"))]"),
            ("none.json", "[]"),
            ("deep/notes.txt", "no JSON"),
        ])
        let catalog = DefinitionCatalog(folders: [folder.path + "/"])
        #expect(catalog.errors == [])
        #expect(catalog.identifiers == ["basic::a", "basic::b", "basic::c"])
        #expect(catalog["basic::b"]?.origin == "\(folder.path)/b.json")
        #expect(catalog["basic::c"]?.origin == "\(folder.path)/deep/er/a.json")
        #expect(catalog["basic::d"] == nil)
    }

    @Test("a bad file keeps neither other files nor its own good definitions from loading")
    func badFiles() throws {
        let folder = try TemporaryFolder([
            ("broken.json", "{\"identifier\": \"a::b\",\n  \"return_type\": oops}"),
            ("empty.json", ""),
            ("good.json", definition("basic::good")),
            ("some.json", "[\(definition("basic::some")), 5, {\"return_type\": {\"type\": \"x\"}}]"),
        ])
        let catalog = DefinitionCatalog(folders: [folder.path])
        #expect(catalog.identifiers == ["basic::good", "basic::some"])

        let messages = catalog.errors.map(\.description)
        try #require(messages.count == 5)
        #expect(
            messages[0].hasPrefix("\(folder.path)/broken.json: line 2, column 18: found text that is not valid JSON"))
        #expect(messages[0].hasSuffix("; expected the definition of a scoring function, or an array of definitions"))
        #expect(messages[1].hasPrefix("\(folder.path)/empty.json: "))
        #expect(messages[1].contains("found text that is not valid JSON: "))
        #expect(
            messages[2...] == [
                "\(folder.path)/some.json: /1: found 5; expected the definition of a scoring function, an object",
                #"\#(folder.path)/some.json: /2/identifier: found nothing; expected PROVIDER::NAME"#,
                #"\#(folder.path)/some.json: /2/return_type/type: found "x"; expected one of string, number, boolean, "#
                    + "array, object, json, union, chat_completion_input, completion_input, agent_turn_input",
            ])
    }

    @Test("of two definitions with one identifier the first stays, and both files are named")
    func duplicates() throws {
        let first = try TemporaryFolder([
            ("a.json", definition("basic::x", resource: "1")),
            ("a/a.json", definition("basic::x", resource: "2")),
        ])
        let second = try TemporaryFolder([
            ("0.json", "[\(definition("basic::y")), \(definition("basic::x", resource: "3"))]")
        ])
        let catalog = DefinitionCatalog(folders: [first.path, second.path])
        #expect(catalog["basic::x"]?.providerResourceID == "1")
        #expect(catalog["basic::y"] != nil)
        let rest =
            "found \"basic::x\", which \(first.path)/a.json defines already; "
            + "expected one definition for each identifier"
        #expect(
            catalog.errors.map(\.description) == [
                "\(first.path)/a/a.json: /identifier: \(rest)", "\(second.path)/0.json: /1/identifier: \(rest)",
            ])
    }

    @Test("links are followed, but not in circles")
    func links() throws {
        let other = try TemporaryFolder([("x.json", definition("basic::x"))])
        let folder = try TemporaryFolder([("y.json", definition("basic::y"))])
        try folder.link("in/circle", to: folder.path)
        try folder.link("other", to: other.path)
        let catalog = DefinitionCatalog(folders: [folder.path])
        #expect(catalog.errors == [])
        #expect(catalog.identifiers == ["basic::x", "basic::y"])
    }

    @Test("what cannot be read is an error, not a silence")
    func unreadable() throws {
        let folder = try TemporaryFolder([("exact.json", definition("a::b")), ("large.json", "{}")])
        try folder.link("dangling.json", to: "/nowhere")
        try folder.makePipe("pipe.json")
        try folder.extend("large.json", to: DefinitionFile.maximumSize + 1)
        let catalog = DefinitionCatalog(folders: [folder.path, folder.path + "/nowhere"])
        #expect(catalog.identifiers == ["a::b"])
        let expected = "expected a file of at most 16 MiB"
        #expect(
            catalog.errors.map(\.description) == [
                "\(folder.path)/dangling.json: found no readable file (No such file or directory); \(expected)",
                "\(folder.path)/large.json: found 16777217 bytes; \(expected)",
                "\(folder.path)/pipe.json: found a FIFO; \(expected)",
                "\(folder.path)/nowhere: found no readable folder (No such file or directory); "
                    + "expected a folder of definitions",
            ])
    }

    @Test("a file of the largest size is read")
    func largest() throws {
        let size = DefinitionFile.maximumSize
        let text = definition("a::b")
        let folder = try TemporaryFolder([
            ("a.json", text + String(repeating: " ", count: size - text.utf8.count))
        ])
        let file = DefinitionFile(path: folder.path + "/a.json")
        #expect(file.errors == [])
        #expect(file.functions.map(\.identifier) == ["a::b"])
    }

    @Test(
        "an unknown identifier is answered with similar ones",
        arguments: [
            ("basic::equalty", #"; did you mean "basic::equality"?"#),
            ("equality", #"; did you mean "basic::equality"?"#),
            ("old-provider::equality", #"; did you mean "basic::equality"?"#),
            ("Basic::Subset-Of", #"; did you mean "basic::subset_of"?"#),
            ("subsetof", #"; did you mean "basic::subset_of"?"#),
            ("judge::rating_4", #"; did you mean "judge::rating_1", "judge::rating_2" or "judge::rating_3"?"#),
            ("judge::rating2", #"; did you mean "judge::rating_2", "judge::rating_1" or "judge::rating_3"?"#),
            ("something::else", ""),
            ("", ""),
        ])
    func unknown(identifier: String, hint: String) throws {
        let folder = try TemporaryFolder([
            (
                "all.json",
                "["
                    + [
                        "basic::equality", "basic::subset_of", "judge::rating_1", "judge::rating_2", "judge::rating_3",
                        "judge::rating_55",
                    ].map { definition($0) }.joined(separator: ", ") + "]"
            )
        ])
        let catalog = DefinitionCatalog(folders: [folder.path])
        let error = #expect(throws: UnknownFunction.self) { try catalog.find(identifier) }
        #expect(
            error?.description
                == "there is no scoring function \"\(identifier)\"\(hint)")
    }

    @Test("a known identifier is found")
    func known() throws {
        let folder = try TemporaryFolder([("a.json", definition("basic::a"))])
        let catalog = DefinitionCatalog(folders: [folder.path])
        #expect(try catalog.find("basic::a") == catalog["basic::a"])
    }

    private func definition(_ identifier: String, resource: String = "r") -> String {
        """
        {"identifier": "\(identifier)", "provider_resource_id": "\(resource)", "return_type": {"type": "number"}}
        """
    }

    @Test("links that lead to very many files are not followed without end")
    func manyFiles() throws {
        let folder = try TemporaryFolder()
        for index in 0..<20 { try folder.write("{}", to: "a/\(index).json") }
        try folder.link("b", to: "../a")
        #expect(DefinitionFolder(path: folder.path, limit: 100).files.count == 20)
        let refused = DefinitionFolder(path: folder.path, limit: 10)
        #expect(refused.files.isEmpty && refused.errors.count == 1)
        #expect("\(refused.errors)".contains("more than 10 files"))
    }
}
