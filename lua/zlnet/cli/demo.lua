-- SPDX-License-Identifier: MIT
-- zlnet demo: the main job, shown in a sandbox which needs no root and ends with it. The only part of zlnet that starts
-- other programs: the containers are real processes, and ping and ip(8), which know nothing of zlnet, say what works.

local core = require "zlnet.core"
local output = require "zlnet.cli.output"
local quote = require("zlnet.shell").quote
local sweep = require "zlnet.cli.sweep"
local zlnet = require "zlnet"

local demo = { name = "demo", summary = "show all this in a throw-away sandbox; needs no root, touches nothing" }

demo.description = [[
Two containers are attached and ping each other and the node; one is killed and swept. Exit status 1 when any step
fails.]]

demo.examples = { { "zlnet demo", "takes about a second" } }

function demo.define(command)
  command:flag("--inside", "in the sandbox already"):hidden(true)
end

-- the sandbox ---------------------------------------------------------------------------------------------------------

local PRIVATE = "--net --mount --pid --fork --kill-child --mount-proc"
local SANDBOXES = { "--user --map-root-user " .. PRIVATE, PRIVATE } -- the second is for root without user namespaces

local function quoted(words)
  local list = {}
  for i, word in ipairs(words) do
    list[i] = quote(word)
  end
  return table.concat(list, " ")
end

-- The words that started this script, up to its own arguments.
local function own_command()
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  return table.move(arg, first, 0, 1, {})
end

