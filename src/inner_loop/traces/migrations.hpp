// The tables of tracing. Why they look as they do:
//  - `traces` holds one narrow row a trace and has an index in the order of each common listing: newest first of an
//    experiment, of one name, of one state. A page of a listing is a walk along it, also the last one.
//  - `trace_spans` has what filters and metrics ask of a span, clustered by trace; its content, mostly texts, lies in
//    `trace_span_contents`, so that looking for a span's name never reads a prompt.
//  - tags and metadata are rows; those that are looked for by value have a hash in a partial index, bookkeeping such as
//    "mlflow.trace.sizeStats" has none and costs no index entry.
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::traces {

std::vector<sql::Migration> migrations();

}  // namespace ciclo::traces
