"""OpenTelemetry's own exporter, by the environment alone (OTEL_EXPORTER_OTLP_…). Prints the trace's id."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

results = []


class Watched(OTLPSpanExporter):
    def export(self, spans):
        results.append(super().export(spans))
        return results[-1]


provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
provider.add_span_processor(SimpleSpanProcessor(Watched()))
tracer = provider.get_tracer("test")
with tracer.start_as_current_span("checkout", attributes={"session.id": "S-9", "input.value": '{"items": 2}'}) as root:
    with tracer.start_as_current_span("charge", attributes={"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10,
                                                            "gen_ai.usage.output_tokens": 5, "gen_ai.request.model": "m-1"}) as span:
        span.add_event("retry", {"attempt": 2})
    root.set_status(trace.StatusCode.OK)
assert results == [SpanExportResult.SUCCESS] * 2, results
print(f"tr-{root.get_span_context().trace_id:032x}")
