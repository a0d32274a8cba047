/**
 * The pages' style sheet: light and dark by the reader's preference, light on paper. Charts take their colours from
 * here too.
 */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fafaf8; --card: #fff; --text: #1d2327; --quiet: #5c666d; --line: #dcdfe1;
  --good: #1f7a8c; --anomalous: #b0440a; --chart-line: #4b6cb7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181b; --card: #1d2327; --text: #e6e9ea; --quiet: #9aa5ab; --line: #343c42;
    --good: #5cc2d6; --anomalous: #ff9a52; --chart-line: #9db8ff;
  }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --quiet: #444; --line: #bbb;
    --good: #1f7a8c; --anomalous: #b0440a; --chart-line: #4b6cb7; }
  section, .part { break-inside: avoid; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 1.2rem; }
h3 { margin: 24px 0 8px; font-size: 1rem; }
p { margin: 4px 0 12px; max-width: 75ch; }
.quiet, figcaption, caption { color: var(--quiet); font-size: .875rem; }
section { margin-top: 24px; padding: 20px 24px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 12px; margin: 20px 0 0; }
.tile { padding: 12px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.tile dt { color: var(--quiet); font-size: .8125rem; }
.tile dd { margin: 0; }
.tile .figure { font-size: 1.6rem; font-weight: 600; line-height: 1.25; }
.charts { display: flex; flex-wrap: wrap; gap: 24px; }
figure { margin: 12px 0 0; min-width: 0; }
svg { max-width: 100%; height: auto; overflow: visible; font: 13px system-ui, sans-serif; }
table.facts th { white-space: nowrap; font-weight: 500; font-size: .875rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
caption { text-align: left; padding-bottom: 4px; }
th, td { padding: 5px 20px 5px 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
td.number, th.number { text-align: right; }
td.code { font-family: ui-monospace, monospace; font-size: .8125rem; overflow-wrap: anywhere; }
.confusion td, .confusion th { text-align: center; padding: 8px 20px; border: 1px solid var(--line); }
.confusion .right { color: var(--good); font-weight: 600; }
.confusion .wrong { color: var(--anomalous); font-weight: 600; }
.part { padding: 12px 0 16px; border-top: 1px solid var(--line); }
.part h4 { margin: 0; font-size: .9375rem; overflow-wrap: anywhere; }
.views { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px; margin-top: 8px; }
.views figure { margin: 0; }
.views img { display: block; width: 100%; height: auto; border-radius: 4px; border: 1px solid var(--line); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 16px; margin-top: 16px; }
.gallery figure { margin: 0; padding: 10px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.gallery img { display: block; width: 100%; height: auto; border-radius: 4px; }
.gallery figcaption { overflow-wrap: anywhere; margin-top: 6px; }
.verdict { font-weight: 600; }
.verdict.good { color: var(--good); }
.verdict.review { color: var(--chart-line); }
.verdict.anomalous { color: var(--anomalous); }
.key { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .3em; }
.key.good, .bar.good { background: var(--good); }
.key.anomalous, .bar.anomalous { background: var(--anomalous); }
.key.line { background: var(--chart-line); }
.scale { display: inline-grid; grid-template-columns: repeat(3, auto); justify-content: space-between; width: 260px; max-width: 100%;
  color: var(--quiet); font-size: .8125rem; }
.scale i { grid-column: 1 / -1; height: 12px; border-radius: 3px; }
.bar { display: inline-block; height: .7em; border-radius: 2px; min-width: 1px; }
.lead { font-size: 1.1rem; margin-top: 16px; }
`;
