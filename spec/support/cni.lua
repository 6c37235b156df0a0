-- SPDX-License-Identifier: MIT
-- Calls zlnet-cni as a runtime does: an executable, an environment, a text on standard input.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"

local cni = {}

---Where the upstream plugins are; nil when they are not installed.
cni.plugins = nil
for _, directory in ipairs { "/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin" } do
  if lfs.attributes(directory .. "/host-local", "mode") == "file" then
    cni.plugins = directory
    break
  end
end

---What a spec says that cannot do without them.
cni.missing = "containernetworking-plugins is not installed"

---A new directory below the sandbox's own /tmp.
function cni.directory()
  local name = os.tmpname()
  os.remove(name)
  assert(lfs.mkdir(name))
  return name
end

---An executable file of ours: `body` is what sh runs. Returns its path.
function cni.script(directory, name, body)
  local path = directory .. "/" .. name
  local file = assert(io.open(path, "w"))
  file:write("#!/bin/sh\n", body, "\n")
  file:close()
  assert(helper.sh("chmod +x " .. helper.quote(path)))
  return path
end

function cni.read(path)
  local file = io.open(path)
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end

---Calls a plugin. r: command, container, netns, ifname, args, path, conf (a table or a text), plugin (another binary).
---@return integer status, table|nil answer decoded, string stdout, string stderr
function cni.call(r)
  local conf = r.conf or ""
  local env = {
    CNI_COMMAND = r.command, CNI_CONTAINERID = r.container, CNI_NETNS = r.netns, CNI_IFNAME = r.ifname,
    CNI_ARGS = r.args, CNI_PATH = r.path,
  }
  local words = r.plugin and { r.plugin } or { "/usr/bin/env", helper.lua, "lua/bin/zlnet-cni" }
  words.env, words.stdin = env, type(conf) == "table" and json.encode(conf) or conf
  local child <close> = assert(core.spawn(words))
  local result = assert(child:wait(10 * helper.PATIENCE))
  return result.status, json.decode(result.stdout), result.stdout, result.stderr
end

---A caller for one network, whose configuration and parameters are the defaults of each call.
function cni.network(conf, defaults)
  return function(command, more)
    local r = { command = command, conf = conf }
    for _, t in ipairs { defaults, more or {} } do
      for key, value in pairs(t) do
        r[key] = value
      end
    end
    return cni.call(r)
  end
end

---The path by which a runtime names a container's namespace.
function cni.netns(container)
  return ("/proc/%d/ns/net"):format(container.pid)
end

return cni
