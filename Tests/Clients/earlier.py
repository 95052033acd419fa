"""What a user of the Python client does with a server, for the clients before 0.1.8, whose API had other paths and forms. Takes
the server's URL and a folder that it may read. The names of the tests are those of suite.py, which has the later clients.
"""

import importlib.metadata
import sys
import time
import warnings

import llama_stack_client
from llama_stack_client import LlamaStackClient

from results import report

# Of aggregations that the client does not know.
warnings.simplefilter("ignore", UserWarning)
URL, FOLDER = sys.argv[1], sys.argv[2]
RELEASE = importlib.metadata.version("llama-stack-client")
VERSION = tuple(int(part) for part in RELEASE.split("."))
NOVEMBER, ALPHA, TASKS = VERSION < (0, 0, 53), (0, 0, 53) <= VERSION < (0, 1), VERSION < (0, 1, 3)
client = LlamaStackClient(base_url=URL, max_retries=0)
SCHEMA = {name: {"type": "string"} for name in ["input_query", "generated_answer", "expected_answer"]}
ROWS = [
    {"input_query": "1+1", "generated_answer": "It is 2.", "expected_answer": "2"},
    {"input_query": "2+2", "generated_answer": "It is 5.", "expected_answer": "4"},
    {"input_query": "3+3", "generated_answer": "It is 6.", "expected_answer": "6"},
]
# The provider that every server had, whatever it was called there.
PROVIDER = "meta-reference"


