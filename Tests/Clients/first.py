"""What a script did with the first version of the evaluation API, of October 2024. Its client was never on PyPI, so this sends
what that client sent. Takes the server's URL and a folder that it may read.
"""

import base64
import json
import sys
import urllib.error
import urllib.request

from results import report

URL, FOLDER = sys.argv[1], sys.argv[2]


def post(path, body):
    request = urllib.request.Request(
        URL + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from error


def get(path):
    with urllib.request.urlopen(URL + path, timeout=60) as response:
        return json.load(response)


def create(name, text, **members):
    uri = "data:text/csv;base64," + base64.b64encode(text.encode()).decode()
    return post("/datasets/create", {"dataset_def": {"type": "custom", "identifier": name, "url": uri, **members}})


def test_datasets():
    text = "generated_answer,answer\n2,2\n5,4\n"
    assert create("first", text, rename_columns_map={"answer": "expected_answer"}) == {"status": "success", "msg": None}
    assert create("first", text)["status"] == "fail"
    assert get("/datasets/get?dataset_identifier=first")["type"] == "custom"
    assert get("/datasets/get?dataset_identifier=nope") is None
    assert "first" in [entry["identifier"] for entry in get("/datasets/list")]


def test_score():
    config = {"dataset_config": {"dataset_identifier": "first", "row_limit": 2},
              "eval_scoring_config": {"scorer_config_list": [{"scorer_name": "accuracy"}]}}
    answer = post("/evals/run_scorer", config)
    assert answer["eval_result"]["metrics"] == {
        "AccuracyScorer:avg_accuracy": 0.5, "AccuracyScorer:num_correct": 1, "AccuracyScorer:num_total": 2}, answer


def test_judge():
    create("judged", "input_query,generated_answer,expected_answer\nq,Grade me 4,e\nq,Grade me 3,e\n")
    judge = {"judge_processor_config": {"processor_identifier": "judge"},
             "judge_model_generation_config": {"model": "judge"}, "judge_scoring_config": {}}
    answer = post("/evals/run_scorer", {
        "dataset_config": {"dataset_name": "judged"},
        "eval_scoring_config": {
            "scorer_config_list": [{"scorer_name": "llamastack-llm-judge", "llm_judge_config": judge}]}})
    assert answer["eval_result"]["metrics"] == {"LlamaStackLLMJudgeScorer:avg_judge_score": 3.5}, answer


def test_evaluation():
    create("sums", "input_query,expected_answer\n1+1,It is 2.\n2+2,It is 5.\n")
    answer = post("/evals/run_eval_task", {"eval_task_config": {
        "dataset_config": {"dataset_identifier": "sums"},
        "generation_config": {"model": "adder", "sampling_params": {"strategy": "greedy", "max_tokens": 0}},
        "scoring_config": {"scorer_config_list": [{"scorer_name": "accuracy"}]}}})
    assert answer["eval_result"]["metrics"]["AccuracyScorer:avg_accuracy"] == 0.5, answer
    post("/datasets/delete", {"dataset_identifier": "sums"})
    assert get("/datasets/get?dataset_identifier=sums") is None


report(dict(globals()), "of October 2024")
