// The bodies of the Open Inference Protocol v2 over REST, with its binary tensor extension: what is on the wire, and
// nothing about models or sockets.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "scoring/model.hpp"

namespace ciclo::scoring {

struct RequestedOutput {
  std::size_t index = 0;  // into ModelDescription::outputs
  bool binary = false;
};

struct InferRequest {
  std::optional<std::string> id;
  std::vector<Tensor> inputs;            // one per ModelDescription::inputs, in that order
  std::vector<RequestedOutput> outputs;  // in the order asked for; all outputs when none was named
};

// `json_length`: the header Inference-Header-Content-Length; without it the whole body is JSON. Fails with invalid for
// anything that does not fit the model: unknown or missing inputs (with the nearest name), another type, a shape that
// does not match, too few or too many bytes; unsupported for FP16 and BF16 as JSON.
Result<InferRequest> read_infer_request(std::string_view body, std::optional<std::size_t> json_length,
                                        const ModelDescription& model);

struct InferAnswer {
  std::string body;
  std::optional<std::size_t> json_length;  // set when binary tensors follow the JSON
};

// `outputs`: one per ModelDescription::outputs.
InferAnswer write_infer_answer(const InferRequest& request, const ModelDescription& model,
                               const std::vector<Tensor>& outputs);

// {"name","versions","platform","inputs","outputs"}
Json model_metadata(const ModelDescription& model);

}  // namespace ciclo::scoring