def plain(value):
    """A part of a response as the JSON that it was."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    return value


def functions(*names):
    """Scoring functions in a request: names at first, then a map."""
    return list(names) if NOVEMBER else {name: None for name in names}


def refused(call):
    try:
        call()
    except llama_stack_client.APIStatusError as error:
        return error.status_code
    raise AssertionError("a refusal was expected")


def file_uri(name, rows):
    columns = list(rows[0])
    with open(f"{FOLDER}/{name}", "w") as file:
        for row in [dict(zip(columns, columns)), *rows]:
            file.write(",".join(row[column] for column in columns) + "\n")
    return f"file://{FOLDER}/{name}"


def register_dataset(name, rows=ROWS):
    uri = file_uri(f"{name}.csv", rows)
    schema = {column: {"type": "string"} for column in rows[0]}
    if NOVEMBER:
        client.datasets.register(dataset_def={
            "identifier": name, "provider_id": "localfs-0", "url": uri, "dataset_schema": schema, "metadata": {}})
    else:
        client.datasets.register(
            dataset_id=name, provider_id="localfs", url={"uri": uri}, dataset_schema=schema, metadata={"by": "suite"})


def dataset(name):
    if NOVEMBER:
        return client.datasets.retrieve(dataset_identifier=name)
    return client.datasets.retrieve(dataset_id=name)


def test_inspection():
    providers = client.providers.list()
    if VERSION < (0, 1):
        providers = plain(providers)
        assert providers["datasetio"][0]["provider_id"] == "localfs", providers
        assert "basic" in [provider["provider_id"] for provider in providers["scoring"]]
        assert plain(client.routes.list())["scoring"][0]["route"]
    else:
        assert {provider.provider_id: provider.api for provider in providers}["basic"] == "scoring"
        assert any(route.route == "/v1/scoring/score" for route in client.routes.list())
        assert client.inspect.version().version
    assert client.inspect.health().status == "OK"


def test_scoring_functions():
    ids = [function["identifier"] for function in plain(client.scoring_functions.list())]
    assert "basic::subset_of" in ids and "llm-as-judge::base" in ids
    if NOVEMBER:
        function = plain(client.scoring_functions.retrieve(name="basic::subset_of"))
        missing = client.scoring_functions.retrieve(name="no::such")
    else:
        function = plain(client.scoring_functions.retrieve(scoring_fn_id="basic::subset_of"))
        missing = client.scoring_functions.retrieve(scoring_fn_id="no::such")
    assert function["identifier"] == "basic::subset_of" and function["return_type"]["type"] == "number"
    assert missing is None
    if not NOVEMBER:
        params = {"type": "regex_parser", "parsing_regexes": [r"is (\d)"], "aggregation_functions": ["accuracy"]}
        client.scoring_functions.register(
            scoring_fn_id="mine::digit", description="the digit", return_type={"type": "number"}, provider_id=PROVIDER,
            provider_scoring_fn_id="basic::regex_parser_multiple_choice_answer", params=params)
        result = client.scoring.score(input_rows=ROWS, scoring_functions={"mine::digit": None}).results["mine::digit"]
        assert [row["score"] for row in result.score_rows] == [1.0, 0.0, 1.0]


def check(results, name):
    result = results[name]
    assert [row["score"] for row in result.score_rows] == [1.0, 0.0, 1.0], result
    aggregates = plain(result.aggregated_results)
    if not NOVEMBER:
        aggregates = aggregates["accuracy"]
    assert aggregates["num_correct"] == 2 and aggregates["num_total"] == 3, aggregates


def test_score():
    # The identifiers of October 2024, and those that took their place.
    for name in ["basic::subset_of", "meta-reference::subset_of"]:
        check(client.scoring.score(input_rows=ROWS, scoring_functions=functions(name)).results, name)
    assert refused(lambda: client.scoring.score(input_rows=ROWS, scoring_functions=functions("no::such"))) == 400


def test_datasets():
    for _ in range(2):
        register_dataset("answers")
    found = plain(dataset("answers"))
    assert found["identifier"] == "answers" and found["dataset_schema"] == {
        "input_query": {"type": "string"}, "generated_answer": {"type": "string"}, "expected_answer": {"type": "string"}}
    url = found["url"] if NOVEMBER else found["url"]["uri"]
    assert url == f"file://{FOLDER}/answers.csv"
    assert "answers" in [entry["identifier"] for entry in plain(client.datasets.list())]
    assert dataset("no such") is None
    page = client.datasetio.get_rows_paginated(dataset_id="answers", rows_in_page=2)
    assert page.rows == ROWS[:2] and page.next_page_token == "2" and page.total_count == 2
    page = client.datasetio.get_rows_paginated(dataset_id="answers", rows_in_page=-1, page_token=page.next_page_token)
    assert page.rows == ROWS[2:] and page.next_page_token is None
    if hasattr(client.datasetio, "append_rows"):
        register_dataset("growing")
        client.datasetio.append_rows(dataset_id="growing", rows=ROWS[:1])
        assert len(client.datasetio.get_rows_paginated(dataset_id="growing", rows_in_page=-1).rows) == 4
    if hasattr(client.datasets, "unregister"):
        client.datasets.unregister(dataset_id="growing")
        assert dataset("growing") is None


def test_score_batch():
    register_dataset("batch")
    answer = client.scoring.score_batch(
        dataset_id="batch", scoring_functions=functions("meta-reference::subset_of", "basic::subset_of"),
        save_results_dataset=False)
    check(answer.results, "meta-reference::subset_of")
    check(answer.results, "basic::subset_of")
    assert refused(lambda: client.scoring.score_batch(
        dataset_id="nope", scoring_functions=functions("basic::subset_of"), save_results_dataset=False)) == 404


CANDIDATE = {
    "type": "model", "model": "adder",
    "system_message": {"role": "system", "content": "Add the numbers."},
    "sampling_params": {
        "strategy": {"type": "greedy"} if VERSION >= (0, 1) else "greedy", "temperature": 0.0, "top_p": 0.95, "top_k": 0,
        "max_tokens": 0, "repetition_penalty": 1.0,
    },
}
if VERSION >= (0, 1):
    CANDIDATE["sampling_params"] = {"strategy": {"type": "greedy"}, "max_tokens": 16, "repetition_penalty": 1.0}
QUESTIONS = [{"input_query": "1+1", "expected_answer": "2"}, {"input_query": "2+2", "expected_answer": "5"}]


def tasks():
    return client.eval_tasks if TASKS else client.benchmarks


def register_task(name, dataset_id):
    if TASKS:
        client.eval_tasks.register(
            eval_task_id=name, dataset_id=dataset_id, scoring_functions=["basic::subset_of"], provider_id=PROVIDER)
    else:
        client.benchmarks.register(
            benchmark_id=name, dataset_id=dataset_id, scoring_functions=["basic::subset_of"], provider_id=PROVIDER)


def test_benchmarks():
    if NOVEMBER:
        return "n/a"
    register_dataset("sums", QUESTIONS)
    for _ in range(2):
        register_task("mine/b", "sums")
    if ALPHA:
        task = client.eval_tasks.retrieve(name="mine/b")
        assert client.eval_tasks.retrieve(name="nope") is None
    elif TASKS:
        task = client.eval_tasks.retrieve("mine/b")
        assert client.eval_tasks.retrieve("nope") is None
    else:
        task = client.benchmarks.retrieve("mine/b")
        assert client.benchmarks.retrieve("nope") is None
    assert task.dataset_id == "sums" and task.scoring_functions == ["basic::subset_of"]
    assert "mine/b" in [entry["identifier"] for entry in plain(tasks().list())]


def check_evaluation(answer):
    assert [row["generated_answer"] for row in answer.generations] == ["It is 2.", "It is 4."]
    result = answer.scores["basic::subset_of"]
    assert [row["score"] for row in result.score_rows] == [1.0, 0.0]
    aggregates = result.aggregated_results if NOVEMBER else result.aggregated_results["accuracy"]
    assert aggregates == {"accuracy": 0.5, "num_correct": 1, "num_total": 2}, aggregates


def test_evaluation():
    register_dataset("questions-of-suite", QUESTIONS)
    names = ["basic::subset_of"]
    if NOVEMBER:
        check_evaluation(client.eval.evaluate(input_rows=QUESTIONS, candidate=CANDIDATE, scoring_functions=names))
        job = client.eval.evaluate_batch(dataset_id="questions-of-suite", candidate=CANDIDATE, scoring_functions=names)
        # The client's own jobs.status fails, whatever is answered.
        status = lambda: client.get("/eval/job/status", cast_to=object, options={"params": {"job_id": job.job_id}})
        result = lambda: client.eval.job.result(job_id=job.job_id)
        cancel = lambda: client.eval.job.cancel(job_id=job.job_id)
    else:
        register_task("suite-task", "questions-of-suite")
        config = {"type": "benchmark", "eval_candidate": CANDIDATE}
        if ALPHA:
            common = dict(task_id="suite-task", task_config=config)
            check_evaluation(client.eval.evaluate_rows(input_rows=QUESTIONS, scoring_functions=names, **common))
            job = client.eval.run_eval(**common)
            of = dict(job_id=job.job_id, task_id="suite-task")
        elif TASKS:
            common = dict(task_id="suite-task", task_config=config)
            check_evaluation(client.eval.evaluate_rows(input_rows=QUESTIONS, scoring_functions=names, **common))
            job = client.eval.run_eval(**common)
            of = dict(job_id=job.job_id, task_id="suite-task")
        else:
            common = dict(benchmark_id="suite-task", task_config=config)
            check_evaluation(client.eval.evaluate_rows(input_rows=QUESTIONS, scoring_functions=names, **common))
            job = client.eval.run_eval(**common)
            of = dict(job_id=job.job_id, benchmark_id="suite-task")
        status = lambda: client.eval.jobs.status(**of)
        result = lambda: client.eval.jobs.retrieve(**of)
        cancel = lambda: client.eval.jobs.cancel(**of)
    # As scripts do it.
    for _ in range(600):
        if status() == "completed":
            break
        time.sleep(0.05)
    assert status() == "completed", status()
    check_evaluation(result())
    cancel()


def test_judge():
    """The flow of November 2024: a judge is registered with a context, listed, and scores."""
    rows = [{"input_query": "q", "generated_answer": f"Grade me {n}", "expected_answer": "e"} for n in [5, 5, 5, 6, 6]]
    name = "meta-reference::llm_as_judge_8b_random"
    if NOVEMBER:
        client.scoring_functions.register(function_def={
            "identifier": name, "description": "a number", "metadata": {}, "parameters": [], "provider_id": PROVIDER,
            "return_type": {"type": "number"},
            "context": {
                "prompt_template": "Output a number for: {generated_answer}", "judge_model": "judge",
                "judge_score_regex": [r"Number: (\d+)"],
            },
        })
        found = plain(client.scoring_functions.retrieve(name=name))
        assert found["context"]["judge_score_regex"] == [r"Number: (\d+)"] and found["parameters"] == []
    else:
        client.scoring_functions.register(
            scoring_fn_id=name, description="a number", return_type={"type": "number"}, provider_id=PROVIDER,
            provider_scoring_fn_id="llm-as-judge-base", params={
                "type": "llm_as_judge", "prompt_template": "Output a number for: {generated_answer}",
                "judge_model": "judge", "judge_score_regexes": [r"Number: (\d+)"], "aggregation_functions": ["average"],
            })
    assert name in [function["identifier"] for function in plain(client.scoring_functions.list())]
    register_dataset("judged", rows)
    names = [name] + (["meta-reference::llm_as_judge_8b_correctness"] if NOVEMBER else [])
    answer = client.scoring.score_batch(
        dataset_id="judged", scoring_functions=functions(*names), save_results_dataset=False)
    result = answer.results[name]
    assert plain(result.score_rows[0]) == {"score": 5, "judge_feedback": "Number: 5"}, result.score_rows[0]
    average = {"average": 5.4} if NOVEMBER else {"average": {"average": 5.4}}
    assert plain(result.aggregated_results) == average, result.aggregated_results
    if NOVEMBER:
        result = answer.results["meta-reference::llm_as_judge_8b_correctness"]
        assert result.aggregated_results == {"average": 4}, result


def test_models():
    models = plain(client.models.list())
    assert "m0" in [model["identifier"] for model in models], models
    if VERSION < (0, 1):
        assert plain(client.models.retrieve(identifier="m0"))["identifier"] == "m0"
    if not NOVEMBER:
        client.models.register(model_id="mine-model", provider_model_id="m0", provider_id="m0")
        client.models.unregister(model_id="mine-model")
        missing = client.models.retrieve(identifier="nope") if ALPHA else client.models.retrieve("nope")
        assert missing is None


report(dict(globals()), RELEASE)
