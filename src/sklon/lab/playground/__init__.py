"""The playground without its page: a training run on the real engine that obeys controls while it trains.

What lives here: the table of controls, settings as a link, the session in its thread, views as arrays, and what can be
taken away: the Python that reproduces a run, data, curves, a figure. No widget and no server.
"""

from .address import query_of, settings_of
from .controls import CONTROLS, Acts, Note, Row, bounded, settled
from .course import Change, Course, Ended
from .datasets import Data, Own, made, own_data
from .moment import Moment
from .landscape import landscape
from .layers import layers
from .session import Answer, Session
from .views import boundary

__all__ = [
    "CONTROLS",
    "Acts",
    "Answer",
    "Change",
    "Course",
    "Data",
    "Ended",
    "Moment",
    "Note",
    "Own",
    "Row",
    "Session",
    "bounded",
    "made",
    "own_data",
    "query_of",
    "settings_of",
    "settled",
]
