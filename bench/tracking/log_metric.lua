-- wrk script: each connection logs metrics to a run of its own, one step after another. Runs are named in RUNS.
local runs = {}
for id in string.gmatch(os.getenv("RUNS"), "%S+") do table.insert(runs, id) end
local token = os.getenv("MLFLOW_TRACKING_TOKEN")
local headers = { ["Content-Type"] = "application/json" }
if token ~= "" then headers["Authorization"] = "Bearer " .. token end
local step = 0

function request()
  step = step + 1
  local run = runs[step % #runs + 1]
  local body = string.format('{"run_id":"%s","key":"loss","value":%.6f,"timestamp":%d,"step":%d}', run, 1 / step, 1000 + step, step)
  return wrk.format("POST", "/api/2.0/mlflow/runs/log-metric", headers, body)
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.connect + summary.errors.timeout
  io.write(string.format("MEASURED %.2f %.4f %d\n", summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, failed))
end
