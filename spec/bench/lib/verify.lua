-- SPDX-License-Identifier: MIT
-- Has a contestant really reached the state that it is timed for? Read back with ip(8) and with packets.
local sh = require "sh"

local verify = {}

local function ip(pid, words)
  local inside = pid and ("nsenter -t %d -n "):format(pid) or ""
  return sh.out(inside .. "ip -j " .. words .. " 2>&1") or ""
end

local function expect(ok, job, what, seen)
  if not ok then
    local but = seen and ", but: " .. seen or ""
    error(("%s: container %d (%s): %s%s"):format(job.by or "?", job.pid, job.ip, what, but), 0)
  end
end

local function has(text, plain)
  return text:find(plain, 1, true) ~= nil
end

local function check_container(job, state)
  local seen = ip(job.pid, "addr show dev eth0")
  expect(has(seen, '"UP"') and has(seen, '"operstate":"UP"'), job, "eth0 is to be up", seen)
  local address = ('"local":"%s","prefixlen":%s'):format(job.ip, state.prefix or "")
  expect(has(seen, address), job, "the address is to be on eth0", seen)
  if state.lo then
    seen = ip(job.pid, "link show dev lo")
    expect(has(seen, '"UP"'), job, "lo is to be up", seen)
  end
  seen = ip(job.pid, "route show default")
  expect(has(seen, '"dev":"eth0"') == (state.default ~= false), job, "the default route", seen)
  if state.gateway then
    expect(has(seen, '"gateway":"' .. state.gateway .. '"'), job, "the default route's gateway", seen)
  end
end

local function check_host(job, state)
  local seen = ip(nil, "route get " .. job.ip)
  if state.host_link then
    expect(has(seen, '"dev":"' .. job.name .. '"'), job, "the host's route is to lead to " .. job.name, seen)
    seen = ip(nil, "addr show dev " .. job.name)
    expect(has(seen, '"UP"'), job, "the host end is to be up", seen)
  end
  if state.alias then
    seen = seen .. ip(nil, "link show dev " .. job.name)
    expect(has(seen, '"ifalias"') and has(seen, '"169.254.1.1"'), job, "alias and gateway on the host end", seen)
  end
end

local function ping(job, from, to)
  local inside = from and ("nsenter -t %d -n "):format(from) or ""
  local who = from and "the container" or "the host"
  expect(sh.ok(inside .. "ping -c 1 -W 2 -q " .. to), job, who .. " is to reach " .. to)
end

--- What each way of attaching promises.
verify.states = {
  any = {}, -- up, addressed, reachable
  routed = { prefix = 32, lo = true, gateway = "169.254.1.1", host_link = true, alias = true, between = true },
  direct = { prefix = 24, lo = true, host_link = true },
  ptp = { prefix = 16 },
  bridge = { prefix = 16, between = true },
  netavark = { prefix = 16, lo = true, between = true },
  ["netavark internal"] = { prefix = 16, lo = true, default = false, between = true, node = false },
}

--- Checks the first, the middle and the last of the jobs. Raises where one is not as promised.
function verify.attached(jobs, state_name, by)
  local state = assert(verify.states[state_name], state_name)
  for _, i in ipairs({ 1, (#jobs + 1) // 2, #jobs }) do
    local job = jobs[i]
    job.by = by
    check_container(job, state)
    check_host(job, state)
    ping(job, nil, job.ip)
    if state.node ~= false then
      ping(job, job.pid, verify.node)
    end
    if state.between then
      ping(job, job.pid, jobs[i == 1 and #jobs or 1].ip)
    end
  end
end

--- The node's own address, on lo: the origin's path needs one to answer from.
verify.node = "10.255.0.1"

function verify.links()
  local _, n = (sh.out("ip -o link") or ""):gsub("\n", "")
  return n
end

--- All links but the expected number are gone.
function verify.left(expected, by)
  local n = verify.links()
  if n ~= expected then
    error(("%s: %d links are left, %d expected"):format(by, n, expected), 0)
  end
end

return verify
