import Encodings
import Hashing

/// The style sheet, which is part of each page.
package enum PageStyle {
    /// Its digest for the Content-Security-Policy header, so that no other style is allowed.
    package static let digest = "sha256-" + base64(SHA256.digest(of: text).bytes)

    package static let text = """
        :root { color-scheme: light dark; --paper: #fbfaf7; --card: #ffffff; --ink: #1c1e21; --soft: #565c64;
          --line: #dcd9d1; --accent: #1f5a96; --bar: #3d7ab5; --bad: #a33a1f; --bad-soft: #fbeae4; --good-soft: #e6eff8; --good: #1d6b3a;
          --code: #f4f2ec; }
        @media (prefers-color-scheme: dark) { :root { --paper: #15171a; --card: #1d2024; --ink: #e7e5e0; --soft: #a4aab2;
          --line: #363b42; --accent: #8fbdec; --bar: #5b94cc; --bad: #f0977a; --bad-soft: #3a211a; --good-soft: #1b2c3d; --good: #7fcf9a;
          --code: #24282d; } }
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto,
          "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
        a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: .06em; }
        a:hover { text-decoration-thickness: .12em; }
        :focus-visible { outline: .18rem solid var(--accent); outline-offset: .15rem; border-radius: .15rem; }
        .skip { position: absolute; left: -100vw; background: var(--card); padding: .5rem 1rem; z-index: 1; }
        .skip:focus { left: .5rem; top: .5rem; }
        .top { border-bottom: 1px solid var(--line); background: var(--card); }
        .top > div, main, .bottom { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
        .top > div { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1.75rem; }
        .brand { font-weight: 700; font-size: 1.125rem; letter-spacing: .01em; color: inherit; text-decoration: none;
          padding: .7rem 0; }
        .top ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; margin: 0; padding: 0; }
        .top li a { display: inline-block; padding: .75rem 0; color: var(--soft); text-decoration: none;
          border-bottom: .15rem solid transparent; }
        .top li a:hover { color: var(--ink); }
        .top li a[aria-current] { color: var(--ink); border-color: var(--accent); }
        main { padding-top: 1.5rem; padding-bottom: 3rem; }
        main:focus { outline: none; }
        h1 { font-size: 1.625rem; line-height: 1.25; margin: 0 0 .25rem; letter-spacing: -.01em; }
        h2 { font-size: 1.1875rem; line-height: 1.3; margin: 0; }
        h3 { font-size: 1rem; margin: 0; }
        p { margin: .5rem 0; max-width: 46rem; }
        .soft, caption, figcaption, dt { color: var(--soft); }
        .id { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9375em; }
        section { margin-top: 2rem; }
        .heading .soft { font-weight: 400; }
        .heading { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem;
          margin-bottom: .5rem; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        caption { text-align: left; padding: .6rem .9rem; font-size: .875rem; }
        th, td { text-align: left; vertical-align: top; padding: .5rem .9rem; border-top: 1px solid var(--line); }
        thead th { border-top: 0; font-size: .875rem; font-weight: 600; color: var(--soft); white-space: nowrap; }
        caption + thead th { border-top: 1px solid var(--line); }
        tbody th { font-weight: 400; }
        tfoot th, tfoot td { font-weight: 600; border-top: 2px solid var(--line); }
        .number { text-align: right; white-space: nowrap; }
        .nowrap { white-space: nowrap; }
        .wide { min-width: 44rem; }
        .about { min-width: 14rem; }
        ul.plain { list-style: none; margin: 0; padding: 0; }
        .bad { color: var(--bad); }
        .note { border-left: .25rem solid var(--line); padding: .25rem 0 .25rem .9rem; }
        .alarm { border-left: .25rem solid var(--bad); background: var(--bad-soft); padding: .5rem .9rem; }
        .facts { display: flex; flex-wrap: wrap; gap: .25rem 2.25rem; margin: .75rem 0 0; }
        .facts dt { font-size: .8125rem; }
        .facts dd { margin: 0; }
        .function { padding: 1.1rem 1.25rem 1.25rem; margin-top: 1.25rem; }
        .figures { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: .75rem 0 1rem; }
        .figures dt { font-size: .875rem; }
        .figures dd { margin: 0; }
        .figures strong { font-size: 1.75rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
        .figures small { font-size: .875rem; color: var(--soft); }
        .figures .by { display: block; }
        .split { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.25rem 2rem;
          align-items: start; }
        figure { margin: 0; }
        figcaption { font-size: .875rem; margin-bottom: .4rem; }
        .plot { display: block; width: 100%; max-width: 30rem; height: auto; font: 12px system-ui, "Noto Sans",
          "DejaVu Sans", sans-serif; }
        .plot text { fill: var(--soft); }
        .plot .value { fill: var(--ink); }
        .plot rect { fill: var(--bar); }
        .plot rect.miss { fill: var(--bad); }
        .plot text.miss { fill: var(--bad); }
        .plot line { stroke: var(--line); stroke-width: 1; }
        .plot line.base { stroke: var(--soft); }
        .counts { font-size: .9375rem; }
        .counts th, .counts td { padding: .3rem .75rem; }
        .counts caption { padding: 0 0 .4rem; }
        .counts .same { font-weight: 600; }
        .numbers { min-width: 40rem; font-size: .9375rem; }
        .numbers th, .numbers td { padding: .45rem .75rem; }
        .numbers tbody th { min-width: 11rem; }
        .numbers caption { padding: .5rem .75rem; }
        .numbers + .soft { margin: 0; padding: 0 .75rem .6rem; }
        .interval { display: inline-block; width: 7.5rem; height: 1.125rem; vertical-align: -.25rem; }
        .interval rect { fill: var(--bar); fill-opacity: .55; }
        .interval .base { stroke: var(--soft); stroke-width: 1; }
        .interval .point { stroke: var(--ink); stroke-width: 2; }
        .share { display: block; width: 100%; max-width: 30rem; height: .875rem; margin: .5rem 0 .75rem; }
        .share .scored { fill: var(--bar); }
        .share .miss-0 { fill: var(--bad); }
        .share .miss-1 { fill: var(--bad); fill-opacity: .55; }
        .reason { margin: 0; max-width: none; }
        .few { color: var(--soft); }
        .good { color: var(--good); }
        .warn { color: var(--bad); font-size: .875rem; }
        .sign { font-weight: 700; }
        del { color: var(--bad); text-decoration: line-through; background: var(--bad-soft); }
        ins { color: var(--good); text-decoration: underline; background: var(--good-soft); }
        .fold > summary { list-style-position: outside; cursor: pointer; margin-left: 1.1rem; }
        .fold > .text { margin-left: 1.1rem; }
        .fold:not([open]) > summary > .text::after { content: " … (unfold)"; color: var(--soft); }
        summary .text { display: inline; }
        .document { margin: .5rem 0; }
        .document > summary { cursor: pointer; }
        pre { max-width: 100%; overflow: auto; margin: .5rem 0; white-space: pre-wrap; }
        .provenance th { width: 18rem; color: var(--soft); }
        .card + .card { margin-top: 1rem; }
        .row h3 small { font-weight: 400; font-size: .875rem; }
        [hidden] { display: none !important; }
        form.filters { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; padding: 1rem 1.25rem; }
        .field { display: flex; flex-direction: column; gap: .2rem; min-width: 0; max-width: 100%; }
        .field label { font-size: .875rem; color: var(--soft); }
        input, select, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft);
          border-radius: .3rem; padding: .4rem .6rem; min-height: 2.6rem; max-width: 100%; }
        input { width: 8.5rem; }
        input.long { width: 22rem; }
        .wide-field select { width: 24rem; }
        button { background: var(--accent); border-color: var(--accent); color: var(--card); padding: .4rem 1.1rem;
          cursor: pointer; font-weight: 600; }
        .sign-out { margin-left: auto; }
        .sign-out button { background: none; border: 0; color: var(--soft); padding: .75rem 0; }
        .sign-out button:hover { color: var(--ink); text-decoration: underline; }
        .filters > a { align-self: center; }
        .filters button + a { margin-top: 1rem; }
        .status { margin: .9rem 0; }
        .rows { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: minmax(0, 1fr);
          gap: 1rem; }
        .row { overflow: hidden; }
        .row > header { display: flex; flex-wrap: wrap; gap: .35rem .75rem; align-items: center; padding: .6rem 1.1rem;
          border-bottom: 1px solid var(--line); }
        .row > header ul { display: flex; flex-wrap: wrap; gap: .35rem .6rem; list-style: none; margin: 0; padding: 0; }
        .chip { background: var(--good-soft); border-radius: 1rem; padding: .05rem .7rem; font-size: .875rem; }
        .chip.missing { background: var(--bad-soft); color: var(--bad); }
        .cells { margin: 0; padding: .9rem 1.1rem; display: grid; grid-template-columns: minmax(0, 1fr);
          gap: .75rem 2rem; align-content: start; }
        .cells + .cells, .cells + .pair, .cells + .lone > .cells { border-top: 1px solid var(--line); }
        .columns { grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
        .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
        .pair > .cells + .cells { border-top: 0; border-left: 1px solid var(--line); }
        .cells dt { font-size: .8125rem; }
        .cells dd { margin: 0; overflow: hidden; }
        .text { white-space: pre-wrap; tab-size: 4; overflow: hidden; }
        .code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875rem;
          background: var(--code); border-radius: .25rem; padding: .3rem .5rem; }
        .cut { font-size: .875rem; color: var(--soft); }
        .pager { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin-top: 1rem; }
        .pager a { display: inline-block; padding: .4rem 0; }
        .bottom { padding-top: 1rem; padding-bottom: 2rem; color: var(--soft); font-size: .875rem; }
        @media (max-width: 46rem) { .split, .pair { grid-template-columns: minmax(0, 1fr); }
          .pair > .cells + .cells { border-left: 0; border-top: 1px solid var(--line); }
          .top > div, main, .bottom { padding-left: 1rem; padding-right: 1rem; }
          .function { padding: 1rem; } .top li a { padding: .5rem 0; } .field, .field input, .field select { width: 100%; }
          .field.half { width: calc(50% - .5rem); } }
        @media (forced-colors: active) { .plot rect { fill: LinkText; } .plot rect.miss { fill: CanvasText; } }
        @media print { :root { color-scheme: light; --paper: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444;
            --line: #bbbbbb; --accent: #1f5a96; --bar: #3d7ab5; --bad: #a33a1f; --bad-soft: #ffffff; --good-soft: #ffffff;
            --good: #1d6b3a; --code: #ffffff; }
          html { font-size: 10pt; } @page { margin: 14mm; }
          .top, .filters, .pager, .skip { display: none; } main { padding: 0; max-width: none; }
          .report .detail { display: none; } .scroll { overflow: visible; } .numbers { min-width: 0; }
          .report section { margin-top: 1rem; } .card, figure, tr { break-inside: avoid; } a { color: inherit; } }
        """
}
