-- For wrk: sends the requests of a file (REQUESTS), in its order, again from the start when it ends.
-- A line: method, path, bearer token, idempotency key, body; separated by tabs, "-" for none.
-- With ONCE set nothing is repeated: past the end the run stops asking for new work.
local requests, position = {}, 0

function init(args)
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, path, token, key, body = line:match("^(%S+)\t(%S+)\t(%S+)\t(%S+)\t(.*)$")
    local headers = { ["Host"] = "127.0.0.1" }
    if token ~= "-" then headers["Authorization"] = "Bearer " .. token end
    if key ~= "-" then headers["Idempotency-Key"] = key end
    if body ~= "-" then headers["Content-Type"] = "application/json" else body = nil end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  position = position + 1
  if position > #requests then
    if os.getenv("ONCE") then error("the request file is too short") end
    position = 1
  end
  return requests[position]
end

function done(summary, latency, calls)
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, ' ..
    '"p50": %d, "p90": %d, "p99": %d, "p999": %d, "max": %d}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99),
    latency:percentile(99.9), latency.max))
end
