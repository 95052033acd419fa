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
        {{#hasRows}}<p><a href="{{compareLink}}">Compare with another result</a> · <a href="{{agreeLink}}">Agreement of judges</a> · <a href="{{reportLink}}">Report</a> · <a href="{{runLink}}" download>Run folder (tar)</a></p>{{/hasRows}}
        {{#hasNumbers}}<section aria-labelledby="numbers"><div class="heading"><h2 id="numbers">The numbers</h2></div>
        {{> numbers}}</section>{{/hasNumbers}}
        {{#scores}}{{> scores}}{{/scores}}
        <section aria-labelledby="rows">
        <div class="heading"><h2 id="rows">Rows</h2></div>
        {{#rowsNote}}<p class="note">{{rowsNote}}</p>{{/rowsNote}}
        {{#hasRows}}{{> filters}}
        {{> rows}}{{/hasRows}}
        </section>
        """

    static let compareText = """
        <p class="soft">{{#isComparison}}Two results · <a href="/agree">Agreement of judges</a>{{/isComparison}}{{^isComparison}}<a href="/compare">Two results</a> · Agreement of judges{{/isComparison}}</p>
        <h1>{{#isComparison}}Compare two results{{/isComparison}}{{^isComparison}}Agreement of judges{{/isComparison}}</h1>
        <p>{{about}}</p>
        {{^hasChoices}}<p class="note">No result has rows. Score a dataset with <code>save_results_dataset</code>, or run a job.</p>{{/hasChoices}}
        <form class="card filters" method="get" action="{{formPath}}" aria-label="What is compared">
        {{#selections}}<div class="field wide-field"><label for="{{field}}">{{label}}</label>
        <select id="{{field}}" name="{{field}}">{{#choices}}<option value="{{choice}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/choices}}</select></div>
        {{/selections}}{{#fields}}<div class="field"><label for="{{field}}">{{label}}</label><input class="long" id="{{field}}" name="{{field}}" value="{{value}}" placeholder="{{placeholder}}" autocomplete="off"></div>
        {{/fields}}<button>Compare</button>
        </form>
        {{#comparison}}<section aria-labelledby="compared"><div class="heading"><h2 id="compared">The comparison</h2></div>
        {{> comparison}}</section>{{/comparison}}
        {{#agreement}}{{> agreement}}{{/agreement}}
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
