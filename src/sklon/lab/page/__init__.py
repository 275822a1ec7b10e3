"""The lab as a page: ask, predict, run, see. The only importer of NiceGUI.

What lives here: the server and its guard, frames for the browser, the elements that draw them, and the pages. Whatever
is computed is computed elsewhere: experiments and answers in the lab, live training in ``lab.playground``.
"""
