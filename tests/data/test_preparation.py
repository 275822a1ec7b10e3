"""Preparation: fitted on training rows, one JSON value, the same for any table with these columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError, RunFolderError
from sklon.data import (
    Classes,
    Codes,
    Dropped,
    Numeric,
    OneHot,
    Preparation,
    Quantity,
    column_from_array,
    column_from_text,
    fit_preparation,
    fit_recipe,
    fit_target,
    read,
)
from sklon.data.recipes import CLIP, MOST_BINS, MOST_ONE_HOT


def rich_columns(rows: int = 400) -> dict[str, Any]:
    """A table that meets every recipe."""
    random = np.random.default_rng(0)
    plain, holes = random.normal(5, 2, rows), random.normal(0, 1, rows)
    holes[::7] = np.nan
    return {
        "plain": plain,
        "holes": holes,
        "flag": random.integers(0, 2, rows),
        "colour": random.choice(["red", "green", "blue"], rows),
        "city": [f"city {i % 50}" for i in range(rows)],
        "id": [f"row {i}" for i in range(rows)],
        "same": np.ones(rows),
        "none": [None] * rows,
        "y": plain * 2 + (random.normal(size=rows) > 0),
    }


@pytest.fixture(name="prepared")
def _prepared() -> Preparation:
    return fit_preparation(read(rich_columns()), "y", "regression")


def test_each_column_gets_the_recipe_of_its_kind(prepared: Preparation) -> None:
    kinds = {recipe.name: type(recipe) for recipe in prepared.recipes}
    assert kinds == {
        "plain": Numeric,
        "holes": Numeric,
        "flag": Numeric,
        "colour": OneHot,
        "city": Codes,
        "id": Dropped,
        "same": Dropped,
        "none": Dropped,
    }
    assert "y" not in kinds and isinstance(prepared.target, Quantity)


def test_inputs_have_the_promised_shapes_and_types(prepared: Preparation) -> None:
    X, codes = prepared.inputs(read(rich_columns()))
    assert X.shape == (400, prepared.features) and X.dtype == np.float32
    assert codes.shape == (400,) and codes.dtype == np.int32
    assert codes.min() >= 0 and codes.max() < prepared.embedded[0].count
    assert np.isfinite(X).all()
    assert len(prepared.bends) == 2, "plain and holes; a flag is a straight line"
    np.testing.assert_allclose(np.median(X[:, 0]), 0, atol=0.01)
    np.testing.assert_allclose(np.subtract(*np.quantile(X[:, 0], (0.75, 0.25))), 1, atol=0.05)
    for value, edges in zip(X.T, prepared.bends, strict=False):
        np.testing.assert_allclose((value.min(), value.max()), (edges[0], edges[-1]), rtol=1e-6)
        assert (np.diff(np.array(edges, np.float32)) > 0).all()


def test_a_preparation_survives_json_with_the_same_inputs(prepared: Preparation) -> None:
    again = Preparation.from_json(json.loads(json.dumps(prepared.to_json())))
    assert again == prepared
    table = read(rich_columns(50))
    for one, other in zip(prepared.inputs(table), again.inputs(table), strict=True):
        np.testing.assert_array_equal(one, other)


def test_order_and_extra_columns_do_not_matter_but_absent_ones_do(prepared: Preparation) -> None:
    columns = rich_columns()
    shuffled = {"extra": np.arange(400)} | {name: columns[name] for name in reversed(columns)}
    for one, other in zip(prepared.inputs(read(columns)), prepared.inputs(read(shuffled)), strict=True):
        np.testing.assert_array_equal(one, other)
    del columns["id"], columns["same"], columns["y"]
    prepared.inputs(read(columns))
    columns["Colour"] = columns.pop("colour")
    with pytest.raises(InputError, match="lacks the column 'colour'; did you mean 'Colour'"):
        prepared.inputs(read(columns))


def test_nothing_of_the_other_rows_enters_the_fit() -> None:
    table = read({"x": [1.0, 2.0, 3.0, 1e9], "y": [1.0, 2.0, 3.0, 1e9]})
    part = fit_preparation(table.take(np.arange(3)), "y", "regression")
    assert part.recipes[0] == fit_recipe(column_from_text("x", ["1", "2", "3"]))
    assert isinstance(part.target, Quantity) and part.target.high == 3


def test_numbers_are_filled_marked_and_kept_within_what_was_seen() -> None:
    recipe = fit_recipe(column_from_text("x", ["0", "2", "4", "6", "?"]))
    assert isinstance(recipe, Numeric) and recipe.missing and recipe.fill == 3 and not recipe.bends
    features = recipe.features(column_from_text("x", ["3", "NA", "inf", "6", "1000"]))
    highest = 1 / np.sqrt(1 + (1 / CLIP) ** 2)  # of (6 − 3)/3
    np.testing.assert_allclose(features, [[0, 0], [0, 1], [0, 1], [highest, 0], [highest, 0]], rtol=1e-6)


def test_far_values_are_bent_together_and_stay_in_order() -> None:
    recipe = fit_recipe(read({"x": np.concatenate([np.linspace(0, 1, 4000), [1e3, 1e6, 1e9]])}).column("x"))
    assert isinstance(recipe, Numeric)
    value = recipe.values(read({"x": [0.0, 0.5, 1.0, 1e3, 1e9]}).column("x"))[:, 0]
    np.testing.assert_allclose(value[:3], [-0.9487, 0, 0.9487], atol=3e-3)
    assert (np.diff(value) > 0).all() and value[-1] <= CLIP


def test_values_of_any_two_magnitudes_stay_in_order() -> None:
    tiny, huge = np.linspace(1, 2, 90) * 1e-90, np.linspace(1, 2, 10) * 1e90
    recipe = fit_recipe(column_from_array("x", np.concatenate([tiny, huge])))
    assert isinstance(recipe, Numeric)
    value = recipe.values(column_from_array("x", np.array([1e-90, 2e-90, 2e90])))[:, 0]
    assert (np.diff(value) > 0).all() and value[-1] == CLIP


def test_bins_hold_equally_many_rows() -> None:
    values = np.random.default_rng(0).exponential(size=48_000)
    recipe = fit_recipe(read({"x": values}).column("x"))
    assert isinstance(recipe, Numeric) and recipe.width == 0
    counts, _ = np.histogram(recipe.values(read({"x": values}).column("x")), bins=np.array(recipe.bends[0]))
    assert len(counts) == MOST_BINS
    np.testing.assert_allclose(counts, len(values) / MOST_BINS, atol=2)


@pytest.mark.parametrize(("rows", "distinct", "bins"), [(50, 50, 0), (100, 100, 2), (1000, 2, 0), (1000, 5, 4)])
def test_bins_need_rows_and_values(rows: int, distinct: int, bins: int) -> None:
    recipe = fit_recipe(read({"x": np.arange(rows) % distinct}).column("x"))
    assert isinstance(recipe, Numeric)
    assert [len(edges) - 1 for edges in recipe.bends] == ([bins] if bins else []) and recipe.width == (not bins)


def test_zeros_in_most_rows_leave_scale_and_bins_to_the_others() -> None:
    gains = np.zeros(4000)
    gains[::10] = np.random.default_rng(0).lognormal(8, 1, 400)
    recipe = fit_recipe(read({"gain": gains}).column("gain"))
    assert isinstance(recipe, Numeric) and recipe.center == 0
    assert recipe.scale == pytest.approx(np.subtract(*np.quantile(gains[::10], (0.75, 0.25))))
    assert recipe.edges[0] == 0 and len(recipe.edges) > MOST_BINS - 4


def test_categories_unseen_rare_and_missing() -> None:
    seen = ["a"] * 5 + ["b"] * 5
    unseen = column_from_text("x", ["b", "zebra", None])
    plain = fit_recipe(column_from_text("x", seen))
    assert isinstance(plain, OneHot)
    assert plain.features(unseen).tolist() == [[0, 1], [0, 0], [0, 0]]
    pooled = fit_recipe(column_from_text("x", [*seen, "c", None]))
    assert isinstance(pooled, OneHot)
    assert pooled.features(unseen).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_many_categories_become_codes_with_zero_for_the_unknown() -> None:
    texts = [f"c{i % (MOST_ONE_HOT + 1):02d}" for i in range(400)]
    recipe = fit_recipe(column_from_text("x", texts))
    assert isinstance(recipe, Codes) and recipe.count == MOST_ONE_HOT + 2
    assert recipe.codes(column_from_text("x", ["c00", "c32", "zebra", None])).tolist() == [1, 33, 0, 0]


def test_a_table_without_a_usable_column_is_refused() -> None:
    with pytest.raises(InputError, match="no column to learn from: x is dropped: it is 1 in every row"):
        fit_preparation(read({"x": ["1", "1"], "y": ["0", "1"]}), "y", "binary")


def test_text_in_a_numeric_column_counts_as_missing_and_is_noted(prepared: Preparation) -> None:
    columns = rich_columns(3) | {"plain": ["1", "oops", "NA"]}
    assert prepared.notes(read(columns)) == ("plain has 1 values that are not numbers; they count as missing",)
    assert np.isfinite(prepared.inputs(read(columns))[0]).all()


def test_dates_in_another_format_count_as_missing_and_are_noted() -> None:
    days = [f"2024-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 21)]
    prepared = fit_preparation(read({"day": days, "y": np.arange(240.0)}), "y", "regression")
    said = "day has 2 values that are not dates in the format of the training rows; they count as missing"
    assert prepared.notes(read({"day": [*days, "24.12.2024", "soon", None]})) == (said,)
    assert prepared.notes(read({"day": days})) == ()


def test_quantities_go_there_and_back_and_stay_in_the_range_seen() -> None:
    column = read({"y": [10.0, 20.0, 60.0]}).column("y")
    target = fit_target(column, "regression")
    assert isinstance(target, Quantity)
    y = target.encode(column)
    assert y.shape == (3, 1) and y.dtype == np.float32
    np.testing.assert_allclose(target.decode(y), [10, 20, 60], rtol=1e-6)
    np.testing.assert_allclose(target.decode(np.array([[-99.0], [99.0]])), [10, 60])


def test_a_quantity_that_is_too_far_from_the_others_is_refused() -> None:
    target = fit_target(read({"y": [0.0, 1e-93, 0.0]}).column("y"), "regression")
    with pytest.raises(InputError, match="'y' holds 1, but the rows that are trained on lie within 0 and 1e-93"):
        target.encode(read({"y": [0.0, 1.0]}).column("y"))


def test_labels_keep_their_spelling_and_their_order() -> None:
    grades = column_from_text("y", ["10", "9", "01", "1", "9"])
    target = fit_target(grades, "multiclass")
    assert isinstance(target, Classes) and target.labels == ("01", "9", "10")
    assert target.encode(grades).tolist() == [2, 1, 0, 0, 1]
    assert fit_target(column_from_text("y", ["no", "yes", "no"]), "binary") == Classes(
        name="y", labels=("no", "yes"), binary=True
    )


@pytest.mark.parametrize("binary", [True, False])
def test_probabilities_sum_to_one_even_for_huge_outputs(binary: bool) -> None:
    target = Classes(name="y", labels=("a", "b"), binary=binary)
    outputs = np.array([[0, 1e4], [0, -1e4], [0, 0]])[:, int(binary) :]
    np.testing.assert_allclose(target.decode(outputs), np.array([[0, 1], [1, 0], [0.5, 0.5]]))


def test_a_label_that_no_training_row_has_is_refused() -> None:
    target = Classes(name="y", labels=("a", "b"), binary=True)
    assert target.encode(column_from_text("y", ["b", "a"])).tolist() == [[1], [0]]
    with pytest.raises(InputError, match="the label 'c', which no training row has"):
        target.encode(column_from_text("y", ["a", "c"]))


@pytest.mark.parametrize("damage", [{"version": 99}, {"columns": [{"kind": "magic"}]}])
def test_other_versions_are_refused(damage: dict[str, Any], prepared: Preparation) -> None:
    with pytest.raises(RunFolderError, match=r"version 99|unknown kind 'magic'"):
        Preparation.from_json(prepared.to_json() | damage)


@pytest.mark.parametrize("spelling", ["{:,.0f}", "{:,.2f}", "${:,}", "{} €", "{:.1f}%", "-{:,}"])
def test_numbers_with_marks_are_left_out_with_what_to_do(spelling: str) -> None:
    written = [spelling.format(1000 + 37 * row) for row in range(60)]
    assert fit_recipe(column_from_text("price", written)).describe().endswith("write them plainly, as 1234.5")
    for other in ("a note", "10.10.2.3", "12-3", "1,23,4"):
        found = fit_recipe(column_from_text("price", [*written, other])).describe()
        assert found == "dropped: its text is different in 61 of 61 rows"
