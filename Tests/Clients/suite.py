"""What a user of the Python client does with a server. Takes the server's URL and a folder that it may read."""

import base64
import logging
import sys
import time
import warnings

import llama_stack_client
from llama_stack_client import LlamaStackClient

from results import report

warnings.simplefilter("ignore", DeprecationWarning)
logging.getLogger("httpx").setLevel(logging.WARNING)
URL, FOLDER = sys.argv[1], sys.argv[2]
client = LlamaStackClient(base_url=URL, max_retries=0)
# From 0.3 on, the younger parts of the API are in groups of their own.
datasets = client.beta.datasets if hasattr(client, "beta") else client.datasets
evaluation = client.alpha.eval if hasattr(client, "alpha") else client.eval
benchmarks = client.alpha.benchmarks if hasattr(getattr(client, "alpha", None), "benchmarks") else client.benchmarks
ROWS = [
    {"input_query": "1+1", "generated_answer": "It is 2.", "expected_answer": "2"},
    {"input_query": "2+2", "generated_answer": "It is 5.", "expected_answer": "4"},
    {"input_query": "3+3", "generated_answer": None, "expected_answer": "6"},
]
FUNCTIONS = {"basic::subset_of": None, "basic::equality": {"type": "basic", "aggregation_functions": ["accuracy"]}}


