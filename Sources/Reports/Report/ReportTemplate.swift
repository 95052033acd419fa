/// The templates of a report that the server's pages do not have.
enum ReportTemplate: String, CaseIterable {
    case reportFrame, report, unscored, slices, judges, changes, cost, making

    var text: String {
        switch self {
        case .reportFrame: Self.frameText
        case .report: Self.reportText
        case .unscored: Self.unscoredText
        case .slices: Self.slicesText
        case .judges: Self.judgesText
        case .changes: Self.changesText
        case .cost: Self.costText
        case .making: Self.makingText
        }
    }

    static let policy =
        "default-src 'none'; style-src '\(PageStyle.digest)'; script-src '\(RowFilterScript.digest)'; img-src data:; "
        + "base-uri 'none'; form-action 'none'"

    private static let frameText = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="{{policy}}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <title>{{title}} – Assay</title>
        <link rel="icon" href="data:,">
        <style>{{{style}}}</style>
        </head>
        <body class="report">
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top"><div>
        <span class="brand">Assay</span>
        <nav aria-label="Parts of the report"><ul>
        {{#contents}}<li><a href="#{{anchor}}">{{name}}</a></li>
        {{/contents}}</ul></nav>
        </div></header>
        <main id="main" tabindex="-1">
        {{{body}}}
        </main>
        <footer class="bottom">Assay {{version}}. {{footer}}</footer>
        {{#hasScript}}<script>{{{script}}}</script>{{/hasScript}}
        </body>
        </html>

        """

    private static let reportText = """
        <p class="soft">{{kind}}</p>
        <h1><bdi>{{name}}</bdi>{{#against}} <span class="soft">against</span> <bdi>{{against}}</bdi>{{/against}}</h1>
        {{#head}}{{> messages}}{{/head}}
        <dl class="facts">
        {{#facts}}<div><dt>{{label}}</dt><dd>{{#values}}<bdi>{{.}}</bdi><br>{{/values}}</dd></div>
        {{/facts}}</dl>
        <section aria-labelledby="numbers"><div class="heading"><h2 id="numbers">The numbers</h2></div>
        {{#comparison}}{{> comparison}}{{/comparison}}
        {{#plainNumbers}}{{> numbers}}{{/plainNumbers}}
        </section>
        {{> unscored}}
        {{#changed}}{{> changes}}{{/changed}}
        <section class="detail" aria-labelledby="scores"><div class="heading"><h2 id="scores">Distribution of scores</h2></div>
        {{#scores}}{{> scores}}{{/scores}}
        {{#moreScores}}<p class="soft">{{moreScores}}</p>{{/moreScores}}
        </section>
        {{> slices}}
        {{> judges}}
        {{#hasRows}}<section class="detail" aria-labelledby="rows">
        <div class="heading"><h2 id="rows">Rows</h2></div>
        {{> filters}}
        {{{rowsText}}}
        </section>{{/hasRows}}
        {{> cost}}
        {{> making}}
        """

    private static let unscoredText = """
        <section aria-labelledby="unscored"><div class="heading"><h2 id="unscored">What was not scored</h2></div>
        {{#allScored}}<p>{{allScored}}</p>{{/allScored}}
        {{#unscored}}<section class="card function" aria-labelledby="{{anchor}}">
        <h3 id="{{anchor}}">{{#runName}}<span class="soft"><bdi>{{runName}}</bdi></span> {{/runName}}<bdi class="id">{{functionName}}</bdi></h3>
        <p>{{sentence}}</p>
        <svg class="share" viewBox="0 0 400 14" preserveAspectRatio="none" role="img" aria-labelledby="{{anchor}}-title {{anchor}}-text"><title id="{{anchor}}-title">{{sentence}}</title><desc id="{{anchor}}-text">The table below has the numbers.</desc>{{#parts}}<rect x="{{x}}" y="0" width="{{width}}" height="14" class="{{kind}}"/>{{/parts}}</svg>
        <div class="scroll" role="region" aria-label="Reasons of {{functionName}} {{runName}}" tabindex="0"><table class="counts">
        <thead><tr><th scope="col">Outcome</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Share</th><th scope="col">Commonest reasons</th></tr></thead>
        <tbody>{{#outcomes}}<tr><th scope="row">{{outcome}}</th><td class="number">{{count}}</td><td class="number">{{share}}</td><td>{{#reasons}}<p class="reason"><span class="number">{{times}}</span> <bdi>{{message}}</bdi> {{#href}}<a href="{{href}}">{{row}}</a>{{/href}}{{^href}}<span class="soft">{{row}}</span>{{/href}}</p>{{/reasons}}</td></tr>
        {{/outcomes}}</tbody></table></div>
        </section>{{/unscored}}
        </section>
        """

    private static let slicesText = """
        {{#hasSlices}}<section class="detail" aria-labelledby="slices"><div class="heading"><h2 id="slices">Slices</h2></div>
        {{#slices}}<div class="card scroll" role="region" aria-label="{{sliceName}}" tabindex="0"><table class="numbers">
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">{{column}}</th><th scope="col" class="number">Value</th><th scope="col">95% interval</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Less the rest</th><th scope="col" class="number">p</th></tr></thead>
        <tbody>{{#lines}}<tr{{#isFew}} class="few"{{/isFew}}><th scope="row"><bdi>{{sliceValue}}</bdi>{{#isFew}} <small>(few rows)</small>{{/isFew}}</th><td class="number"><strong>{{value}}</strong></td><td class="nowrap">{{#interval}}{{> interval}} {{/interval}}<span class="ends">{{ends}}</span></td><td class="number">{{count}}</td><td class="number">{{difference}}</td><td class="number">{{p}}</td></tr>
        {{/lines}}</tbody></table></div>{{/slices}}
        </section>{{/hasSlices}}
        """

    private static let judgesText = """
        {{#hasJudges}}<section class="detail" aria-labelledby="judges"><div class="heading"><h2 id="judges">Judges</h2></div>
        {{#judges}}<section class="card function" aria-labelledby="{{anchor}}"><h3 id="{{anchor}}">{{#runName}}<span class="soft"><bdi>{{runName}}</bdi></span> {{/runName}}<bdi class="id">{{functionName}}</bdi></h3>
        {{#unchecked}}<p class="alarm"><strong>Not checked against people.</strong> {{unchecked}}</p>{{/unchecked}}
        {{#calibration}}<p class="note good">{{calibration}}</p>{{/calibration}}
        <dl class="facts">{{#facts}}<div><dt>{{label}}</dt><dd>{{#values}}<bdi class="id">{{.}}</bdi><br>{{/values}}</dd></div>{{/facts}}</dl>
        {{#length}}<p>{{length}}</p>{{/length}}
        </section>{{/judges}}
        </section>{{/hasJudges}}
        """

    private static let changesText = """
        <section class="detail" aria-labelledby="changed"><div class="heading"><h2 id="changed">What changed</h2></div>
        <p>{{summary}}</p>
        {{#alone}}<p class="soft">{{.}}</p>{{/alone}}
        <ol class="rows">
        {{#pairs}}<li><article class="card row" aria-labelledby="{{anchor}}">
        <header><h3 id="{{anchor}}"><a href="#{{anchor}}">Row {{number}}</a></h3>
        <ul>{{#chips}}<li class="chip {{tone}}"><span aria-hidden="true">{{sign}}</span> <bdi>{{name}}</bdi> <strong>{{change}}</strong> {{words}}</li>{{/chips}}</ul></header>
        {{#columns}}<dl class="cells columns">{{> cells}}</dl>{{/columns}}
        <div class="pair">{{#sides}}<dl class="cells">{{#texts}}<div><dt>{{side}} <bdi>{{name}}</bdi></dt><dd><div dir="auto" class="text">{{#parts}}{{#isA}}<del>{{text}}</del>{{/isA}}{{#isB}}<ins>{{text}}</ins>{{/isB}}{{#isSame}}{{text}}{{/isSame}}{{/parts}}</div>{{#cut}}<div class="cut">{{cut}}</div>{{/cut}}</dd></div>
        {{/texts}}</dl>{{/sides}}</div>
        </article></li>
        {{/pairs}}</ol>
        </section>
        """

    private static let costText = """
        {{#hasCost}}<section class="detail" aria-labelledby="cost"><div class="heading"><h2 id="cost">What it cost</h2></div>
        <div class="card scroll" role="region" aria-label="What it cost" tabindex="0"><table class="numbers">
        <thead><tr><th scope="col">Models</th>{{#costHeads}}<th scope="col" class="number">{{.}}</th>{{/costHeads}}</tr></thead>
        <tbody>{{#costLines}}<tr><th scope="row"><bdi>{{name}}</bdi></th>{{#figures}}<td class="number">{{.}}</td>{{/figures}}</tr>
        {{/costLines}}</tbody></table></div>
        {{#when}}<p class="soft">{{when}}</p>{{/when}}
        </section>{{/hasCost}}
        """

    private static let makingText = """
        <section class="detail" aria-labelledby="making"><div class="heading"><h2 id="making">Provenance</h2></div>
        {{#methods}}<p>{{.}}</p>{{/methods}}
        {{#makings}}<div class="card scroll" role="region" aria-label="Provenance {{runName}}" tabindex="0"><table class="counts provenance">
        <caption>{{caption}}</caption>
        <tbody>{{#entries}}<tr><th scope="row">{{label}}</th><td><bdi class="id">{{value}}</bdi></td></tr>
        {{/entries}}</tbody></table></div>
        {{#command}}<p>The command that makes the run again, in its folder’s place for definitions:</p>
        <pre class="code text">{{command}}</pre>{{/command}}
        {{#documents}}<details class="document"><summary>{{title}}</summary><pre class="code text" tabindex="0">{{text}}</pre></details>
        {{/documents}}{{/makings}}
        </section>
        """
}
