"""Ray in local processes."""

import assay
import pytest
from conftest import RATING, model_config

pytest.importorskip("ray")
pytest.importorskip("ray.data")
pyarrow = pytest.importorskip("pyarrow")

import assay.ray  # noqa: E402


def blocks(ray, table, count):
    """A dataset of so many blocks."""
    size = -(-table.num_rows // count)
    return ray.data.from_arrow([table.slice(start, size) for start in range(0, table.num_rows, size)])


def test_rows_and_filters_that_leave_blocks_empty(ray_cluster, rows):
    table = pyarrow.Table.from_pylist(rows[:60]).sort_by("model")
    chosen = {"where": ["model=6b_finetuning"], "by": "model"}
    scored = assay.ray.score(blocks(ray_cluster, table, 4), "basic::subset_of", batch_size=10, **chosen)
    whole = assay.score(table, "basic::subset_of", **chosen)
    assert scored.result().results == whole.results
    found = scored.rows.to_pandas()
    assert len(found) == len(whole.rows) and "basic::subset_of.score" in found.columns


def test_a_budget_is_that_of_all_actors(ray_cluster, rows, judge, tmp_path):
    dataset = ray_cluster.data.from_arrow(pyarrow.Table.from_pylist(rows[:80]))
    scored = assay.ray.score(
        dataset, {"llm-as-judge::base": RATING}, batch_size=8, max_requests=30, no_cache=True,
        config=model_config(judge, tmp_path / "models.json"))
    assert judge.requests == scored.result().usage["requests"] == 30
    assert scored.result().counts["llm-as-judge::base"]["not_asked"] == 50


def test_a_limit_is_refused(ray_cluster):
    with pytest.raises(assay.AssayError, match="limit the rows before"):
        assay.ray.score(ray_cluster.data.range(3), "basic::subset_of", limit=3)
