"""Quality and time on real tables, defaults only: ours beside networks and trees that people use.

``sets`` has the tables with their splits and published scores, ``systems`` a row per system, ``worker`` is the process
that fits one of them once, ``report`` makes a text and a picture of the results, and ``__main__`` runs what is missing.
"""
