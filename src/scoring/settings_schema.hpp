// Internal to this folder: the JSON Schema of the configuration file.
#pragma once

#include <string_view>

namespace ciclo::scoring {

inline constexpr std::string_view settings_schema = R"json({
  "type": "object",
  "required": ["endpoint", "deployments"],
  "additionalProperties": false,
  "$defs": {
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 in lower-case hexadecimal"},
    "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,62}$"},
    "deployment": {
      "type": "object",
      "required": ["name", "model"],
      "additionalProperties": false,
      "properties": {
        "name": {"$ref": "#/$defs/name"},
        "model": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "path": {"type": "string"},
            "name": {"type": "string", "minLength": 1},
            "version": {"type": "string"},
            "flavor": {"enum": ["onnx", "python_function"]}
          }
        },
        "collect": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "inputs": {"type": "boolean"},
            "outputs": {"type": "boolean"},
            "sampling_rate": {"type": "number", "minimum": 0, "maximum": 1}
          }
        },
        "request_settings": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "request_timeout_ms": {"type": "integer", "minimum": 1, "maximum": 600000},
            "max_concurrent_requests_per_instance": {"type": "integer", "minimum": 0, "maximum": 10000},
            "max_queue_wait_ms": {"type": "integer", "minimum": 0, "maximum": 600000}
          }
        },
        "python": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "interpreter": {"type": "string", "minLength": 1},
            "workers": {"type": "integer", "minimum": 1, "maximum": 64},
            "code": {"type": "string"},
            "scoring_script": {"type": "string"},
            "start_timeout_ms": {"type": "integer", "minimum": 100, "maximum": 3600000}
          }
        },
        "environment_variables": {"type": "object", "additionalProperties": {"type": "string"}},
        "secret_variables": {"type": "object", "additionalProperties": {"type": "string"}}
      }
    }
  },
  "properties": {
    "workspace": {"type": "string"},
    "endpoint": {"$ref": "#/$defs/name"},
    "address": {"type": "string", "minLength": 1},
    "port": {"type": "integer", "minimum": 0, "maximum": 65535},
    "port_file": {"type": "string"},
    "io_threads": {"type": "integer", "minimum": 1, "maximum": 256},
    "worker_threads": {"type": "integer", "minimum": 1, "maximum": 1024},
    "max_body_bytes": {"type": "integer", "minimum": 1024, "maximum": 1073741824},
    "tls": {
      "type": "object",
      "required": ["certificate_file", "key_file"],
      "additionalProperties": false,
      "properties": {"certificate_file": {"type": "string"}, "key_file": {"type": "string"}}
    },
    "auth": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "mode": {"enum": ["key", "aml_token", "aad_token", "none"]},
        "keys_sha256": {"type": "array", "items": {"$ref": "#/$defs/sha256"}, "maxItems": 16},
        "tokens": {
          "type": "array",
          "maxItems": 10000,
          "items": {
            "type": "object",
            "required": ["sha256"],
            "additionalProperties": false,
            "properties": {"sha256": {"$ref": "#/$defs/sha256"}, "expires_at": {"type": "string"}}
          }
        },
        "signed_tokens": {
          "type": "object",
          "required": ["public_keys", "audience"],
          "additionalProperties": false,
          "properties": {
            "public_keys": {
              "type": "array",
              "minItems": 1,
              "maxItems": 16,
              "description": "Ed25519, in lower-case hexadecimal",
              "items": {"type": "string", "pattern": "^[0-9a-f]{64}$"}
            },
            "audience": {"type": "string", "minLength": 1, "maxLength": 128},
            "ended": {
              "type": "array",
              "maxItems": 100000,
              "items": {
                "type": "object",
                "required": ["principal", "issued_until"],
                "additionalProperties": false,
                "properties": {"principal": {"type": "string", "minLength": 1}, "issued_until": {"type": "string"}}
              }
            }
          }
        },
        "control_sha256": {"$ref": "#/$defs/sha256"}
      }
    },
    "deployments": {"type": "array", "items": {"$ref": "#/$defs/deployment"}, "maxItems": 64},
    "traffic": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 100}},
    "mirror_traffic": {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 50}},
    "collection": {
      "type": "object",
      "required": ["folder"],
      "additionalProperties": false,
      "properties": {"folder": {"type": "string", "minLength": 1}}
    },
    "log": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"file": {"type": "string"}, "level": {"enum": ["debug", "info", "warning", "error"]}}
    }
  }
})json";

}  // namespace ciclo::scoring
