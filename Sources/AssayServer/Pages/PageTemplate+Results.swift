extension PageTemplate {
    static let resultText = """
        <p class="soft">Result</p>
        <h1><bdi>{{datasetName}}</bdi></h1>
        <dl class="facts">
        <div><dt>Scored</dt><dd><time datetime="{{machineTime}}">{{time}}</time></dd></div>
        <div><dt>Dataset</dt><dd>{{#datasetLink}}<a href="{{datasetLink}}"><bdi class="id">{{datasetName}}</bdi></a>{{/datasetLink}}{{^datasetLink}}<bdi class="id">{{datasetName}}</bdi> <span class="soft">(deleted)</span>{{/datasetLink}}</dd></div>
        {{#benchmark}}<div><dt>Benchmark</dt><dd><bdi class="id">{{benchmarkName}}</bdi></dd></div>{{/benchmark}}
        {{#hasRows}}<div><dt>Rows</dt><dd><a href="#rows">{{savedRows}}</a></dd></div>{{/hasRows}}
        {{#candidate}}<div><dt>Answered by</dt><dd><bdi class="id">{{candidate}}</bdi></dd></div>{{/candidate}}
        {{#isCancelled}}<div><dt>Status</dt><dd class="bad">cancelled; only the completed rows are included</dd></div>{{/isCancelled}}
        {{#job}}<div><dt>Job</dt><dd><bdi class="id">{{jobName}}</bdi></dd></div>{{/job}}
        </dl>
        {{#scores}}{{> scores}}{{/scores}}
        <section aria-labelledby="rows">
        <div class="heading"><h2 id="rows">Rows</h2></div>
        {{#rowsNote}}<p class="note">{{rowsNote}}</p>{{/rowsNote}}
        {{#hasRows}}{{> filters}}
        {{> rows}}{{/hasRows}}
        </section>
        """

    static let scoresText = """
        <section class="card function" aria-labelledby="{{anchor}}">
        <h2 id="{{anchor}}"><bdi class="id">{{functionName}}</bdi></h2>
        <dl class="figures">
        {{#figures}}<div><dt>{{label}}</dt><dd><strong>{{value}}</strong> <small>{{error}}</small>
        {{#notes}}<small class="by">{{.}}</small>{{/notes}}</dd></div>
        {{/figures}}</dl>
        <div class="split">
        {{#plot}}<figure>
        <figcaption>{{plotCaption}}</figcaption>
        {{> plot}}
        </figure>{{/plot}}
        <div class="scroll" role="region" aria-label="{{tableLabel}}" tabindex="0">
        <table class="counts">
        <caption>{{tableCaption}}</caption>
        <thead><tr><th scope="col">Score</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Share</th></tr></thead>
        <tbody>
        {{#counts}}<tr{{#isMissing}} class="bad"{{/isMissing}}><th scope="row">{{#href}}<a href="{{href}}"><bdi>{{label}}</bdi></a>{{/href}}{{^href}}<bdi>{{label}}</bdi>{{/href}}</th><td class="number">{{count}}</td><td class="number">{{share}}</td></tr>
        {{/counts}}</tbody>
        <tfoot><tr><th scope="row">All rows</th><td class="number">{{total}}</td><td class="number">{{totalShare}}</td></tr></tfoot>
        </table>
        </div>
        </div>
        </section>
        """

    static let plotText = """
        <svg class="plot" viewBox="0 0 {{width}} {{height}}" role="img" aria-labelledby="{{plotID}}-title {{plotID}}-text">
        <title id="{{plotID}}-title">{{plotCaption}}</title>
        <desc id="{{plotID}}-text">{{plotText}}</desc>
        {{#ticks}}<line x1="{{left}}" x2="{{right}}" y1="{{y}}" y2="{{y}}"{{#isBase}} class="base"{{/isBase}}/><text x="{{labelX}}" y="{{labelY}}" text-anchor="end">{{label}}</text>
        {{/ticks}}{{#bars}}<rect x="{{x}}" y="{{y}}" width="{{barWidth}}" height="{{barHeight}}"{{#isMissing}} class="miss"{{/isMissing}}/>
        {{/bars}}{{#labels}}<text x="{{x}}" y="{{y}}" text-anchor="{{anchor}}" class="{{kind}}">{{text}}</text>
        {{/labels}}</svg>
        """

    static let filtersText = """
        <form class="card filters" method="get" action="{{formPath}}#rows" role="search" aria-label="Filter the rows">
        {{#hasFunctionField}}<div class="field"><label for="function">Function</label>
        <select id="function" name="function">{{#functionChoices}}<option value="{{choice}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/functionChoices}}</select></div>{{/hasFunctionField}}
        <div class="field"><label for="outcome">Outcome</label>
        <select id="outcome" name="outcome">{{#outcomeChoices}}<option value="{{choice}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/outcomeChoices}}</select></div>
        <div class="field"><label for="score">Score is</label><input id="score" name="score" value="{{scoreText}}" autocomplete="off"></div>
        <div class="field half"><label for="least">Score at least</label><input id="least" name="least" value="{{leastText}}" inputmode="decimal" autocomplete="off"></div>
        <div class="field half"><label for="below">and below</label><input id="below" name="below" value="{{belowText}}" inputmode="decimal" autocomplete="off"></div>
        <button>Show rows</button>
        {{#isFiltered}}<a href="{{formPath}}">Show all</a>{{/isFiltered}}
        </form>
        {{#filterFault}}<p class="alarm" role="alert">{{filterFault}}</p>{{/filterFault}}
        """

    static let rowsText = """
        <p class="status" role="status">{{status}}</p>
        <ol class="rows">
        {{#rows}}<li><article class="card row" aria-labelledby="row-{{index}}">
        <header><h3 id="row-{{index}}"><a href="{{href}}">Row {{number}}</a></h3>
        <ul>{{#chips}}<li class="chip{{#isMissing}} missing{{/isMissing}}"><bdi>{{name}}</bdi> <strong>{{value}}</strong></li>{{/chips}}</ul></header>
        {{#columns}}<dl class="cells columns">{{> cells}}</dl>{{/columns}}
        {{#more}}<p class="cells cut">{{more}}</p>{{/more}}
        <div class="{{pairClass}}">{{#answer}}<dl class="cells">{{> cells}}</dl>{{/answer}}{{#outputs}}<dl class="cells">{{> cells}}</dl>{{/outputs}}</div>
        </article></li>
        {{/rows}}</ol>
        {{> pager}}
        """

    static let cellsText = """
        {{#cells}}<div><dt><bdi>{{name}}</bdi>{{#kind}} <small>({{kind}})</small>{{/kind}}</dt><dd><div dir="auto" class="text{{#isCode}} code{{/isCode}}{{#isBad}} bad{{/isBad}}">{{text}}</div>{{#cut}}<div class="cut">{{cut}}{{#href}} <a href="{{href}}">Show the whole row</a>{{/href}}</div>{{/cut}}</dd></div>
        {{/cells}}
        """

    static let datasetText = """
        <p class="soft">Dataset</p>
        <h1><bdi>{{id}}</bdi></h1>
        <dl class="facts">
        <div><dt>Rows</dt><dd>{{rowCount}}</dd></div>
        <div><dt>Purpose</dt><dd><bdi>{{purpose}}</bdi></dd></div>
        <div><dt>Description</dt><dd><bdi>{{about}}</bdi></dd></div>
        </dl>
        {{#hasResults}}<section aria-labelledby="results"><div class="heading"><h2 id="results">Results</h2></div>
        {{> resultTable}}</section>{{/hasResults}}
        <section aria-labelledby="rows">
        <div class="heading"><h2 id="rows">Rows</h2></div>
        {{> rows}}
        </section>
        """
}
