-- SPDX-License-Identifier: MIT
-- What container runtimes need around them: private places to write to, control groups, a root file system made of
-- busybox. All of it is mounted inside the sandbox of spec/tools/run and goes with it.
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"

local sandbox = {}

---Where all files of the runtimes are.
sandbox.directory = "/var/lib/zlnet-e2e"

---The first of some files or commands that is missing, as a reason to skip; nil when all are there.
function sandbox.missing(...)
  for _, what in ipairs { ... } do
    local found = what:find "/" and lfs.attributes(what, "mode") or helper.sh("command -v " .. what)
    if not found then
      return what .. " is not installed"
    end
  end
  local _, uids = helper.sh "cat /proc/self/uid_map"
  if not uids:find "^%s*0%s+0%s+4294967295" then
    return "the runtime needs root of the machine"
  end
end

---busybox that runs without any library.
sandbox.busybox = nil
for _, path in ipairs { "/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static" } do
  if not sandbox.busybox and lfs.attributes(path, "mode") == "file" and not helper.sh("ldd " .. path) then
    sandbox.busybox = path
  end
end

local function run(command)
  local ok, out = helper.sh(command)
  if not ok then
    error(command .. ": " .. out, 2)
  end
  return out
end
sandbox.run = run

-- crun takes no mixture of both kinds of control groups: leave it the first alone.
local CGROUPS = [[
if [ -d /sys/fs/cgroup/memory ]; then
  all=$(ls /sys/fs/cgroup)
  mount -t tmpfs none /sys/fs/cgroup
  for c in $all; do
    [ $c != unified ] || continue
    mkdir /sys/fs/cgroup/$c
    option=$c
    [ $c != systemd ] || option=none,name=systemd
    mount -t cgroup -o $option none /sys/fs/cgroup/$c 2>/dev/null || rmdir /sys/fs/cgroup/$c
  done
fi]]

---Makes the sandbox fit for runtimes. Once for a file.
function sandbox.prepare()
  run "mount --make-rprivate /"
  for _, directory in ipairs { "/var/lib", "/etc/cni", "/etc/containers", "/opt" } do
    if lfs.attributes(directory, "mode") == "directory" then
      run("mount -t tmpfs none " .. directory)
    end
  end
  run "mkdir -p /var/lib/zlnet-e2e /var/tmp"
  run "ip link set lo up"
  run(CGROUPS)
end

---A root file system: busybox and its applets.
---@return string path
function sandbox.rootfs()
  local path = sandbox.directory .. "/rootfs"
  if not lfs.attributes(path, "mode") then
    run(("mkdir -p %s/bin %s/proc %s/dev %s/sys %s/etc %s/tmp"):gsub("%%s", path))
    run(("cp %s %s/bin/busybox"):format(sandbox.busybox, path))
    for _, applet in ipairs { "sh", "sleep", "ping", "ip", "cat", "echo", "wget", "httpd", "true" } do
      run(("ln -s busybox %s/bin/%s"):format(path, applet))
    end
  end
  return path
end

---The same as an image: an archive as `docker save` makes it, which containerd imports as localhost/busybox:latest.
---@return string path
function sandbox.image()
  local directory = sandbox.directory .. "/image"
  sandbox.run(("mkdir -p %s && tar -C %s -cf %s/layer.tar ."):format(directory, sandbox.rootfs(), directory))
  local digest = sandbox.run(("sha256sum %s/layer.tar"):format(directory)):match "%x+"
  local _, machine = helper.sh "uname -m"
  sandbox.write(directory .. "/config.json", {
    architecture = ({ x86_64 = "amd64", aarch64 = "arm64" })[machine:match "%S+"] or machine:match "%S+", os = "linux",
    config = { Cmd = { "/bin/sleep", "100000" } }, rootfs = { type = "layers", diff_ids = { "sha256:" .. digest } },
  })
  sandbox.write(directory .. "/manifest.json",
    { { Config = "config.json", RepoTags = { "localhost/busybox:latest" }, Layers = { "layer.tar" } } })
  sandbox.run(("tar -C %s -cf %s/image.tar manifest.json config.json layer.tar"):format(directory, sandbox.directory))
  return sandbox.directory .. "/image.tar"
end

---Starts a daemon.
---@param command string
---@return fun() stop ends it, and waits for that
function sandbox.daemon(command)
  local log = sandbox.directory .. "/daemon.log"
  local pid = sandbox.run(("%s >%s 2>&1 </dev/null & echo $!"):format(command, log)):match "%d+"
  return function()
    helper.sh("kill " .. pid)
    helper.eventually(function()
      return not lfs.attributes("/proc/" .. pid .. "/exe", "mode")
    end)
  end
end

function sandbox.write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(type(text) == "table" and json.encode(text, { indent = true }) or text)
  file:close()
  return path
end

function sandbox.read(path)
  local file = io.open(path)
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end

---The network configuration that README prints, to the letter.
---@return string text
function sandbox.conflist()
  return (assert(sandbox.read "README.md":match "```json\n({.-\n})\n```"))
end

---A host beyond the node, 192.0.2.2, which knows no way to the node's containers: what it answers was masqueraded.
---@return fun() stop
function sandbox.outside()
  local host = helper.container()
  helper.ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", tostring(host.pid))
  helper.ip("addr", "add", "192.0.2.1/24", "dev", "up0")
  helper.ip("link", "set", "up0", "up")
  host:ip("addr", "add", "192.0.2.2/24", "dev", "eth0")
  host:ip("link", "set", "eth0", "up")
  return function()
    helper.ip("link", "del", "up0")
  end
end

---The environment under which a script of ours finds this checkout, as NAME=value.
function sandbox.environment()
  local list = { "PATH=" .. os.getenv "PATH" }
  for _, name in ipairs { "LUA_PATH", "LUA_CPATH" } do
    list[#list + 1] = name .. "=" .. os.getenv(name)
  end
  return list
end

---A directory with zlnet-cni as a runtime finds it, beside the upstream plugins: CNI_PATH or the like. Runtimes do not
---pass our environment on, so it is put into a wrapper.
---@return string path
function sandbox.plugins()
  local cni = require "spec.support.cni"
  local path = sandbox.directory .. "/plugins"
  run("mkdir -p " .. path)
  if cni.plugins then
    run(("cp %s/* %s/"):format(cni.plugins, path))
  end
  local words = {}
  for _, entry in ipairs(sandbox.environment()) do
    words[#words + 1] = "export " .. helper.quote(entry)
  end
  -- every call is logged, for specs to look at what runtimes really ask
  cni.script(path, "zlnet-cni", ([[%s
stdin=$(cat)
echo "$CNI_COMMAND id=$CNI_CONTAINERID netns=$CNI_NETNS if=$CNI_IFNAME args=$CNI_ARGS $stdin" >>%s/calls
printf %%s "$stdin" | %s %s/lua/bin/zlnet-cni
]]):format(table.concat(words, "\n"), sandbox.directory, helper.lua, lfs.currentdir()))
  return path
end

---The calls of zlnet-cni since the last look, one a line.
function sandbox.calls()
  local text = sandbox.read(sandbox.directory .. "/calls") or ""
  os.remove(sandbox.directory .. "/calls")
  return text
end

return sandbox
