extension SharedTemplate {
    static let comparisonText = """
        {{> messages}}
        {{#hasLines}}<div class="card scroll" role="region" aria-label="The comparison" tabindex="0">
        <table class="numbers">
        <caption>{{pairing}}</caption>
        <thead><tr><th scope="col">Function</th><th scope="col" class="number">A</th><th scope="col" class="number">B</th><th scope="col" class="number">B − A</th><th scope="col">{{intervalName}} interval</th><th scope="col" class="number">p</th><th scope="col" class="number">better</th><th scope="col" class="number">worse</th><th scope="col">Finding</th></tr></thead>
        <tbody>
        {{#lines}}<tr{{#isFew}} class="few"{{/isFew}}>
        <th scope="row">{{#href}}<a href="{{href}}"><bdi class="id">{{functionName}}</bdi></a>{{/href}}{{^href}}<bdi class="id">{{functionName}}</bdi>{{/href}} <span class="soft nowrap">{{label}}</span></th>
        <td class="number">{{a}}</td><td class="number">{{b}}</td><td class="number"><strong>{{difference}}</strong></td>
        <td class="nowrap">{{#interval}}{{> interval}} {{/interval}}<span class="ends">{{ends}}</span></td>
        <td class="number">{{p}}</td><td class="number">{{better}}</td><td class="number">{{worse}}</td>
        <td>{{#sign}}<span class="sign" aria-hidden="true">{{sign}}</span> {{/sign}}<strong class="{{tone}}">{{verdict}}</strong>{{#pairs}}<br><span class="soft">{{pairs}}</span>{{/pairs}}{{#bounds}}<br><span class="soft">{{bounds}}</span>{{/bounds}}</td>
        </tr>
        {{/lines}}</tbody>
        </table>
        </div>
        <p class="soft">{{methods}}</p>{{/hasLines}}
        {{#tables}}<div class="scroll card" role="region" aria-label="{{tableName}}" tabindex="0"><table class="counts">
        <caption>{{tableName}}</caption>
        <thead><tr><th scope="col">A</th>{{#heads}}<th scope="col" class="number">B: <bdi>{{.}}</bdi></th>{{/heads}}</tr></thead>
        <tbody>{{#tableRows}}<tr><th scope="row"><bdi>{{name}}</bdi></th>{{#cells}}<td class="number{{#isSame}} same{{/isSame}}">{{count}}</td>{{/cells}}</tr>
        {{/tableRows}}</tbody></table></div>{{/tables}}
        {{#notes}}<p class="soft">{{.}}</p>{{/notes}}
        {{#regressions}}<section aria-labelledby="{{anchor}}"><div class="heading"><h2 id="{{anchor}}">{{title}}</h2></div>
        <ul class="plain">{{#list}}<li>{{#href}}<a href="{{href}}">{{row}}</a>{{/href}}{{^href}}{{row}}{{/href}} <strong class="nowrap">{{change}}</strong> <bdi class="soft">{{text}}</bdi></li>
        {{/list}}</ul></section>{{/regressions}}
        """

    static let agreementText = """
        {{> messages}}
        {{#judges}}<section class="card function" aria-labelledby="{{anchor}}">
        <h2 id="{{anchor}}"><bdi class="id">{{name}}</bdi></h2>
        <p class="soft">{{about}}</p>
        <div class="split">
        <div class="scroll" role="region" aria-label="{{measuresName}}" tabindex="0"><table class="counts"><caption>{{measuresName}}</caption>
        <thead><tr><th scope="col">Measure</th><th scope="col" class="number">Value</th><th scope="col">{{intervalName}} interval</th></tr></thead>
        <tbody>{{#measures}}<tr><th scope="row">{{measure}}</th><td class="number"><strong>{{value}}</strong></td><td>{{#interval}}{{> interval}} {{/interval}}<span class="ends">{{ends}}</span></td></tr>
        {{/measures}}</tbody></table></div>
        {{#table}}<div class="scroll" role="region" aria-label="{{tableName}}" tabindex="0"><table class="counts">
        <caption>{{tableName}}</caption>
        <thead><tr><th scope="col">{{first}}</th>{{#heads}}<th scope="col" class="number"><bdi>{{.}}</bdi></th>{{/heads}}</tr></thead>
        <tbody>{{#tableRows}}<tr><th scope="row"><bdi>{{name}}</bdi></th>{{#cells}}<td class="number{{#isSame}} same{{/isSame}}">{{count}}</td>{{/cells}}</tr>
        {{/tableRows}}</tbody></table></div>{{/table}}
        </div>
        </section>{{/judges}}
        {{#alpha}}<p>{{alpha}}</p>{{/alpha}}
        """
}
