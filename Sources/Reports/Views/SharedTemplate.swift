/// The templates that the server's pages and reports share.
package enum SharedTemplate: String, CaseIterable {
    case numbers, scores, plot, interval, filters, rows, cells, pager, comparison, agreement, messages

    var text: String {
        switch self {
        case .numbers: Self.numbersText
        case .scores: Self.scoresText
        case .plot: Self.plotText
        case .interval: Self.intervalText
        case .filters: Self.filtersText
        case .rows: Self.rowsText
        case .cells: Self.cellsText
        case .pager: Self.pagerText
        case .comparison: Self.comparisonText
        case .agreement: Self.agreementText
        case .messages: Self.messagesText
        }
    }
}

extension SharedTemplate {
    private static let pagerText = """
        {{#hasPager}}<nav class="pager" aria-label="Parts of the list">
        {{#pagerLinks}}<a href="{{href}}">{{name}}</a>
        {{/pagerLinks}}</nav>{{/hasPager}}
        """

    /// A line for each function and aggregation.
    private static let numbersText = """
        <div class="card scroll" role="region" aria-label="The numbers" tabindex="0">
        <table class="numbers">
        <caption>{{numbersCaption}}</caption>
        <thead><tr><th scope="col">Function</th><th scope="col" class="number">Value</th><th scope="col">{{intervalName}} interval</th><th scope="col" class="number">Scored</th><th scope="col">If every row had been scored</th></tr></thead>
        <tbody>
        {{#numbers}}<tr>
        <th scope="row">{{#href}}<a href="{{href}}"><bdi class="id">{{functionName}}</bdi></a>{{/href}}{{^href}}<bdi class="id">{{functionName}}</bdi>{{/href}} <span class="soft nowrap">{{label}}</span>{{#warning}} <span class="warn nowrap">{{warning}}</span>{{/warning}}</th>
        <td class="number"><strong>{{value}}</strong></td>
        <td class="nowrap">{{#interval}}{{> interval}} {{/interval}}<span class="ends">{{ends}}</span></td>
        <td class="number">{{scored}}{{#missing}}<br><span class="bad">{{missing}}</span>{{/missing}}</td>
        <td>{{bounds}}</td>
        </tr>
        {{/numbers}}</tbody>
        </table>
        </div>
        """

    /// A value with its interval on an axis.
    private static let intervalText = """
        <svg class="interval" viewBox="0 0 120 18" role="img" aria-labelledby="{{plotID}}-title {{plotID}}-text"><title id="{{plotID}}-title">{{plotTitle}}</title><desc id="{{plotID}}-text">{{plotText}}</desc><line x1="2" x2="118" y1="12" y2="12" class="base"/>{{#marks}}<line x1="{{x}}" x2="{{x}}" y1="9" y2="15" class="base"/>{{/marks}}{{#hasRange}}<rect x="{{rangeX}}" y="6" width="{{rangeWidth}}" height="5"/>{{/hasRange}}{{#hasPoint}}<line x1="{{pointX}}" x2="{{pointX}}" y1="2" y2="15" class="point"/>{{/hasPoint}}</svg>
        """

