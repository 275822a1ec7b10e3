"""The look of the lab's page: that of our other pages, and what a page that lives needs beside it."""

from __future__ import annotations

from sklon.lab.report_style import STYLE as REPORT
from sklon.runs.page_style import STYLE as HOUSE

from .compare_style import STYLE as COMPARE
from .learner_style import STYLE as LEARNER

PAGE = """
:root { --zero:#0f6f8c; --one:#c2722c; --middle:#f4f2ec; --focus:#0f6f8c; --link:#0c617b }
@media (prefers-color-scheme:dark) { :root { --zero:#58b8d6; --one:#e0a05f; --middle:#1b2024; --focus:#8fd3ea;
  --link:#7cc9e2 } }
.q-layout, .q-page { min-height:0 !important }
main.q-page { max-width:none; margin:0; padding:0 }
.nicegui-content { display:block; padding:0 clamp(1rem,4vw,2.5rem); max-width:64rem; margin:0 auto; outline:0 }
h1, h2, h3, h4 { font-weight:680; letter-spacing:-.01em } h2 { font-size:1.2rem; line-height:1.35 }
h3, h4 { line-height:1.35 } h1, h2, h3 { text-wrap:balance }
section p, section li, .lead-in { max-width:41rem; text-wrap:pretty }
header.bar { display:flex; flex-wrap:wrap; gap:.3rem 1.6rem; align-items:center; max-width:64rem;
  padding-top:1.1rem; padding-bottom:.2rem; margin:0 auto; font-size:.95rem }
header.bar .brand { font-size:1rem; text-decoration:none; color:var(--link) }
header.bar nav { display:flex; flex-wrap:wrap; gap:.3rem 1.2rem }
header.bar .languages { margin-left:auto }
.skip { position:absolute; left:-99rem; padding:.5rem .9rem; background:var(--card);
  border-radius:0 0 8px 0; z-index:9 }
.skip:focus { left:0; top:0 }
a { color:var(--link) }
header.bar nav a { color:var(--ink); text-decoration:none; padding:.25rem 0 }
header.bar nav a:hover { text-decoration:underline }
header.bar nav a[aria-current] { color:var(--link); font-weight:650 }
:focus-visible { outline:3px solid var(--focus); outline-offset:2px; border-radius:3px }
h1 { margin:clamp(1.2rem,4vw,2.4rem) 0 1rem; font-size:clamp(1.55rem,4.4vw,2.3rem); max-width:46rem }
.lead-in { font-size:1.15rem; color:var(--soft); margin:0 0 2rem }
.topics { columns:26rem 2; column-gap:1.2rem; margin:0 0 1.4rem }
.topics section { margin:0 0 1.2rem; padding:1.1rem 1.3rem .6rem; break-inside:avoid }
.topics :is(h2,h3) { font-size:1.02rem; margin:0 0 .5rem; display:flex; gap:.6rem; align-items:baseline }
.over { margin:0 0 .9rem; font-size:1.3rem }
.doors { display:grid; grid-template-columns:repeat(4,minmax(0,1fr)); gap:1.2rem; margin:0 0 2.4rem }
.doors a { display:flex; flex-direction:column; padding:1rem 1.1rem 1.1rem; color:inherit; text-decoration:none;
  background:var(--card); border:1px solid var(--line); border-radius:10px; line-height:1.4 }
.doors a:hover { border-color:var(--accent) } .doors a:hover b { text-decoration:underline }
.doors svg { width:7.5rem; max-width:100%; margin:0 0 .8rem; fill:none; stroke-width:2.5; stroke-linecap:round }
.doors b { color:var(--link); font-weight:680; font-size:1.08rem } .doors span { color:var(--soft); font-size:.9rem }
.doors .line { stroke:var(--accent) } .doors .other { stroke:var(--second); stroke-dasharray:5 5 }
.doors .dot { fill:var(--accent) } .doors .mark { fill:var(--second) } .doors .grid { stroke:var(--line) }
.doors .field { fill:color-mix(in srgb,var(--accent) 14%,transparent) }
.topics :is(h2,h3) small { color:var(--soft); font-weight:400; font-variant-numeric:tabular-nums }
.topics ul { list-style:none; margin:0; padding:0 }
.topics li { margin:0; border-top:1px solid var(--line) }
.topics li a { display:flex; gap:.7rem; padding:.5rem 0; color:inherit; text-decoration:none; line-height:1.35 }
.topics li a:hover, .topics li a:focus-visible { color:var(--link); text-decoration:underline }
.topics li b { color:var(--link); font-weight:650; flex:0 0 2.7rem; font-variant-numeric:tabular-nums }
.crumb { margin:clamp(1rem,3vw,1.8rem) 0 0; color:var(--soft); font-size:.92rem }
.crumb + h1 { margin-top:.3rem }
aside h2 { margin:0 0 .2rem; color:var(--second-ink); font-size:.95rem } aside p:first-child { margin-top:0 }
:root { --second-ink:#94521a }
@media (prefers-color-scheme:dark) { :root { --second-ink:#e0a05f } }
.short > div > p:first-child { margin-top:.2rem } .short > div > p:last-child { margin-bottom:.2rem }
.follow-ups h3 { margin:1.2rem 0 .15rem } .follow-ups h2 + h3 { margin-top:.2rem } .follow-ups p { margin:.2rem 0 }
section > h2:first-child { margin-bottom:.6rem }
.experiment-card { scroll-margin-top:1rem }
.experiment-card h2 small { color:var(--soft); font-weight:400 }
.badge { font-size:.84em; padding:.1em .55em }
.badge.pending { color:var(--soft); background:color-mix(in srgb,var(--line) 45%,transparent) }
.badge.pending:is(a) { text-decoration:none; font-weight:650; padding-inline:.7em;
  outline:1px dashed color-mix(in srgb,var(--soft) 55%,transparent); outline-offset:-1px }
.badge.pending:is(a):hover { color:var(--link); outline-color:var(--link) }
.badge.pending:is(a):focus-visible { outline:3px solid var(--focus); outline-offset:2px }
.settings { display:flex; flex-wrap:wrap; gap:.8rem 1.4rem; align-items:start; margin:1rem 0 .8rem }
.settings label { display:flex; flex-direction:column; gap:.25rem; font-size:.88rem; color:var(--soft); max-width:100% }
input, select, button { font:inherit; color:var(--ink); background:var(--card); border:1px solid
  color-mix(in srgb,var(--soft) 75%,transparent); border-radius:7px; padding:.42rem .7rem;
  min-height:2.6rem; max-width:100% }
input[type=number] { width:8.5rem; font-variant-numeric:tabular-nums }
input[type=range] { width:14rem; padding:0; min-height:2rem; accent-color:var(--accent); border:0; background:none }
input[aria-invalid=true] { border-color:var(--fifth) }
button { cursor:pointer; padding-inline:1.1rem }
button:hover:not([aria-disabled]) { border-color:var(--accent) }
button[aria-disabled] { cursor:default; color:var(--soft); border-color:var(--line) }
button.first { background:var(--act); border-color:var(--act); color:#fff; font-weight:600 }
button.first[aria-disabled] { background:var(--line); border-color:var(--line); color:var(--soft) }
:root { --act:#0f6f8c }
@media (prefers-color-scheme:dark) { :root { --act:#156f89 } }
.actions { display:flex; flex-wrap:wrap; gap:.7rem; align-items:center; margin:0 0 1rem }
.status { color:var(--soft); margin:0; min-height:1.6em; font-variant-numeric:tabular-nums; overflow-wrap:anywhere }
.status[data-status=pass] { color:var(--third-ink) } .status[data-status=fail] { color:var(--fifth-ink) }
:root { --third-ink:#3a6f2c; --fifth-ink:#a02f3d }
@media (prefers-color-scheme:dark) { :root { --third-ink:#8cc47a; --fifth-ink:#f0a0a9 } }
.holds { color:var(--third-ink) } .fails { color:var(--fifth-ink) }
.complaint { color:var(--fifth-ink); margin:.2rem 0 .6rem }
.complaint:empty { display:none }
.result { margin-top:1.2rem } .result:empty { display:none }
.result figure { flex-direction:column; align-items:flex-start }
.result figcaption { flex:none; max-width:41rem }
.result .picture { max-width:100%; margin:0 0 .4rem } .checks td:nth-child(n+2) { white-space:nowrap }
.checks :is(td,th):last-child { position:sticky; right:0; background:var(--card); padding-left:.6rem;
  box-shadow:-.7rem 0 .6rem -.2rem var(--card) }
.question > aside:last-child { margin-bottom:0 }
@media (min-width:62rem) { .question { display:grid; grid-template-columns:minmax(0,1fr) 15.5rem; gap:0 2.2rem;
  grid-template-rows:auto 1fr } .question > * { grid-column:1 } .question > aside { grid-area:1/2/3/3; margin:0;
  align-self:start; font-size:.94rem } }
.scroll:focus-visible, .math.block:focus-visible { outline-offset:-2px }
@media (max-width:44rem) { .math.long { display:inline-block; max-width:100%; overflow-x:auto;
  vertical-align:bottom } }
.held { white-space:nowrap }
mtd { padding:.5ex .4em } .math.block { padding:.45em 0; margin:.45rem 0 }
.turn { display:flex; flex-wrap:wrap; justify-content:space-between; gap:.6rem 2rem; margin:0 0 2.4rem }
.turn a { max-width:26rem }
.turn a:last-child:not(:first-child) { text-align:right; margin-left:auto }
.turn small { display:block; color:var(--soft) }
footer { max-width:64rem; margin:0 auto; padding:1.2rem clamp(1rem,4vw,2.5rem) 2rem; color:var(--soft);
  font-size:.88rem; border-top:1px solid var(--line) }
footer p { margin:0 }
.views { display:grid; gap:1.6rem; grid-template-columns:minmax(0,21rem) minmax(0,1fr); align-items:start }
.boundary canvas { display:block; width:100%; aspect-ratio:1; border-radius:8px; background:var(--middle) }
.curve .drawing { width:100%; height:20.5rem }
.told { color:var(--soft); font-size:.88rem; margin:.5rem 0 0; min-height:1.4em; font-variant-numeric:tabular-nums }
.views .caption { color:var(--soft); font-size:.84rem; margin:.4rem 0 0; overflow-wrap:anywhere }
.notes { color:var(--soft); margin:0 0 .6rem } .notes:empty, .ended:empty { display:none }
.ended { margin:.6rem 0 0 } .ended[data-reason=diverged] { color:var(--fifth-ink) }
.working { position:fixed; right:1rem; bottom:1rem; margin:0; padding:.35rem .9rem; color:var(--ink); font-size:.88rem;
  background:var(--card); border:1px solid var(--line); border-radius:8px; z-index:8; pointer-events:none }
.working::before { content:""; display:inline-block; width:.55em; height:.55em; margin-right:.5em; border-radius:50%;
  background:var(--accent) }
.working:empty { display:none }
.stage .actions { align-items:end; margin-bottom:1.2rem }
.stage .actions label { display:flex; flex-wrap:wrap; gap:.1rem .6rem; font-size:.88rem; color:var(--soft) }
.stage .actions .rewind { flex:1 1 9rem } .stage .actions .rewind input { width:100% }
.stage .actions .pace { flex-direction:column }
.value { color:var(--ink); font-variant-numeric:tabular-nums; font-weight:600; margin-left:auto }
.stage .told { position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); margin:0 }
.stage > .status { margin-top:.8rem; max-width:none }
.glance { position:sticky; top:0; z-index:3; display:flex; gap:.8rem; align-items:center; min-height:5.4rem;
  background:var(--card); padding:.4rem 0; margin:0 0 .8rem; border-bottom:1px solid var(--line) }
.glance .pictures { flex:none; display:flex; gap:.5rem }
.glance canvas { width:4.6rem; height:4.6rem; border-radius:6px; background:var(--middle) }
.glance p { margin:0; font-size:.82rem; line-height:1.35; color:var(--soft); font-variant-numeric:tabular-nums;
  overflow-wrap:anywhere }
html:has(.glance) { scroll-padding-top:8rem } html:has(.which:not(:empty)) { scroll-padding-top:14rem }
.glance ~ .which:not(:empty) { top:5.3rem }
.knobs { columns:4 12rem; column-gap:1.8rem }
.knobs fieldset { break-inside:avoid; margin:0 0 1.2rem; border:0; border-top:2px solid var(--line);
  padding:.5rem 0 0; min-width:0 }
.knobs legend { font-weight:650; padding:0 .6rem 0 0 }
.knobs .acts { color:var(--soft); font-size:.82rem; margin:0 0 .7rem }
.knob { margin:0 0 .9rem } .knob label { display:flex; flex-wrap:wrap; gap:.15rem .6rem; font-size:.94rem }
.knob input, .knob select { width:100% }
.knob small { display:block; color:var(--soft); font-size:.82rem; line-height:1.35; margin-top:.3rem }
.knob label.off, .knob label.off + small { color:var(--soft) } .knob label.off .value { color:var(--soft) }
details { border-top:1px solid var(--line); padding:.7rem 0 }
details > summary { cursor:pointer; padding:.2rem 0; display:list-item; list-style:disclosure-closed inside }
details[open] > summary { margin-bottom:.7rem; list-style-type:disclosure-open }
section > :is(details,.actions,p):last-child { margin-bottom:0 } section > details:last-child { padding-bottom:0 }
.inside .bars { margin:0; padding:0; border-top:0 }
.inside table { font-size:.88rem } .inside td, .inside th { vertical-align:middle }
.inside tbody tr:last-child th { border-bottom:0 }
.inside :is(td,th):first-child { position:sticky; left:0; background:var(--card);
  box-shadow:.5rem 0 .5rem -.2rem var(--card) }
.inside figure { display:block; margin:1rem 0 0 } .inside .picture svg { max-width:100%; height:auto }
.bars { display:block; width:7.5rem; height:2.2rem; fill:var(--accent); border-bottom:1px solid var(--line) }
.ends { display:flex; justify-content:space-between; width:7.5rem; color:var(--soft); font-size:.75rem; gap:.5rem }
.maps { display:grid; gap:1.2rem; grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr)) }
.maps figure { margin:0 } .maps figcaption { font-size:.82rem; color:var(--soft) }
.map { display:block; width:100%; aspect-ratio:1; background:var(--middle); border-radius:6px }
pre { overflow-wrap:anywhere }
@media (max-width:44rem) { .picture svg { max-width:max(100%,calc(var(--panels)*17rem)) }
  .views { grid-template-columns:minmax(0,1fr) } .curve .drawing { height:16rem }
  header.bar { column-gap:1rem; padding-top:.8rem } header.bar .languages { order:1 }
  header.bar .brand + nav { order:2; flex:1 0 100%; justify-content:space-between; gap:.2rem .6rem }
  header.bar nav a { font-size:.9rem } button { padding-inline:.75rem } .actions { gap:.5rem }
  .stage .actions button { padding-inline:.5rem; font-size:.94rem } .stage .actions .rewind { flex-basis:100% }
  .turn a { flex:1 0 100% } .doors { grid-template-columns:repeat(2,minmax(0,1fr)); gap:.8rem }
  .doors a { padding:.8rem .9rem } .doors svg { width:5.5rem; margin-bottom:.5rem } }
@media (max-width:44rem) { .checks tr { display:flex; flex-wrap:wrap; padding:.35rem 0;
  border-bottom:1px solid var(--line) } .checks tbody tr:last-child { border-bottom:0 }
  .checks tr > :is(td,th):nth-child(n) { flex:1 1 0; min-width:0; border:0; padding:.15rem .4rem .15rem 0;
  position:static; box-shadow:none; text-align:left; white-space:normal }
  .checks tr > th:nth-child(n) { font-size:.7rem }
  .checks tr > :is(td,th):first-child { flex:1 0 100% }
  .checks tr > :last-child:nth-child(n) { text-align:right; padding-right:0 }
  .checks tr > :last-child:nth-child(5) { flex:0 0 2.7rem } }
@media (min-width:64rem) and (min-height:58rem) { html:has(.stage):has(.glance) { scroll-padding-top:33rem }
  .stage { position:sticky; top:0; z-index:2 } .stage .views { grid-template-columns:minmax(0,18rem) minmax(0,1fr) }
  .stage .curve .drawing { height:17.5rem } .glance { display:none } .glance ~ .which:not(:empty) { top:0 } }
@media (prefers-reduced-motion:reduce) { * { scroll-behavior:auto !important; transition:none !important } }
"""

STYLE = HOUSE + REPORT + PAGE + LEARNER + COMPARE
