-- wrk's script: asks the paths of a file (one a line) in turn, each as a whole request made beforehand.
local requests = {}
local at = 0

function init(args)
  local close = args[2] == "close"
  for path in io.lines(args[1]) do
    local fields = { ["Host"] = "127.0.0.1", ["User-Agent"] = "bench" }
    if close then fields["Connection"] = "close" end
    requests[#requests + 1] = wrk.format("GET", path, fields)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  io.write(string.format(
    "RESULT %d %d %d %d %d\n",
    summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.errors.status, latency:percentile(99)))
end