-- In a chroot whose root is no mount point no mount namespace can be made private. Where none of its mounts is shared
-- with another it needs not be: then the sandbox is made in a chroot whose root is a mount point.
local IS_PRIVATE = [[unshare --mount --propagation unchanged sh -c 'mount -t tmpfs zlnet-demo /mnt &&
  [ -r /proc/$PPID/mountinfo ] && ! grep -q zlnet-demo /proc/$PPID/mountinfo; status=$?; umount /mnt; exit $status']]
local ROOTED = [[unshare --mount --propagation unchanged sh -c 'mount --rbind / /mnt &&
  exec chroot /mnt sh -c "cd \"\$0\" && exec \"\$@\"" "$PWD" "$@"' sh ]]

-- How a sandbox is begun here: what goes before unshare, and its flags.
local function find_sandbox()
  local function works(before, flags)
    return os.execute(("%sunshare %s mount -t tmpfs tmpfs /run 2>/dev/null"):format(before, flags))
  end
  for _, flags in ipairs(SANDBOXES) do
    if works("", flags) then
      return "", flags
    end
  end
  if os.execute(IS_PRIVATE .. " 2>/dev/null") and works(ROOTED, PRIVATE) then
    return ROOTED, PRIVATE
  end
end

local function run_in_sandbox(args, out)
  local words = own_command()
  words[#words + 1] = "demo"
  words[#words + 1] = "--inside"
  words[#words + 1] = args.json and "--json" or nil
  local before, flags = find_sandbox()
  if not before then
    return out:fail(core.error { kind = "io", code = "EPERM", op = "unshare", step = "make a sandbox",
      message = "neither user namespaces nor root here, or /proc cannot be mounted" })
  end
  -- this shell stays: it is the sandbox's process 1, which has to reap the containers
  local inside = 'mount -t tmpfs -o mode=755 tmpfs /run && "$@"; exit $?'
  io.stdout:flush()
  local _, _, status = os.execute(("exec %sunshare %s sh -c '%s' sh %s"):format(before, flags, inside, quoted(words)))
  return status == 0 and 0 or 1
end

-- programs which are not ours -----------------------------------------------------------------------------------------

local function shell(command)
  local pipe = assert(io.popen("{ " .. command .. "; } 2>&1 </dev/null"))
  local text = pipe:read "a"
  return pipe:close() == true, text
end

-- In a container, or on the node for nil.
local function run(container, command)
  return shell((container and ("nsenter -t %d -n "):format(container.pid) or "") .. command)
end

-- Milliseconds until the reply to one single packet.
local function ping(container, address)
  local ok, text = run(container, "ping -n -c 1 -W 2 " .. address)
  local ms = ok and tonumber(text:match "time=([%d.]+)")
  if not ms then
    return nil, ("no reply from %s: %s"):format(address, text:match "[^\n]*\n?$")
  end
  return ms
end

-- As assert, without a line number before a text.
local function must(value, err)
  if not value then
    error(err, 0)
  end
  return value
end

local function wait(seconds)
  core.poll({}, seconds)
end

-- A process which sleeps in a network namespace of its own.
local function start(name)
  local ok, text = shell "unshare --net sleep 1000 >/dev/null 2>&1 & echo $!"
  local pid = ok and math.tointeger(tonumber(text))
  local here <close> = zlnet.netns.open(nil)
  for _ = 1, pid and 500 or 0 do
    local there <close> = zlnet.netns.open(pid)
    if there and there ~= here then
      return { name = name, pid = pid }
    end
    wait(0.002)
  end
  return nil, "no container: " .. text
end

local function kill(container)
  shell("kill -9 " .. container.pid)
  for _ = 1, 500 do
    local process <close> = core.process(container.pid)
    if not process then
      return true
    end
    wait(0.002)
  end
  return nil, ("process %d does not die"):format(container.pid)
end

-- the steps -----------------------------------------------------------------------------------------------------------

local attach, detach, sweep_up = zlnet.attach, zlnet.detach, zlnet.sweep -- loaded now, and not while a step is timed

local NODE = { inet = "10.200.0.1", inet6 = "fd00:200::1" }
local WEB = { inet = "10.200.0.11", inet6 = "fd00:200::11" }
local DB = { inet = "10.200.0.12", inet6 = "fd00:200::12" }

---@class zlnet.cli.demo.step
---@field [1] string what is done
---@field [2] fun(s: table, show: fun(rows: table[])): true?, any does it; s is shared by the steps

---@type zlnet.cli.demo.step[]
local steps = {}
local function step(title, f)
  steps[#steps + 1] = { title, f }
end

step("a node and two containers: processes with a network of their own", function(s, show)
  local node <close> = must(zlnet.open(nil))
  must(node:setlink { index = "lo", flags = { up = true } })
  must(node:newaddr { index = "lo", ["local"] = NODE.inet, prefixlen = 32 })
  must(node:newaddr { index = "lo", ["local"] = NODE.inet6, prefixlen = 128, flags = { nodad = true } })
  s.web, s.db = must(start "web"), must(start "db")
  show {
    { "node", NODE.inet .. "  " .. NODE.inet6 },
    { "web", "pid " .. s.web.pid },
    { "db", "pid " .. s.db.pid },
  }
end)

step("zlnet.attach{ pid = ..., ip = {...}, src = {...} }, twice", function(s, show)
  local rows = { { "", { "node's end", "dim" }, { "its end", "dim" }, { "IPv4", "dim" }, { "IPv6", "dim" },
    { "took", "dim" } } }
  s.attached = {}
  for _, c in ipairs { { s.web, WEB }, { s.db, DB } } do
    local container, ip = c[1], c[2]
    local began = core.clock()
    local a = must(attach {
      pid = container.pid, ip = { ip.inet, ip.inet6 }, src = { NODE.inet, NODE.inet6 },
    })
    local took = core.clock() - began
    s.attached[#s.attached + 1] = { name = container.name, attachment = a, seconds = took }
    rows[#rows + 1] = { container.name, a.host_ifname, a.ifname, ip.inet, ip.inet6, output.duration(took) }
  end
  show(rows)
end)

step("ping: the very first packet each way", function(s, show)
  local rows = { { "", "", "", { "IPv4", "dim" }, { "IPv6", "dim" } } }
  s.pings = {}
  local function row(from, to, address)
    local cells = { from and from.name or "node", "to", to }
    for i, family in ipairs { "inet", "inet6" } do
      local ms = must(ping(from, address[family]))
      s.pings[#s.pings + 1] = { from = cells[1], to = to, family = family, ms = ms }
      cells[3 + i] = { ("%.2f ms"):format(ms), "green" }
    end
    rows[#rows + 1] = cells
  end
  row(s.web, "db", DB)
  row(s.db, "web", WEB)
  row(s.web, "node", NODE)
  row(nil, "web", WEB)
  row(s.db, "node", NODE)
  row(nil, "db", DB)
  show(rows)
end)

step("db is killed, while a forgotten descriptor pins its namespace", function(s, show)
  s.pinned = must(zlnet.netns.open(s.db.pid))
  must(kill(s.db))
  wait(0.2) -- the kernel would have taken the pair away by now
  local ok, text = shell("ip -br link show dev veth-" .. s.db.pid .. "-s")
  must(ok, text)
  show { { { "still there:", "yellow" }, text:match "^%S+%s+%S+" } }
end)

step("zlnet.sweep()", function(s, show)
  s.sweep = must(sweep_up())
  show(sweep.rows(s.sweep))
  local verdict = {}
  for _, v in ipairs(s.sweep.verdicts) do
    verdict[v.pid] = v.verdict
  end
  must(verdict[s.web.pid] == "alive" and verdict[s.db.pid] == "orphan" and #s.sweep.verdicts == 2, "wrong verdicts")
  must(#s.sweep.deleted == 1 and #s.sweep.failed == 0, "the orphan was not deleted")
  must(ping(s.web, NODE.inet))
end)

step("zlnet.detach{ pid = ... }", function(s)
  must(detach { pid = s.web.pid })
  local _, inside = run(s.web, "ip -br link show")
  must(not inside:find "eth0", "eth0 is still in the container")
  s.pinned:close()
  must(kill(s.web))
end)

step("what is left on the node, as ip(8) sees it", function(s, show)
  local links, routes, routes6 = select(2, shell "ip -br link show"), select(2, shell "ip route show"),
    select(2, shell "ip -6 route show default")
  s.left = {}
  for line in (links .. routes .. routes6):gmatch "[^\n]+" do
    if not line:find "^lo%s" then
      s.left[#s.left + 1] = line
    end
  end
  must(#s.left == 0, table.concat(s.left, "\n"))
  show { { { "nothing", "green" } } }
end)

-- Runs one step and prints it. Returns whether it worked.
local function run_step(number, s, out)
  local title, f = steps[number][1], steps[number][2]
  local shown = {}
  local began = core.clock()
  local ok, err = pcall(f, s, function(rows)
    shown = rows
  end)
  local took = core.clock() - began
  s.steps[number] = { step = title, seconds = took, ok = ok, error = not ok and tostring(err) or nil }
  if not out.json then
    local time = output.duration(took)
    local room = math.max(1, math.min(out.columns or 80, 100) - 4 - #title - #time)
    out:print("%s  %s%s%s", { tostring(number), "cyan" }, { title, "bold" }, (" "):rep(room), { time, "dim" })
    out:rows(shown, 3)
    if not ok then
      out:print("   %s", { "failed: " .. tostring(err), "red" })
    end
    out:print ""
  end
  return ok
end

local function run_steps(out)
  local s = { steps = {} }
  if not out.json then
    local kernel = core.sysctl_read "kernel/osrelease" or "?"
    out:print { ("zlnet %s on Linux %s"):format(zlnet._VERSION, kernel), "dim" }
    out:print { "in a sandbox: nothing outside is touched", "dim" }
    out:print ""
  end
  local began, ok = core.clock(), true
  for number = 1, #steps do
    ok = ok and run_step(number, s, out)
  end
  local took = core.clock() - began
  if out.json then
    out:document {
      ok = ok, seconds = took, steps = s.steps, attached = s.attached, pings = s.pings, sweep = s.sweep, left = s.left,
    }
  elseif ok then
    out:print { ("All of it worked, in %s."):format(output.duration(took)), "green" }
  end
  return ok and 0 or 1
end

function demo.run(args, out)
  if not args.inside then
    return run_in_sandbox(args, out)
  end
  return run_steps(out)
end

return demo
