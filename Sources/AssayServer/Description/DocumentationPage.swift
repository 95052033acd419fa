import HTTPTypes
import JSON
import Reports

/// The description of the API as a self-contained page, without scripts or external fonts.
struct DocumentationPage {
    static let contentType = "text/html; charset=utf-8"

    let routes: [Route]

    var html: String {
        var html = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Assay: the API</title>
            <style>
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
            h2 { font-size: 1rem; font-family: ui-monospace, monospace; margin: 2rem 0 0; overflow-wrap: anywhere; }
            pre { background: #8881; padding: .75rem; overflow-x: auto; }
            :root { color-scheme: light dark; }
            </style>
            </head>
            <body>
            <main>
            <h1>Assay: the API</h1>
            <p>Machine-readable: <a href="openapi.json">openapi.json</a>. Errors are
            <code>{"error": {"message", "type", "code", "param"}}</code>.</p>

            """
        for route in routes {
            html += "<section>\n<h2>\(route.method.rawValue) \(escaped(route.template))</h2>\n"
            html += "<p>\(escaped(route.operation.summary))\(route.operation.isDeprecated ? " Deprecated." : "")</p>\n"
            for parameter in route.operation.query {
                html += "<p><code>\(escaped(parameter.name))</code>: \(escaped(parameter.description))</p>\n"
            }
            html += schema("Body", route.operation.request)
            html += schema("RouteResponse", route.operation.response)
            html += "</section>\n"
        }
        let schemas = Schemas.all.members.map { name, schema in
            "<section "
                + "id=\"\(escaped(name))\">\n<h2>\(escaped(name))</h2>\n<pre>\(escaped(schema.prettyText))</pre>\n</section>\n"
        }
        return html + "<h1>Shapes</h1>\n" + schemas.joined() + "</main>\n</body>\n</html>\n"
    }

    private func schema(_ title: String, _ name: String?) -> String {
        name.map { "<p>\(title): <a href=\"#\(escaped($0))\">\(escaped($0))</a></p>\n" } ?? ""
    }
}
