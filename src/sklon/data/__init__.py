"""Floor 7: tables: reading them, deciding the task, preparing columns, splitting rows. Data sets and loaders.

Nothing here knows of networks, and of tensors only the loaders: what comes out of tables are NumPy arrays and values
that JSON can hold.
"""

from __future__ import annotations

from .blocks import ArrayBlocks, Blocks, ParquetBlocks
from .dates import moments
from .demonstration import LETTERS, Demonstration
from .frames import column_of, is_frame, named_columns
from .loading import DataLoader, Dataset, TensorDataset
from .preparation import Inputs, Preparation, fit_preparation
from .reading import read
from .recipes import Calendar, Codes, Dropped, Numeric, OneHot, Recipe, fit_recipe
from .sampling import Balanced, InOrder, PerMember, Sampler, Shuffled, Stratified, Weighted
from .splits import Split, sample_rows, split_groups, split_latest, split_rows
from .table import (
    Column,
    Table,
    Texts,
    array_of,
    brief,
    check_table,
    column_from_array,
    column_from_text,
    is_missing,
    nearest,
)
from .target import Classes, Quantity, Target, fit_target
from .task import BINARY, MULTICLASS, REGRESSION, TASKS, Task, decide_task

__all__ = [
    "BINARY",
    "LETTERS",
    "MULTICLASS",
    "REGRESSION",
    "TASKS",
    "ArrayBlocks",
    "Balanced",
    "Blocks",
    "Calendar",
    "Classes",
    "Codes",
    "Column",
    "DataLoader",
    "Dataset",
    "Demonstration",
    "Dropped",
    "InOrder",
    "Inputs",
    "Numeric",
    "OneHot",
    "ParquetBlocks",
    "PerMember",
    "Preparation",
    "Quantity",
    "Recipe",
    "Sampler",
    "Shuffled",
    "Split",
    "Stratified",
    "Table",
    "Target",
    "Task",
    "TensorDataset",
    "Texts",
    "Weighted",
    "array_of",
    "brief",
    "check_table",
    "column_from_array",
    "column_from_text",
    "column_of",
    "decide_task",
    "fit_preparation",
    "fit_recipe",
    "fit_target",
    "is_frame",
    "is_missing",
    "moments",
    "named_columns",
    "nearest",
    "read",
    "sample_rows",
    "split_groups",
    "split_latest",
    "split_rows",
]