    private static let scoresText = """
        <section class="card function" aria-labelledby="{{anchor}}">
        <h{{level}} id="{{anchor}}">{{#runName}}<span class="soft"><bdi>{{runName}}</bdi></span> {{/runName}}<bdi class="id">{{functionName}}</bdi></h{{level}}>
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

    private static let plotText = """
        <svg class="plot" viewBox="0 0 {{width}} {{height}}" role="img" aria-labelledby="{{plotID}}-title {{plotID}}-text">
        <title id="{{plotID}}-title">{{plotCaption}}</title>
        <desc id="{{plotID}}-text">{{plotText}}</desc>
        {{#ticks}}<line x1="{{left}}" x2="{{right}}" y1="{{y}}" y2="{{y}}"{{#isBase}} class="base"{{/isBase}}/><text x="{{labelX}}" y="{{labelY}}" text-anchor="end">{{label}}</text>
        {{/ticks}}{{#bars}}<rect x="{{x}}" y="{{y}}" width="{{barWidth}}" height="{{barHeight}}"{{#isMissing}} class="miss"{{/isMissing}}/>
        {{/bars}}{{#labels}}<text x="{{x}}" y="{{y}}" text-anchor="{{anchor}}" class="{{kind}}">{{text}}</text>
        {{/labels}}</svg>
        """

    private static let filtersText = """
        <form class="card filters" {{#formID}}id="{{formID}}" hidden {{/formID}}{{^formID}}method="get" action="{{formPath}}#rows" {{/formID}}role="search" aria-label="Filter the rows">
        {{#hasFunctionField}}<div class="field"><label for="function">Function</label>
        <select id="function" name="function">{{#functionChoices}}<option value="{{choice}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/functionChoices}}</select></div>{{/hasFunctionField}}
        <div class="field"><label for="outcome">Outcome</label>
        <select id="outcome" name="outcome">{{#outcomeChoices}}<option value="{{choice}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/outcomeChoices}}</select></div>
        <div class="field"><label for="score">Score is</label><input id="score" name="score" value="{{scoreText}}" autocomplete="off"></div>
        <div class="field half"><label for="least">Score at least</label><input id="least" name="least" value="{{leastText}}" inputmode="decimal" autocomplete="off"></div>
        <div class="field half"><label for="below">and below</label><input id="below" name="below" value="{{belowText}}" inputmode="decimal" autocomplete="off"></div>
        {{#formID}}<div class="field"><label for="text">Text</label><input id="text" name="text" autocomplete="off"></div>
        <button type="reset">Show all</button>{{/formID}}
        {{^formID}}<button>Show rows</button>
        {{#isFiltered}}<a href="{{formPath}}">Show all</a>{{/isFiltered}}{{/formID}}
        </form>
        {{#filterFault}}<p class="alarm" role="alert">{{filterFault}}</p>{{/filterFault}}
        """

    private static let rowsText = """
        <p class="status" id="row-status" role="status">{{status}}</p>
        <ol class="rows">
        {{#rows}}<li{{#isTagged}} class="shown"{{/isTagged}}><article class="card row" aria-labelledby="row-{{index}}">
        <header><h3 id="row-{{index}}"><a href="{{href}}">Row {{number}}</a>{{#why}} <small class="soft">{{why}}</small>{{/why}}</h3>
        <ul>{{#chips}}<li class="chip{{#isMissing}} missing{{/isMissing}}"><bdi>{{name}}</bdi> <strong>{{value}}</strong></li>{{/chips}}</ul></header>
        {{#columns}}<dl class="cells columns">{{> cells}}</dl>{{/columns}}
        {{#more}}<p class="cells cut">{{more}}</p>{{/more}}
        <div class="{{pairClass}}">{{#answer}}<dl class="cells">{{> cells}}</dl>{{/answer}}{{#outputs}}<dl class="cells">{{> cells}}</dl>{{/outputs}}</div>
        </article></li>
        {{/rows}}</ol>
        {{> pager}}
        """

    private static let cellsText = """
        {{#cells}}<div><dt><bdi>{{name}}</bdi>{{#kind}} <small>({{kind}})</small>{{/kind}}</dt><dd>{{#rest}}<details class="fold"><summary><span dir="auto" class="text{{#isCode}} code{{/isCode}}{{#isBad}} bad{{/isBad}}">{{text}}</span></summary><div dir="auto" class="text{{#isCode}} code{{/isCode}}{{#isBad}} bad{{/isBad}}">{{rest}}</div></details>{{/rest}}{{^rest}}<div dir="auto" class="text{{#isCode}} code{{/isCode}}{{#isBad}} bad{{/isBad}}">{{text}}</div>{{/rest}}{{#cut}}<div class="cut">{{cut}}{{#href}} <a href="{{href}}">Show the whole row</a>{{/href}}</div>{{/cut}}</dd></div>
        {{/cells}}
        """

    /// Warnings and refusals.
    private static let messagesText = """
        {{#messages}}<p class="{{kind}}"{{#isAlarm}} role="alert"{{/isAlarm}}><strong>{{word}}</strong> <bdi>{{text}}</bdi></p>
        {{/messages}}
        """
}
