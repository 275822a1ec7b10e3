"""The look of our pages: one style sheet, two palettes, no fetched font or file."""

STYLE = """
:root { --page:#fbfaf7; --card:#fff; --ink:#1d2328; --soft:#5b6670; --line:#dcdfe2; --accent:#0f6f8c;
  --second:#c2722c; --third:#4d8b3c;
  --fourth:#8a5aa8; --fifth:#b23a48; --sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
  --mono:ui-monospace,"SF Mono",Consolas,"DejaVu Sans Mono",monospace; color-scheme:light dark }
@media (prefers-color-scheme:dark) { :root { --page:#14181b; --card:#1b2024; --ink:#e6e9eb; --soft:#9aa5ad;
  --line:#343c42; --accent:#58b8d6; --second:#e0a05f;
  --third:#8cc47a; --fourth:#c39be0; --fifth:#e88a94 } }
* { box-sizing:border-box }
body { margin:0; background:var(--page); color:var(--ink); font:17px/1.55 var(--sans) }
header, main { max-width:64rem; margin:0 auto; padding:0 clamp(1rem,4vw,2.5rem) }
header { padding-top:clamp(1.5rem,5vw,3.5rem) }
.brand { margin:0; color:var(--accent); font-weight:700; letter-spacing:.04em }
.brand::before { content:""; display:inline-block; width:1.1em; height:.7em; margin-right:.45em;
  background:var(--accent); clip-path:polygon(0 0,100% 100%,0 100%) }
h1 { margin:.2rem 0 1.4rem; font-size:clamp(1.6rem,5vw,2.6rem); line-height:1.15; letter-spacing:-.015em;
  overflow-wrap:anywhere }
h2 { margin:0 0 1rem; font-size:1.2rem; letter-spacing:-.005em }
section { margin:0 0 1.6rem; padding:clamp(1rem,3vw,1.8rem); background:var(--card);
  border:1px solid var(--line); border-radius:10px }
.lead > p { margin:0 0 .8rem; max-width:46rem }
.lead > p:first-child { font-size:1.25rem; line-height:1.4 }
.bars { margin-top:1.4rem; padding-top:1.1rem; border-top:1px solid var(--line) }
.caption, figcaption { color:var(--soft); font-size:.88rem }
.caption { margin:0 0 .6rem }
.bar { display:grid; grid-template-columns:9.5rem 1fr 7.5rem; gap:.8rem; align-items:center; margin:.35rem 0;
  font-size:.95rem }
.who { overflow-wrap:anywhere }
.track { display:block; height:.95rem; border-radius:3px;
  background:color-mix(in srgb,var(--line) 55%,transparent) }
.fill { display:block; height:100%; min-width:2px; border-radius:3px; background:var(--soft); opacity:.55 }
.network .fill { background:var(--accent); opacity:1 }
.network { font-weight:650 }
.value { text-align:right; white-space:nowrap; font-variant-numeric:tabular-nums }
figure { margin:0 0 1.2rem; display:flex; flex-wrap:wrap; gap:.8rem 1.8rem; align-items:center }
figure svg { max-width:100%; height:auto; display:block; overflow:visible }
figure figcaption { flex:1 1 15rem }
section > figure:last-child { margin-bottom:0 }
.pair { display:grid; gap:1rem 2.5rem; grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr)) }
.pair figure { flex-direction:column; align-items:flex-start }
.pair figcaption { flex:none }
h3 { margin:1.6rem 0 .3rem; font-size:1rem; overflow-wrap:anywhere }
figure svg * { stroke-linejoin:round; stroke-linecap:butt }
figcaption { margin:0; line-height:1.5 }
.scroll { overflow-x:auto; margin:0 0 1.2rem }
.scroll:last-child { margin-bottom:0 }
table { border-collapse:collapse; width:100%; font-size:.93rem }
th, td { text-align:left; padding:.42rem .9rem .42rem 0; border-bottom:1px solid var(--line);
  vertical-align:top }
th { color:var(--soft); font-weight:600 }
tbody tr:last-child td { border-bottom:0 }
td { overflow-wrap:break-word }
td:first-child { min-width:8rem }
.numbers td:not(:first-child), .numbers th:not(:first-child) { text-align:right;
  font-variant-numeric:tabular-nums }
.numbers td:last-child, .numbers th:last-child { padding-right:0 }
.scores td:nth-child(2) b { font-weight:650; color:var(--accent) }
.scores b { font-weight:400 }
.scores small { display:block; color:var(--soft); font-size:.8rem; white-space:nowrap }
.fine td { font-size:.86rem; overflow-wrap:anywhere }
.columns { display:grid; gap:0 2.5rem; margin-top:1.2rem }
pre { margin:0 0 .8rem; padding:.8rem 1rem; white-space:pre-wrap; overflow-wrap:anywhere; border-radius:6px;
  font:.86rem/1.5 var(--mono);
  background:color-mix(in srgb,var(--line) 35%,transparent) }
ul { padding-left:1.2rem }
@media (min-width:52rem) { .columns { grid-template-columns:1fr 1fr } }
@media (max-width:34rem) { body { font-size:16px } .bar { grid-template-columns:1fr auto; gap:.1rem .8rem }
  .track { grid-column:1/-1; grid-row:2 } section { border-radius:8px }
  .scores small { white-space:normal } table { font-size:.84rem }
  th, td { padding-right:.6rem } td:first-child { min-width:5rem } }
@media print { body { background:#fff } section { break-inside:avoid } }
"""
