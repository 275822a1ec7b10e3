"""The playground without its page: a training run on the real engine that obeys controls while it trains.

What lives here: the table of controls, settings as a link, the session in its thread and two of them in lock step,
views as arrays, and what can be taken away: the Python that reproduces a run, data, curves, a figure. No widget and no
server.

>>> from sklon.lab.playground import Session, boundary, script
>>> with Session("data=circles&width=4") as session:
...     moment = session.step(20)
>>> boundary(moment).planes.dtype, script(moment).count("trainer.fit")
(dtype('uint8'), 2)
"""

from .address import differing_in, query_of, query_of_two, settings_beside, settings_of, two_queries
from .answers import Answer
from .comparison import (
    RUNS,
    curves_by_step,
    curves_text_of_two,
    data_text_of_two,
    differences,
    picture_of_two,
    settings_text_of_two,
)
from .continued import Continued
from .controls import CONTROLS, Acts, Note, Row, bounded, matters, settled
from .course import Change, Course, Ended
from .datasets import Data, Own, made, own_data
from .divergence import Explanation, curvature, explanation
from .export import curves_text, data_text, picture, settings_text
from .landscape import Landscape, landscape
from .layers import Histogram, Layer, layers
from .moment import Moment
from .pair import Moments, Pair
from .script import script, script_of_two
from .session import Session
from .views import Boundary, Fitted, Losses, Weights, accuracy, boundary, fitted, losses, weights

__all__ = [
    "CONTROLS",
    "RUNS",
    "Acts",
    "Answer",
    "Boundary",
    "Change",
    "Continued",
    "Course",
    "Data",
    "Ended",
    "Explanation",
    "Fitted",
    "Histogram",
    "Landscape",
    "Layer",
    "Losses",
    "Moment",
    "Moments",
    "Note",
    "Own",
    "Pair",
    "Row",
    "Session",
    "Weights",
    "accuracy",
    "boundary",
    "bounded",
    "curvature",
    "curves_by_step",
    "curves_text",
    "curves_text_of_two",
    "data_text",
    "data_text_of_two",
    "differences",
    "differing_in",
    "explanation",
    "fitted",
    "landscape",
    "layers",
    "losses",
    "made",
    "matters",
    "own_data",
    "picture",
    "picture_of_two",
    "query_of",
    "query_of_two",
    "script",
    "script_of_two",
    "settings_beside",
    "settings_of",
    "settings_text",
    "settings_text_of_two",
    "settled",
    "two_queries",
    "weights",
]
