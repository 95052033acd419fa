import Foundation
import Inference
import JSON
import Testing

/// The configurations that Documentation/Models.md shows.
struct RecipeTests {
    private static let recipes: [String] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        guard let text = try? String(contentsOf: folder.appending(path: "Documentation/Models.md"), encoding: .utf8)
        else { return [] }
        return text.components(separatedBy: "```json\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
    }()

    @Test("there are recipes")
    func count() {
        #expect(Self.recipes.count >= 8)
    }

    @Test("a recipe is a valid configuration whose models can be asked once their keys are set", arguments: recipes)
    func recipe(_ text: String) throws {
        let models = try ModelConfiguration.models(in: try JSONValue(parsing: text), file: "Models.md")
        #expect(!models.isEmpty)
        let catalog = ModelCatalog(models) { _ in "a key of some length" }
        for model in models {
            let found = try catalog.find(model.id)
            #expect(found.id == model.id)
        }
    }
}
