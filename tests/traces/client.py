"""Tracing with a real mlflow client, 2.x or 3.x; MLFLOW_TRACKING_URI names the server. Ends with 0 when all holds."""

import os
import sys
import time

import mlflow
from mlflow import MlflowClient

MAJOR = int(mlflow.__version__.split(".")[0])
EXPERIMENT = f"traces-{MAJOR}"
client = MlflowClient()
mlflow.set_experiment(EXPERIMENT)
experiment_id = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id


@mlflow.trace(span_type="TOOL", attributes={"kind of": "adder"})
def inner(x):
    return x + 1


@mlflow.trace(name="outer")
def outer(x):
    with mlflow.start_span(name="model", span_type="LLM") as span:
        span.set_inputs({"messages": [{"role": "user", "content": "olá"}]})
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        span.set_attributes({"n": 5, "f": 1.5, "ok": True, "list": [1, "a"]})
        span.set_outputs({"y": [1, 2]})
    return inner(x)


@mlflow.trace
def failing():
    raise ValueError("boom")


def flush():
    if hasattr(mlflow, "flush_trace_async_logging"):
        mlflow.flush_trace_async_logging()


def search(filter_string=None, **more):
    return list(client.search_traces(experiment_ids=[experiment_id], filter_string=filter_string, **more))


def id_of(trace):
    return trace.info.trace_id if MAJOR >= 3 else trace.info.request_id


def names(traces):
    return [trace.data.spans[0].name for trace in traces]


def nested_spans_and_exceptions():
    outer(3)
    try:
        failing()
    except ValueError:
        pass
    flush()
    found = search(order_by=["timestamp_ms ASC"])
    assert names(found) == ["outer", "failing"], names(found)
    good, bad = (client.get_trace(id_of(trace)) for trace in found)
    spans = {span.name: span for span in good.data.spans}
    assert set(spans) == {"outer", "model", "inner"}, spans
    assert spans["model"].parent_id == spans["outer"].span_id and spans["outer"].parent_id is None
    assert spans["outer"].inputs == {"x": 3} and spans["outer"].outputs == 4
    assert spans["model"].inputs["messages"][0]["content"] == "olá"
    attributes = spans["model"].attributes
    assert (attributes["n"], attributes["f"], attributes["ok"], attributes["list"]) == (5, 1.5, True, [1, "a"]), attributes
    assert spans["inner"].span_type == "TOOL" and spans["inner"].attributes["kind of"] == "adder"
    assert str(good.info.status).endswith("OK") and str(bad.info.status).endswith("ERROR")
    assert good.info.execution_time_ms is not None
    event = bad.data.spans[0].events[0]
    assert event.name == "exception" and event.attributes["exception.message"] == "boom", event


def filters_orders_and_pages():
    for i in range(5):
        with mlflow.start_span(name=f"page{i}") as span:
            span.set_inputs(i)
    flush()
    assert names(search("attributes.status = 'ERROR'")) == ["failing"]
    assert len(search("attributes.name LIKE 'page%'")) == 5
    assert names(search("attributes.name = 'page3'")) == ["page3"]
    newest = search(max_results=1)[0]
    assert names(search(f"attributes.timestamp_ms >= {newest.info.timestamp_ms}"))[0] == newest.data.spans[0].name
    seen, token = [], None
    while True:
        page = client.search_traces(experiment_ids=[experiment_id], filter_string="attributes.name LIKE 'page%'", max_results=2,
                                    order_by=["timestamp_ms ASC"], page_token=token)
        seen += names(page)
        token = page.token
        if not token:
            break
    # Those of one millisecond may come in any order.
    times = {names([trace])[0]: trace.info.timestamp_ms for trace in search("attributes.name LIKE 'page%'")}
    assert sorted(seen) == [f"page{i}" for i in range(5)] and [times[name] for name in seen] == sorted(times.values()), (seen, times)