def refused(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def test_inspection():
    assert client.inspect.health().status == "OK"
    assert client.inspect.version().version
    assert any(route.route == "/v1/scoring/score" for route in client.routes.list())
    providers = {provider.provider_id: provider for provider in client.providers.list()}
    assert providers["basic"].api == "scoring" and providers["basic"].provider_type == "inline::basic"
    assert client.providers.retrieve("localfs").api == "datasetio"


def test_scoring_functions():
    ids = [function.identifier for function in client.scoring_functions.list()]
    assert "basic::subset_of" in ids and "llm-as-judge::base" in ids
    function = client.scoring_functions.retrieve("basic::subset_of")
    assert function.provider_id == "basic" and function.return_type.type == "number"
    params = {
        "type": "regex_parser", "parsing_regexes": [r"is (\d)"], "aggregation_functions": ["accuracy"],
    }
    for _ in range(2):
        client.scoring_functions.register(
            scoring_fn_id="mine::digit", description="the digit", return_type={"type": "number"}, provider_id="basic",
            provider_scoring_fn_id="regex_parser_multiple_choice_answer", params=params)
    assert client.scoring_functions.retrieve("mine::digit").params.parsing_regexes == [r"is (\d)"]
    result = client.scoring.score(input_rows=ROWS[:2], scoring_functions={"mine::digit": None}).results["mine::digit"]
    assert [row["score"] for row in result.score_rows] == [1.0, 0.0]
    refused(llama_stack_client.ConflictError, lambda: client.scoring_functions.register(
        scoring_fn_id="mine::digit", description="another", return_type={"type": "number"}, provider_id="basic",
        provider_scoring_fn_id="regex_parser_multiple_choice_answer", params=params))
    refused(llama_stack_client.NotFoundError, lambda: client.scoring_functions.retrieve("no::such"))
    refused(llama_stack_client.BadRequestError, lambda: client.scoring.score(
        input_rows=ROWS, scoring_functions={"no::such": None}))


def check_results(results):
    subset = results["basic::subset_of"]
    assert [row["score"] for row in subset.score_rows] == [1.0, 0.0, None]
    assert subset.score_rows[2]["outcome"] == "input_error"
    assert subset.aggregated_results["accuracy"] == {"accuracy": 0.5, "num_correct": 1, "num_total": 2}
    assert results["basic::equality"].aggregated_results["accuracy"]["num_correct"] == 0


def test_score():
    check_results(client.scoring.score(input_rows=ROWS, scoring_functions=FUNCTIONS).results)


def test_judge():
    client.scoring_functions.register(
        scoring_fn_id="mine::judge", description="a grade", return_type={"type": "number"}, provider_id="llm-as-judge",
        provider_scoring_fn_id="llm-as-judge-base", params={
            "type": "llm_as_judge", "prompt_template": "Output a number for: {generated_answer}", "judge_model": "judge",
            "judge_score_regexes": [r"Number: (\d+)"], "aggregation_functions": ["average"],
        })
    rows = [{"generated_answer": f"Grade me {n}"} for n in [5, 5, 5, 6, 6]]
    result = client.scoring.score(input_rows=rows, scoring_functions={"mine::judge": None}).results["mine::judge"]
    assert result.score_rows[0] == {"score": 5, "judge_feedback": "Number: 5"}
    assert result.aggregated_results == {"average": {"average": 5.4}}


def test_datasets():
    source = {"type": "rows", "rows": ROWS}
    for _ in range(2):
        made = datasets.register(
            purpose="eval/question-answer", source=source, dataset_id="clients/d::1", metadata={"by": "suite"})
        assert made.identifier == "clients/d::1" and made.source.type == "rows" and made.metadata == {"by": "suite"}
    refused(llama_stack_client.ConflictError, lambda: datasets.register(
        purpose="eval/messages-answer", source=source, dataset_id="clients/d::1"))
    assert datasets.retrieve(dataset_id="clients/d::1").source.rows == ROWS
    assert "clients/d::1" in [dataset.identifier for dataset in datasets.list()]
    page = datasets.iterrows(dataset_id="clients/d::1", start_index=1, limit=1)
    assert page.data == ROWS[1:2] and page.has_more
    more = [{"input_query": "é\n", "n": [1, {"a": None}]}]
    if hasattr(datasets, "appendrows"):
        datasets.appendrows(dataset_id="clients/d::1", rows=more)
    else:
        # Until 0.2.13.
        client.post(
            "/v1/datasetio/append-rows/clients%2Fd::1", cast_to=object, body={"rows": more})
    page = datasets.iterrows(dataset_id="clients/d::1")
    assert page.data == ROWS + more and not page.has_more
    datasets.unregister("clients/d::1")
    refused(llama_stack_client.NotFoundError, lambda: datasets.retrieve(dataset_id="clients/d::1"))


def test_sources():
    text = "generated_answer,expected_answer\nA: 1,1\nA: 2,3\n"
    uris = ["data:text/csv;base64," + base64.b64encode(text.encode()).decode(), f"file://{FOLDER}/rows.csv", "rows.csv"]
    for uri in uris:
        made = datasets.register(purpose="eval/question-answer", source={"type": "uri", "uri": uri})
        assert made.source.uri == uri
        assert datasets.iterrows(dataset_id=made.identifier).data == [
            {"generated_answer": "A: 1", "expected_answer": "1"}, {"generated_answer": "A: 2", "expected_answer": "3"}]
        datasets.unregister(made.identifier)
    refused(llama_stack_client.BadRequestError, lambda: datasets.register(
        purpose="eval/question-answer", source={"type": "uri", "uri": "file:///etc/passwd"}))


def test_score_batch():
    datasets.register(purpose="eval/question-answer", source={"type": "rows", "rows": ROWS}, dataset_id="batch")
    answer = client.scoring.score_batch(dataset_id="batch", scoring_functions=FUNCTIONS, save_results_dataset=False)
    check_results(answer.results)
    assert answer.dataset_id is None
    saved = client.scoring.score_batch(dataset_id="batch", scoring_functions=FUNCTIONS, save_results_dataset=True)
    rows = datasets.iterrows(dataset_id=saved.dataset_id).data
    assert [row["scores"]["basic::subset_of"]["score"] for row in rows] == [1.0, 0.0, None]
    assert rows[0]["generated_answer"] == "It is 2."
    again = client.scoring.score_batch(
        dataset_id=saved.dataset_id, scoring_functions=FUNCTIONS, save_results_dataset=False)
    check_results(again.results)
    refused(llama_stack_client.NotFoundError, lambda: client.scoring.score_batch(
        dataset_id="nope", scoring_functions=FUNCTIONS, save_results_dataset=False))


def test_benchmarks():
    for _ in range(2):
        benchmarks.register(
            benchmark_id="mine/b", dataset_id="batch", scoring_functions=["basic::subset_of"], metadata={"x": 1})
    benchmark = benchmarks.retrieve("mine/b")
    assert benchmark.dataset_id == "batch" and benchmark.scoring_functions == ["basic::subset_of"]
    assert "mine/b" in [benchmark.identifier for benchmark in benchmarks.list()]
    refused(llama_stack_client.NotFoundError, lambda: benchmarks.retrieve("nope"))


def candidate(model, **members):
    sampling = {"strategy": {"type": "greedy"}, "max_tokens": 16}
    message = {"role": "system", "content": "Add the numbers."}
    return {"eval_candidate": {"model": model, "sampling_params": sampling, "system_message": message, **members},
            "scoring_params": {}}


def check_evaluation(answer):
    assert [row["generated_answer"] for row in answer.generations] == ["It is 2.", "It is 4."]
    assert [row["score"] for row in answer.scores["basic::subset_of"].score_rows] == [1.0, 0.0]
    accuracy = answer.scores["basic::subset_of"].aggregated_results["accuracy"]
    assert accuracy == {"accuracy": 0.5, "num_correct": 1, "num_total": 2}


def ended(job, benchmark_id):
    for _ in range(600):
        found = evaluation.jobs.status(job_id=job.job_id, benchmark_id=benchmark_id)
        if found.status not in ("scheduled", "in_progress"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job has not ended: {found}")


def test_evaluation():
    rows = [{"input_query": "1+1", "expected_answer": "2"}, {"input_query": "2+2", "expected_answer": "5"}]
    datasets.register(purpose="eval/question-answer", source={"type": "rows", "rows": rows}, dataset_id="sums")
    name = "mine::sums"
    benchmarks.register(benchmark_id=name, dataset_id="sums", scoring_functions=["basic::subset_of"])
    config = candidate("adder", type="model")
    check_evaluation(evaluation.evaluate_rows(
        name, input_rows=rows, scoring_functions=["basic::subset_of"], benchmark_config=config))
    job = evaluation.run_eval(name, benchmark_config=config)
    assert job.status in ("scheduled", "in_progress")
    assert ended(job, name).status == "completed"
    check_evaluation(evaluation.jobs.retrieve(job_id=job.job_id, benchmark_id=name))
    again = client.scoring.score_batch(
        dataset_id=f"generations-{job.job_id}", scoring_functions={"basic::subset_of": None}, save_results_dataset=False)
    assert again.results["basic::subset_of"].aggregated_results["accuracy"]["num_correct"] == 1
    # Newer clients need not say that the candidate is a model.
    one = evaluation.run_eval(name, benchmark_config={**candidate("adder"), "num_examples": 1})
    assert ended(one, name).status == "completed"
    assert len(evaluation.jobs.retrieve(job_id=one.job_id, benchmark_id=name).generations) == 1
    refused(llama_stack_client.NotFoundError, lambda: evaluation.jobs.status(job_id="nope", benchmark_id=name))
    refused(llama_stack_client.NotFoundError, lambda: evaluation.run_eval("nope", benchmark_config=config))
    refused(llama_stack_client.BadRequestError, lambda: evaluation.run_eval(name, benchmark_config={}))


def test_open_benchmark():
    name = "meta-reference-math-500"
    assert name in [benchmark.identifier for benchmark in benchmarks.list()]
    assert benchmarks.retrieve(name).dataset_id == "math_500"
    job = evaluation.run_eval(name, benchmark_config=candidate("adder", type="model"))
    assert ended(job, name).status == "completed"
    result = evaluation.jobs.retrieve(job_id=job.job_id, benchmark_id=name)
    assert len(result.generations) == 150
    assert result.generations[149]["generated_answer"].startswith("Final Answer: The final answer is $\\boxed{298}$")
    accuracy = result.scores["basic::regex_parser_math_response"].aggregated_results["accuracy"]
    assert accuracy == {"accuracy": 1.0, "num_correct": 150, "num_total": 150}
    # The rows of the Hub are those of a dataset by then.
    assert datasets.iterrows(dataset_id="math_500", limit=1).data[0]["input_query"] == "0+0?"
    # A benchmark whose rows cannot be read says why.
    failed = ended(evaluation.run_eval("gsm8k", benchmark_config=candidate("adder", type="model")), "gsm8k")
    assert failed.status == "failed" and "does not exist" in failed.error


def test_script_of_the_field():
    """A judge without regular expressions, and a result that is asked for at once, as jobs of Llama Stack allowed."""
    client.scoring_functions.register(
        scoring_fn_id="mine-without-regex", description="an opinion", return_type={"type": "string"},
        provider_id="llm-as-judge", provider_scoring_fn_id="llm-as-judge-base", params={
            "type": "llm_as_judge", "judge_model": "judge", "prompt_template": "{input_query} {generated_answer} Grade me 4"})
    benchmarks.register(
        benchmark_id="mine-opinions", dataset_id="questions", scoring_functions=["mine-without-regex"],
        provider_id="meta-reference")
    job = evaluation.run_eval("mine-opinions", benchmark_config=candidate("adder", type="model"))
    result = client.with_options(max_retries=2)
    result = (result.alpha.eval if hasattr(result, "alpha") else result.eval).jobs.retrieve(
        job_id=job.job_id, benchmark_id="mine-opinions")
    assert len(result.generations) == 3
    rows = result.scores["mine-without-regex"].score_rows
    assert [row["judge_feedback"] for row in rows] == ["Number: 4"] * 3
    assert [row["score"] for row in rows] == ["Number: 4"] * 3


def test_cancelled_evaluation():
    name = "mine::sums"
    job = evaluation.run_eval(name, benchmark_config=candidate("sleeper", type="model"))
    while evaluation.jobs.status(job_id=job.job_id, benchmark_id=name).status == "scheduled":
        time.sleep(0.05)
    refused(llama_stack_client.ConflictError, lambda: evaluation.jobs.retrieve(
        job_id=job.job_id, benchmark_id=name))
    evaluation.jobs.cancel(job_id=job.job_id, benchmark_id=name)
    assert evaluation.jobs.status(job_id=job.job_id, benchmark_id=name).status == "cancelled"
    assert evaluation.jobs.retrieve(job_id=job.job_id, benchmark_id=name).generations == []


def test_models():
    assert isinstance(client.models.list(), list)
    refused(llama_stack_client.NotFoundError, lambda: client.models.retrieve("nope"))


report(dict(globals()), llama_stack_client.__version__)
