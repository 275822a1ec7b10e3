"""What the lab's page adds to the look of all our pages."""

STYLE = """
.contents { display:grid; gap:.2rem 2.5rem; grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));
  margin:0 0 2rem }
.contents h3 { margin:.9rem 0 .2rem; font-size:.95rem; color:var(--soft) }
.contents ul { list-style:none; margin:0; padding:0 }
.contents li { margin:.25rem 0; line-height:1.35 }
a { color:var(--accent); text-underline-offset:.15em }
.contents a { color:inherit; text-decoration:none }
.contents a:hover, .contents a:focus { text-decoration:underline }
.contents b { color:var(--accent); font-weight:650; margin-right:.25em }
section > .caption:first-child { margin-bottom:.15rem }
section h2 { font-size:1.45rem; line-height:1.25; margin-bottom:.9rem }
section p, section li { max-width:46rem }
.short { padding:.1rem 0 .1rem 1rem; margin:0 0 1.1rem; border-left:3px solid var(--accent); font-size:1.08rem }
aside { margin:1.2rem 0; padding:.7rem 1rem; border-radius:8px;
  background:color-mix(in srgb,var(--second) 11%,transparent) }
aside h3 { margin:0 0 .2rem; color:var(--second); font-size:.95rem }
aside p { margin:.3rem 0 }
.experiment { margin:1.6rem 0; padding-top:1rem; border-top:1px solid var(--line) }
.experiment h3 { margin-top:0 }
.experiment figure { flex-direction:column; align-items:flex-start }
.experiment figcaption { flex:none; max-width:46rem }
.badge { white-space:nowrap; font-size:.86em; padding:.08em .5em; border-radius:1em; font-variant-numeric:tabular-nums;
  background:color-mix(in srgb,var(--third) 16%,transparent) }
.badge.fails { background:color-mix(in srgb,var(--fifth) 25%,transparent) }
.checks td:first-child { min-width:14rem }
.holds { color:var(--third) } .fails { color:var(--fifth) }
.badge.holds, .badge.fails { color:inherit }
.follow-up h4 { margin:.9rem 0 .2rem; font-size:1rem } .follow-up p { margin:.2rem 0 }
.sources { font-size:.92rem } .sources a { overflow-wrap:anywhere }
math { font-size:1.06em } .math.block { overflow-x:auto; overflow-y:hidden; margin:.9rem 0; text-align:center }
.math.block > math:not(:only-child) { display:math } .quad { word-spacing:1.6em }
@media (max-width:34rem) { .badge { white-space:normal } .checks td:first-child { min-width:9rem } }
@media print { body { font-size:11pt } section { border:0; padding:0; break-inside:auto; break-before:page }
  .lead, .contents { break-before:auto } figure, .experiment table, aside { break-inside:avoid }
  .contents a { text-decoration:none } }
"""
