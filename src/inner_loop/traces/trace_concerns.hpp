// What requests about traces concern: the experiments that the traces belong to (tracking/concerns.hpp).
//
// A request that stores spans or a trace's final state may meet a trace that is there already, in another experiment:
// that is judged where it is written, by TraceService.
//
// Thread safety: pure functions, but for add_trace_concerns(), which is called before the server starts.
#pragma once

#include <string>

#include "inner_loop/tracking/concern_finder.hpp"

namespace ciclo::traces::concerns {

http::Concern trace();                            // by the path's {trace_id}
http::Concern trace_by(std::string field);        // by an argument
http::Concern trace_by_query(std::string field);  // by the query alone, whatever the method
http::Concern traces(std::string field);          // each of a list; ids that are not there say so
http::Concern started_trace();                    // the body's "trace": "trace_info"
http::Concern exported_spans();                   // OTLP: the headers x-mlflow-experiment-id and x-mlflow-run-id

void add_trace_concerns(tracking::MlflowConcerns& finder);

}  // namespace ciclo::traces::concerns