def tags():
    trace_id = id_of(search("attributes.name = 'page0'")[0])
    client.set_trace_tag(trace_id, "team", "blue")
    assert [id_of(trace) for trace in search("tags.team = 'blue'")] == [trace_id]
    client.delete_trace_tag(trace_id, "team")
    assert search("tags.team = 'blue'") == []
    try:
        client.delete_trace_tag(trace_id, "team")
        raise AssertionError("a missing tag was deleted")
    except mlflow.MlflowException as error:
        assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error


def deletion():
    trace_id = id_of(search("attributes.name = 'page1'")[0])
    key = "trace_ids" if MAJOR >= 3 else "request_ids"
    assert client.delete_traces(experiment_id, **{key: [trace_id]}) == 1
    assert search("attributes.name = 'page1'") == []
    with mlflow.start_span(name="late"):
        pass
    flush()
    before = search("attributes.name = 'late'")[0].info.timestamp_ms - 1
    deleted = client.delete_traces(experiment_id, max_timestamp_millis=before, max_traces=2)
    assert deleted == 2, deleted
    client.delete_traces(experiment_id, max_timestamp_millis=before)
    assert names(search()) == ["late"], names(search())


def of_version_3():
    from mlflow.entities import AssessmentSource

    mlflow.update_current_trace  # noqa: B018: there is one
    with mlflow.start_run() as run:
        @mlflow.trace(name="within")
        def within():
            mlflow.update_current_trace(tags={"t": "v"}, metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "ana"})
            outer(1)

        within()
    flush()
    found = search("attributes.name = 'within'")[0]
    trace_id = found.info.trace_id
    assert found.info.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, found.info.token_usage
    assert found.info.tags["t"] == "v" and found.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE", found.info.tags
    assert found.info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert [t.info.trace_id for t in search(f"attributes.run_id = '{run.info.run_id}'")] == [trace_id]
    assert [t.info.trace_id for t in search("metadata.`mlflow.trace.session` = 's-1'")] == [trace_id]
    assert [t.info.trace_id for t in search("span.type = 'LLM' AND span.name = 'model'")] == [trace_id]
    assert [t.info.trace_id for t in search("trace.text LIKE '%olá%'")] == [trace_id]
    human = AssessmentSource(source_type="HUMAN", source_id="ana")
    feedback = mlflow.log_feedback(trace_id=trace_id, name="quality", value=0.9, rationale="good", source=human, metadata={"a": "b"})
    mlflow.log_expectation(trace_id=trace_id, name="answer", value={"is": [1, 2]}, source=human)
    assert [t.info.trace_id for t in search("feedback.quality > 0.5")] == [trace_id]
    newer = mlflow.override_feedback(trace_id=trace_id, assessment_id=feedback.assessment_id, value=0.2)
    assert search("feedback.quality > 0.5") == []
    assert mlflow.get_assessment(trace_id, feedback.assessment_id).valid is False
    mlflow.delete_assessment(trace_id=trace_id, assessment_id=newer.assessment_id)
    changed = mlflow.update_assessment(trace_id=trace_id, assessment_id=feedback.assessment_id,
                                       assessment=mlflow.entities.Feedback(name="quality", value=0.7, metadata={"c": "d"}))
    assert changed.value == 0.7 and changed.metadata == {"a": "b", "c": "d"}, changed
    read = {a.name: a.value for a in mlflow.get_trace(trace_id).info.assessments}
    assert read == {"quality": 0.7, "answer": {"is": [1, 2]}}, read
    with mlflow.start_span(name="loose"):
        pass
    flush()
    loose = search("attributes.name = 'loose'")[0].info.trace_id
    client.link_traces_to_run(trace_ids=[loose], run_id=run.info.run_id)
    assert {t.info.trace_id for t in search(f"attributes.run_id = '{run.info.run_id}'")} == {trace_id, loose}
    frame = mlflow.search_traces(locations=[experiment_id], filter_string="attributes.name = 'within'")
    assert len(frame) == 1 and len(frame.iloc[0]["spans"]) == 4, frame


steps = [nested_spans_and_exceptions, filters_orders_and_pages, tags, deletion] + ([of_version_3] if MAJOR >= 3 else [])
for step in steps:
    started = time.monotonic()
    step()
    print(f"mlflow {mlflow.__version__}: {step.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
sys.stdout.flush()
os._exit(0)
