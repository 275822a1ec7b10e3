"""The look of what a learner answers: tasks, marks, predictions, the museum."""

from __future__ import annotations

STYLE = """
.standing { margin:0 0 1rem; color:var(--soft); font-variant-numeric:tabular-nums; min-height:2.6rem }
.standing p { margin:0 0 .35rem }
progress { appearance:none; display:block; width:100%; height:.4rem; border:0; border-radius:3px; overflow:hidden;
  background:color-mix(in srgb,var(--line) 60%,transparent) }
progress::-webkit-progress-bar { background:color-mix(in srgb,var(--line) 60%,transparent) }
progress::-webkit-progress-value { background:var(--accent) }
progress::-moz-progress-bar { background:var(--accent) }
.task:empty { display:none } .task > .complaint { margin:0; max-width:46rem; overflow-wrap:anywhere }
.task ~ .status[data-status=fail] { margin:0 0 1.2rem; max-width:46rem }
.task .caption { margin:0 0 .4rem }
.task h2 { font-size:1.3rem; line-height:1.4; max-width:46rem; margin:0 0 1.1rem; font-weight:620 }
.task h2:focus { outline:0 }
.task .actions:last-child { margin-bottom:0 }
.task .actions { margin-top:1.1rem }
.own-words { display:flex; flex-direction:column; gap:.3rem; color:var(--soft); font-size:.92rem }
textarea { font:inherit; color:var(--ink); background:var(--card); border-radius:7px; padding:.6rem .7rem; width:100%;
  border:1px solid color-mix(in srgb,var(--soft) 75%,transparent); resize:vertical }
.options { border:0; margin:1rem 0 0; padding:0; min-width:0 }
.options legend { padding:0; color:var(--soft); font-size:.92rem; margin-bottom:.4rem }
.options label { display:flex; gap:.8rem; align-items:baseline; padding:.6rem .8rem; margin:.35rem 0; cursor:pointer;
  border:1px solid var(--line); border-radius:8px; max-width:46rem; line-height:1.45 }
.options label:hover { border-color:var(--accent) }
.options label:has(:checked) { border-color:var(--accent);
  background:color-mix(in srgb,var(--accent) 8%,transparent) }
.options label:has(:focus-visible) { outline:3px solid var(--focus); outline-offset:2px }
.options label > span { min-width:0 }
.options input { min-height:0; flex:none; width:1.05rem; height:1.05rem; margin:0; accent-color:var(--accent);
  align-self:flex-start; margin-top:.25rem }
.options input:focus-visible { outline:0 }
label.typed { display:flex; flex-direction:column; gap:.3rem; color:var(--soft); font-size:.92rem; max-width:22rem }
label.typed input::placeholder { color:var(--soft); opacity:1 }
.told-mark:empty { display:none }
.told-mark > p { margin:0 0 .6rem; max-width:46rem }
.verdict { font-size:1.1rem; padding:.5rem .9rem; border-left:4px solid var(--fifth); border-radius:0 8px 8px 0;
  background:color-mix(in srgb,var(--fifth) 9%,transparent); font-variant-numeric:tabular-nums }
.verdict strong { font-weight:680; color:var(--fifth-ink) }
.verdict.right { border-color:var(--third); background:color-mix(in srgb,var(--third) 11%,transparent) }
.verdict.right strong { color:var(--third-ink) }
.verdict.almost { border-color:var(--second); background:color-mix(in srgb,var(--second) 11%,transparent) }
.verdict.almost strong { color:var(--second-ink) }
.told-mark .heading { color:var(--soft); margin:0 0 .1rem } .told-mark ul { margin:0 0 .8rem }
.again, .in-full { color:var(--soft); font-size:.94rem }
details { margin:.6rem 0 } summary { cursor:pointer; color:var(--link); padding:.25rem 0 }
.interviews { display:flex; flex-wrap:wrap; gap:.4rem 1.6rem; margin:0 0 1.6rem }
.transfer label { display:flex; flex-direction:column; gap:.35rem; color:var(--soft); font-size:.92rem }
.transfer code { overflow-wrap:anywhere; font-size:.88em }
.transfer input[type=file] { padding:.35rem .5rem; max-width:26rem; width:100% }
.clock { min-height:1.6em; margin:0 0 .6rem; color:var(--soft); font-variant-numeric:tabular-nums }
.clock[data-late] { color:var(--fifth-ink) }
.given { padding-left:1.4rem; margin:0 0 1.2rem } .given > li { margin:0 0 1.1rem } .given p { margin:0 0 .2rem }
.given ul { margin:.1rem 0 0 } .given .heading { color:var(--soft) } .given b { color:var(--ink) }
.transfer .status:empty, .task ~ .status:empty { min-height:0 }
.predict { margin:1rem 0 0 }
.predict .committed { color:var(--soft); margin:.4rem 0 0 } .predict .committed:empty { min-height:0; margin:0 }
.predict .committed[data-status=fail] { color:var(--fifth-ink) }
.predict:has(select) { padding:.9rem 1.1rem; border:1px dashed color-mix(in srgb,var(--soft) 60%,transparent);
  border-radius:8px }
.predict:has(select) .actions { margin:0 }
.predict label { display:flex; flex-direction:column; gap:.25rem; font-size:.88rem; color:var(--soft);
  margin:0 0 .8rem }
.predict p { max-width:46rem }
.predict .told-mark { margin-top:.6rem }
button.quiet { border-style:dashed; color:var(--link) }
.museum section h2 span { min-width:0 }
.beside { display:grid; gap:0 2rem; grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr)) }
.beside > div, .below > div { min-width:0 } .beside h3, .below h3 { margin:.4rem 0 .6rem }
"""
