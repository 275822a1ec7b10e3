"""Learning with the lab: predict first, test oneself, come back when it is time. No page and no terminal here.

::

    items        what can be asked: from the question files, active faults, fresh numbers (fresh)
    tasks        an item and a seed make a task; what the learner gives makes it marked
    grading      shares and ratings; typed reads numbers as people write them
    predicting   commit a number or a choice before an experiment runs
    scheduling   when to ask again (the only importer of fsrs)
    planning     what to ask one learner now: the questions' items, and what was predicted before a run
    telling      what is told, in sentences of ``words``
    interview    a draw of mixed topics with a time for each
    progress     reviews and interviews as values; file keeps them, written is their JSON

>>> from sklon.lab import learning
>>> task = learning.pose(learning.item_of("Q1/recall-1"))
>>> task.mark(range(len(task.points))).grade.rating
'good'
"""

from __future__ import annotations

from . import telling, words
from .file import ProgressFile, progress_file
from .grading import Grade, grade_choice, grade_number, grade_recall
from .interview import Given, Planned, draw, interview_of, missed, topic_of, weakness
from .items import (
    ActiveFault,
    FalseStatement,
    FreshNumbers,
    Item,
    KeyPoints,
    NumberPrediction,
    Verdict,
    all_items,
    item_of,
    items_of,
    predictable,
    verdict_of,
)
from .planning import Kept, Standing, askable, keep, plan, standing
from .predicting import Commitment, commit_number, commit_verdict, mark
from .progress import Answered, Interview, Progress, Review
from .scheduling import NEW_A_DAY, Agenda, Memory, agenda, memories
from .tasks import ChoiceTask, Marked, NumberTask, PointsTask, Task, observations, pose
from .typed import read_number

__all__ = [
    "NEW_A_DAY",
    "ActiveFault",
    "Agenda",
    "Answered",
    "ChoiceTask",
    "Commitment",
    "FalseStatement",
    "FreshNumbers",
    "Given",
    "Grade",
    "Interview",
    "Item",
    "Kept",
    "KeyPoints",
    "Marked",
    "Memory",
    "NumberPrediction",
    "NumberTask",
    "Planned",
    "PointsTask",
    "Progress",
    "ProgressFile",
    "Review",
    "Standing",
    "Task",
    "Verdict",
    "agenda",
    "all_items",
    "askable",
    "commit_number",
    "commit_verdict",
    "draw",
    "grade_choice",
    "grade_number",
    "grade_recall",
    "interview_of",
    "item_of",
    "items_of",
    "keep",
    "mark",
    "memories",
    "missed",
    "observations",
    "plan",
    "pose",
    "predictable",
    "progress_file",
    "read_number",
    "standing",
    "telling",
    "topic_of",
    "verdict_of",
    "weakness",
    "words",
]
