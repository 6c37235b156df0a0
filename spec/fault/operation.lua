-- SPDX-License-Identifier: MIT
-- Does one operation in the process whose capabilities are what spec/fault/privilege.lua tests, and prints "ok", or the
-- error with the hint that the command line tool would give. usage: operation.lua OPERATION CONTAINER_PID | all
local helper = require "spec.support.helper"
local victim = require "spec.fault.victim"
local zlnet = require "zlnet"

-- What a sweep may not know is no error of its own.
local function unseen(verdict)
  return zlnet.error { kind = "io", code = "EACCES", step = verdict.verdict, message = verdict.reason }
end

-- The first event of a watcher that says what became of an orphan.
local function watch()
  local w <close>, err = zlnet.watch()
  if not w then
    return nil, err
  end
  repeat
    local event, failed = w:next(5)
    if not event or event.error then
      return nil, failed or event and event.error
    elseif event.event == "kept" then
      return nil, unseen(event)
    end
  until event.event == "deleted"
  return true
end

local OPERATIONS = {
  attach = function(pid)
    return zlnet.attach { pid = pid, ip = "10.9.0.2" }
  end,
  ["attach netns"] = function()
    return zlnet.attach { netns = "box", id = "box", ip = "10.9.0.2" }
  end,
  detach = function(pid)
    return zlnet.detach { pid = pid }
  end,
  sweep = function()
    local report, err = zlnet.sweep()
    if not report then
      return nil, err
    end
    return #report.deleted == 1, report.failed[1] or unseen(report.verdicts[1])
  end,
  watch = watch,
  check = function()
    return zlnet.check(assert(zlnet.attachments())[1])
  end,
  attachments = function()
    return zlnet.attachments()
  end,
  plan = function(pid)
    return zlnet.plan { pid = pid, ip = "10.9.0.2" }
  end,
  bridge = function()
    return zlnet.bridge { name = "pr9", ip = "10.9.9.1/24" }
  end,
  monitor = function()
    local m, err = zlnet.monitor(nil, "link")
    return m and m:next(0) == nil, err
  end,
  ["monitor of a container"] = function(pid)
    return zlnet.monitor(pid, "link")
  end,
  ["netns new"] = function()
    return zlnet.netns.new()
  end,
  list_all_links = function()
    return zlnet.list_all_links()
  end,
  create_veth_pair = function()
    return zlnet.create_veth_pair("pr1", "pr2")
  end,
  delete_link_by_name = function()
    return zlnet.delete_link_by_name "pr0"
  end,
  move_link_into_netns_and_rename = function(pid)
    return zlnet.move_link_into_netns_and_rename("pr0", pid, "pr3")
  end,
  move_link_into_netns_fd_and_rename = function(pid)
    local file <close> = assert(io.open(("/proc/%d/ns/net"):format(pid)))
    return zlnet.move_link_into_netns_fd_and_rename("pr0", file, "pr3")
  end,
  set_link_up_by_name = function()
    return zlnet.set_link_up_by_name "pr0"
  end,
  add_address_to_link_by_name = function()
    return zlnet.add_address_to_link_by_name("pr0", "10.9.1.1", 24)
  end,
  add_default_route_via_dev = function()
    return zlnet.add_default_route_via_dev("pr0", false)
  end,
  replace_route_via_dev = function()
    return zlnet.replace_route_via_dev("10.9.3.0", 24, "pr0")
  end,
}
for _, name in ipairs { "with_netns", "with_netns_async" } do
  OPERATIONS[name] = function(pid)
    return zlnet[name](pid, zlnet.list_all_links)
  end
end
for _, name in ipairs { "with_netns_fd", "with_netns_fd_async" } do
  OPERATIONS[name] = function(pid)
    local file <close> = assert(io.open(("/proc/%d/ns/net"):format(pid)))
    return zlnet[name](file, zlnet.list_all_links)
  end
end

local function act(name, pid)
  local ok, err = OPERATIONS[name](pid)
  print(ok and "ok" or ("%s: %s (%s)"):format(err.code, err, require("zlnet.cli.hint").of(err)))
end

-- All of it, with a container of its own, judged with ip(8) and ping.
local function all()
  local c = helper.container()
  local a = assert(zlnet.attach { pid = c.pid, ip = { "10.9.0.2", "fd00:9::2" } })
  assert(helper.ping(nil, "10.9.0.2"))
  assert(#assert(zlnet.check(a)) == 0)
  assert(zlnet.detach(a))
  local left = helper.ip_json("link", "show", "type", "veth")
  assert(#left == 0, "a pair is left")
  local b = victim.make("s", { dead = true })
  b { pid = c.pid }
  local report = assert(zlnet.sweep())
  assert(#report.deleted == 1, "the orphan is not deleted")
  victim.clear()
  c:kill()
  print "ok"
end

if arg[1] == "all" then
  all()
else
  act(arg[1], math.tointeger(tonumber(arg[2])))
end
