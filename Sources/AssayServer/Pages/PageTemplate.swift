/// The Mustache templates of pages. Values in double braces are escaped; triple braces are only used for the output of
/// other templates.
enum PageTemplate: String, CaseIterable {
    case frame, overview, results, datasets, benchmarks, functions, resultTable, datasetTable, benchmarkTable
    case functionTable, jobs, jobTable, result, compare, dataset, signIn, failure

    var text: String {
        switch self {
        case .frame: Self.frameText
        case .overview: Self.overviewText
        case .results: Self.listText("resultTable")
        case .datasets: Self.listText("datasetTable")
        case .benchmarks: Self.listText("benchmarkTable")
        case .functions: Self.listText("functionTable")
        case .jobs: Self.listText("jobTable")
        case .jobTable: Self.jobTableText
        case .resultTable: Self.resultTableText
        case .datasetTable: Self.datasetTableText
        case .benchmarkTable: Self.benchmarkTableText
        case .functionTable: Self.functionTableText
        case .result: Self.resultText
        case .compare: Self.compareText
        case .dataset: Self.datasetText
        case .signIn: Self.signInText
        case .failure: Self.failureText
        }
    }
}

extension PageTemplate {
    static let frameText = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{title}} – Assay</title>
        <link rel="icon" href="data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2016%2016'%3E%3Cpath%20fill='%233d7ab5'%20d='M1%209h3v6H1zM6%204h4v11H6zM12%201h3v14h-3z'/%3E%3C/svg%3E">
        <style>{{{style}}}</style>
        </head>
        <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top"><div>
        <a class="brand" href="/">Assay</a>
        <nav aria-label="Pages"><ul>
        {{#navigation}}<li><a href="{{href}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{name}}</a></li>
        {{/navigation}}</ul></nav>
        {{#hasSignOut}}<form class="sign-out" method="post" action="/logout"><button>Sign out</button></form>{{/hasSignOut}}
        </div></header>
        <main id="main" tabindex="-1">
        {{{body}}}
        </main>
        <footer class="bottom">Assay {{version}}. Times are in UTC.</footer>
        </body>
        </html>

        """

    static let overviewText = """
        <h1>Overview</h1>
        <p class="soft">Results, jobs, datasets and scoring functions on this server.</p>
        {{#lists}}
        <section aria-labelledby="{{anchor}}">
        <div class="heading"><h2 id="{{anchor}}">{{name}} <span class="soft">{{count}}</span></h2>
        {{#more}}<a href="{{href}}">{{all}}</a>{{/more}}</div>
        {{{table}}}
        </section>
        {{/lists}}
        """

    static func listText(_ table: String) -> String {
        """
        <h1>{{heading}}</h1>
        <p class="soft">{{position}}</p>
        {{> \(table)}}
        {{> pager}}
        """
    }

    static let resultTableText = """
        {{^results}}<p class="note">{{none}}</p>{{/results}}
        {{#hasResults}}<div class="card scroll" role="region" aria-label="Results" tabindex="0">
        <table class="wide">
        <thead><tr><th scope="col">Scored</th><th scope="col">Dataset</th><th scope="col">Functions</th>
        <th scope="col" class="number">Rows</th></tr></thead>
        <tbody>
        {{#results}}<tr>
        <th scope="row" class="nowrap"><a href="{{href}}" aria-label="Result of {{time}}"><time datetime="{{machineTime}}">{{time}}</time></a></th>
        <td><bdi>{{datasetName}}</bdi>{{#benchmark}}<br><span class="soft">benchmark <bdi>{{benchmarkName}}</bdi></span>{{/benchmark}}{{#candidate}}<br><span class="soft">answered by <bdi class="id">{{candidate}}</bdi></span>{{/candidate}}{{#isCancelled}}<br><span class="bad">cancelled</span>{{/isCancelled}}</td>
        <td><ul class="plain">{{#functions}}<li><bdi class="id">{{functionName}}</bdi>{{#figures}} <span class="nowrap">{{label}} <strong>{{value}}</strong>{{error}}</span>{{/figures}}</li>{{/functions}}
        {{#moreFunctions}}<li class="soft">{{moreFunctions}}</li>{{/moreFunctions}}</ul></td>
        <td class="number">{{rowCount}}{{#missing}}<br><span class="bad">{{missing}}</span>{{/missing}}</td>
        </tr>
        {{/results}}</tbody>
        </table>
        </div>{{/hasResults}}
        """

    static let jobTableText = """
        {{^jobs}}<p class="note">No jobs have been started. Start one with <code>POST /v1alpha/eval/benchmarks/ID/jobs</code>, or with <code>assay client run-benchmark</code>.</p>{{/jobs}}
        {{#hasJobs}}<div class="card scroll" role="region" aria-label="Jobs" tabindex="0">
        <table class="wide">
        <thead><tr><th scope="col">Started</th><th scope="col">Benchmark</th><th scope="col">Answered by</th><th scope="col">Status</th>
        <th scope="col" class="number">Rows</th></tr></thead>
        <tbody>
        {{#jobs}}<tr>
        <th scope="row" class="nowrap"><time datetime="{{machineTime}}">{{time}}</time></th>
        <td><bdi>{{benchmarkName}}</bdi><br><span class="soft">job <bdi class="id">{{id}}</bdi></span></td>
        <td><bdi class="id">{{candidate}}</bdi></td>
        <td><span{{#isBad}} class="bad"{{/isBad}}>{{status}}</span></td>
        <td class="number">{{rowCount}}</td>
        </tr>
        {{/jobs}}</tbody>
        </table>
        </div>{{/hasJobs}}
        """

    static let datasetTableText = """
        {{^datasets}}<p class="note">No datasets are registered. Register one with <code>POST /v1beta/datasets</code>.</p>{{/datasets}}
        {{#hasDatasets}}<div class="card scroll" role="region" aria-label="Datasets" tabindex="0">
        <table class="wide">
        <thead><tr><th scope="col">Dataset</th><th scope="col" class="number">Rows</th><th scope="col">Description</th>
        <th scope="col">Registered</th></tr></thead>
        <tbody>
        {{#datasets}}<tr>
        <th scope="row">{{#href}}<a href="{{href}}"><bdi class="id">{{id}}</bdi></a>{{/href}}{{^href}}<bdi class="id">{{id}}</bdi>{{/href}}</th>
        <td class="number">{{rowCount}}</td>
        <td><bdi>{{about}}</bdi></td>
        <td class="nowrap"><time datetime="{{machineTime}}">{{time}}</time></td>
        </tr>
        {{/datasets}}</tbody>
        </table>
        </div>{{/hasDatasets}}
        """

    static let benchmarkTableText = """
        {{^benchmarks}}<p class="note">No benchmarks are registered.</p>{{/benchmarks}}
        {{#hasBenchmarks}}<div class="card scroll" role="region" aria-label="Benchmarks" tabindex="0">
        <table class="wide">
        <thead><tr><th scope="col">Benchmark</th><th scope="col">Dataset</th><th scope="col">Functions</th></tr></thead>
        <tbody>
        {{#benchmarks}}<tr>
        <th scope="row"><bdi class="id">{{id}}</bdi></th>
        <td><bdi>{{datasetName}}</bdi></td>
        <td><ul class="plain">{{#functions}}<li><bdi class="id">{{.}}</bdi></li>{{/functions}}
        {{#moreFunctions}}<li class="soft">{{moreFunctions}}</li>{{/moreFunctions}}</ul></td>
        </tr>
        {{/benchmarks}}</tbody>
        </table>
        </div>{{/hasBenchmarks}}
        """

    static let functionTableText = """
        {{^functions}}<p class="note">There are no scoring functions.</p>{{/functions}}
        {{#hasFunctions}}<div class="card scroll" role="region" aria-label="Scoring functions" tabindex="0">
        <table class="wide">
        <thead><tr><th scope="col">Function</th><th scope="col">Score type</th><th scope="col">Description</th></tr></thead>
        <tbody>
        {{#functions}}<tr>
        <th scope="row"><bdi class="id">{{id}}</bdi></th>
        <td class="nowrap">{{gives}}</td>
        <td class="about"><bdi>{{about}}</bdi></td>
        </tr>
        {{/functions}}</tbody>
        </table>
        </div>{{/hasFunctions}}
        """

    static let signInText = """
        <h1>Sign in</h1>
        <p>This server requires an access token.</p>
        {{#isWrong}}<p class="alarm" role="alert">That is not the server’s access token.</p>{{/isWrong}}
        <form class="card filters" method="post" action="/login">
        <input type="hidden" name="next" value="{{next}}">
        <div class="field"><label for="token">Access token</label>
        <input class="long" id="token" name="token" type="password" autocomplete="current-password" required autofocus></div>
        <button>Sign in</button>
        </form>
        <p class="soft">You stay signed in for twelve hours, until you sign out, or until the server restarts. Already signed in, and sent here
        by a link from another site? <a href="{{next}}">Continue</a>.</p>
        """

    static let failureText = """
        <h1>{{heading}}</h1>
        <p><bdi>{{message}}</bdi></p>
        <p><a href="/">Go to the overview</a></p>
        """
}
