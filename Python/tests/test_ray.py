"""Ray in local processes."""

import assay
import pytest
from conftest import FUNCTIONS

ray = pytest.importorskip("ray")
pytest.importorskip("ray.data")
pyarrow = pytest.importorskip("pyarrow")

import assay.ray  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_aggregates_are_those_of_one_process(rows, options):
    table = pyarrow.Table.from_pylist(rows)
    dataset = ray.data.from_arrow(table).repartition(5)
    scored = assay.ray.score(dataset, FUNCTIONS, by="model", batch_size=100, **options)
    assert scored.result().results == assay.score(table, FUNCTIONS, by="model", **options).results
    assert scored.rows.count() == len(rows)
