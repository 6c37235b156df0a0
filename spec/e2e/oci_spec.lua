-- SPDX-License-Identifier: MIT
-- sandbox: root
-- Containers of runc and crun, attached by pid and by a hook.
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"
local sandbox = require "spec.e2e.sandbox"
local zlnet = require "zlnet"

-- A bundle: the runtime's own default configuration with our changes.
local function bundle(runtime, name, change)
  local path = sandbox.directory .. "/" .. name
  sandbox.run("mkdir -p " .. path)
  sandbox.run(("cd %s && rm -f config.json && %s spec"):format(path, runtime))
  local config = json.decode(sandbox.read(path .. "/config.json"))
  config.root = { path = sandbox.rootfs(), readonly = true }
  config.process.terminal = false
  config.process.args = { "/bin/sleep", "1000" }
  for _, set in pairs(config.process.capabilities) do
    set[#set + 1] = "CAP_NET_RAW" -- for ping
  end
  change(config)
  sandbox.write(path .. "/config.json", config)
  return path
end

for _, runtime in ipairs { "runc", "crun" } do
  describe(runtime, function()
    local why = sandbox.missing(runtime)
    if not why and not sandbox.busybox then
      why = "busybox-static is not installed"
    end
    if why then
      it("attaches containers", function()
        pending(why)
      end)
      return
    end

    helper.insulate()

    setup(function()
      if not lfs.attributes(sandbox.directory, "mode") then
        sandbox.prepare()
      end
    end)

    local started

    before_each(function()
      started = {}
    end)

    after_each(function()
      for _, name in ipairs(started) do
        helper.sh(("%s delete -f %s"):format(runtime, name))
      end
      helper.eventually(function()
        return #helper.ip_json "link" == 1 -- the kernel takes its time with a namespace that dies
      end)
    end)

    -- Start a container; returns how to run a command inside, and its pid.
    local function start(name, change)
      local path = bundle(runtime, name, change or function() end)
      local pidfile = path .. "/pid"
      -- the container keeps what it is started with as its standard output and error
      local ok = helper.sh(("%s run -d --pid-file %s -b %s %s >%s/out 2>&1"):format(runtime, pidfile, path, name, path))
      assert.is_true(ok, sandbox.read(path .. "/out"))
      started[#started + 1] = name
      return function(command)
        return helper.sh(("%s exec %s %s"):format(runtime, name, command))
      end, math.tointeger(tonumber(sandbox.read(pidfile)))
    end

    it("containers are attached by pid, reach each other, and go", function()
      local inside, pid = start "one"
      local _, other = start "two"
      assert(zlnet.attach { pid = pid, ip = { "10.200.0.5", "fd00:200::5" } })
      assert(zlnet.attach { pid = other, ip = { "10.200.0.6", "fd00:200::6" } })
      local ok, out = inside "ping -c 1 -W 2 10.200.0.6"
      assert.is_true(ok, out)
      -- busybox's ping cannot choose the family of itself when it is small; the node's can
      assert.is_true((helper.ping(nil, "fd00:200::5")))
      assert.is_truthy(select(2, inside "ip addr show eth0"):find "10.200.0.5/32")
      assert.is_true(zlnet.detach { pid = pid })
      assert.is_false((inside "ip addr show eth0"))
      sandbox.run(runtime .. " delete -f two")
      helper.eventually(function()
        return #helper.ip_json "link" == 1
      end)
      assert.are.same({}, zlnet.sweep({ dry_run = true }).verdicts)
    end)

    it("containers are started by an agent in namespaces of its pool", function()
      local path = bundle(runtime, "pooled", function() end)
      sandbox.run "mkfifo /run/lines"
      local command = "exec %s spec/examples/pool_agent.lua %s </run/lines"
      local agent = assert(io.popen(command:format(helper.lua, runtime)))
      local lines = assert(io.open("/run/lines", "w"))
      lines:setvbuf "no"
      assert.equal("ready", agent:read "l")
      lines:write(path .. " pooled 10.200.0.9\n")
      assert.equal("pooled: started", agent:read "l")
      started[#started + 1] = "pooled"
      assert.is_true((helper.ping(nil, "10.200.0.9")))
      local ok, out = helper.sh(runtime .. " exec pooled ping -c 1 -W 2 169.254.1.1")
      assert.is_true(ok, out)
      lines:close() -- the agent ends, and its pool with it; the container stays
      agent:close()
      assert.equal(1, #assert(zlnet.netns.list()))
      assert.is_true((helper.ping(nil, "10.200.0.9")))
      sandbox.run(runtime .. " delete -f pooled")
      assert.is_true(zlnet.detach { id = "pooled" })
      assert.same({}, assert(zlnet.netns.list()))
      helper.sh "rm /run/lines; umount /run/netns; rmdir /run/netns"
    end)

    it("containers are attached by a hook before their program starts", function()
      local hook = { {
        path = sandbox.run("command -v " .. helper.lua):match "%S+",
        args = { "lua", lfs.currentdir() .. "/spec/examples/oci_hook.lua" },
        env = sandbox.environment(),
      } }
      local inside, pid = start("hooked", function(config)
        config.hooks = { createRuntime = hook, poststop = hook }
        config.annotations = { ["zlnet.ip"] = "10.200.0.7,fd00:200::7" }
        config.process.args = { "/bin/sh", "-c", "ip addr show eth0; exec sleep 1000" }
      end)
      local seen = helper.eventually(function()
        return sandbox.read(sandbox.directory .. "/hooked/out"):find "10.200.0.7/32"
      end)
      assert.is_truthy(seen)
      assert.is_true((inside "ping -c 1 -W 2 169.254.1.1"))
      assert.is_true((helper.ping(nil, "fd00:200::7")))
      -- somebody holds the namespace, so nothing but the hook takes the pair away
      sandbox.run "touch /run/held"
      sandbox.run(("mount --bind /proc/%d/ns/net /run/held"):format(pid))
      sandbox.run(runtime .. " kill hooked KILL")
      helper.eventually(function()
        return (helper.sh(runtime .. " delete hooked"))
      end)
      assert.are.equal(1, #helper.ip_json "link")
      sandbox.run "umount /run/held; rm /run/held"
    end)

    it("a hook that fails keeps the container from starting, and leaves nothing", function()
      local path = bundle(runtime, "failing", function(config)
        config.hooks = { createRuntime = { {
          path = sandbox.run("command -v " .. helper.lua):match "%S+",
          args = { "lua", lfs.currentdir() .. "/spec/examples/oci_hook.lua" },
          env = sandbox.environment(),
        } } }
        config.annotations = { ["zlnet.ip"] = "no address" }
      end)
      assert.is_false((helper.sh(("%s run -d -b %s failing >%s/out 2>&1"):format(runtime, path, path))))
      assert.is_truthy(sandbox.read(path .. "/out"):find "hook")
      started[1] = "failing"
      assert.are.equal(1, #helper.ip_json "link")
    end)
  end)
end
