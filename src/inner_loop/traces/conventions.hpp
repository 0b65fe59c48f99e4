// What attributes of other tracing libraries mean in MLflow's terms, so that their spans show inputs, outputs, a type
// and token counts: OpenTelemetry's GenAI semantic conventions, OpenInference, OpenLLMetry (Traceloop), Google ADK,
// Vercel AI, Laminar and Langfuse. An attribute that is there in MLflow's own name is never replaced.
//
// Thread safety: pure functions.
#pragma once

#include "inner_loop/traces/types.hpp"

namespace ciclo::traces {

// Adds mlflow.spanType, mlflow.spanInputs, mlflow.spanOutputs, mlflow.chat.tokenUsage, mlflow.chat.tools,
// mlflow.llm.model and mlflow.llm.provider where another convention says them.
void add_mlflow_attributes(Span& span);

}  // namespace ciclo::traces
