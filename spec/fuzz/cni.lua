-- SPDX-License-Identifier: MIT
-- luacheck: ignore 631
-- zlnet-cni asked for anything: environments, configurations and IPAM answers that are nearly right, cut, of other types,
-- too large. Whatever it is, the answer is what the specification wants, and what a failure made is gone.
--
-- usage: spec/fault/sandbox spec/fuzz/cni.lua SECONDS [SEED]      environment: BUILD (build)
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"

local seconds, seed = tonumber(arg[1]) or 60, math.tointeger(arg[2]) or os.time()
local build = os.getenv "BUILD" or "build"
local PROGRAM = build .. "/zlnet-cni"
math.randomseed(seed)

local function pick(list)
  return list[math.random(#list)]
end

local function chance(n)
  return math.random(n) == 1
end

-- Values --------------------------------------------------------------------------------------------------------------

local TEXTS = { "", "x", "0", "true", "eth0", "10.1.2.3/24", "fd00::3/64", "10.1.2.3", "0.0.0.0/0", "::/0", "256.1.1.1/8",
  "10.1.2.3/33", "../x", "/", "a\0b", "\255\254", "é", "%s%n", "[object]", ("x"):rep(300), "\27[31m", "a'b\"c", "fake",
  "02:00:00:00:00:01", "01:00:00:00:00:01", "veth-1-s", "br0", "bridge", "routed", "1.0.0", "null", "169.254.1.1" }
local NUMBERS = { 0, 1, -1, 2, 68, 100, 1280, 1500, 4094, 4095, 65535, 65536, 2147483648, 4294967296, -2147483649, 1.5,
  9007199254740993, 1e300, math.mininteger, math.maxinteger }

local value

local function nested(depth)
  local t = {}
  for i = 1, math.random(0, 3) do
    t[chance(2) and i or pick { "a", "dst", "gw", "address", "type", "ipam", "mac", "ips" }] = value(depth - 1)
  end
  return t
end

function value(depth)
  local kind = math.random(8)
  if kind <= 3 then
    return pick(TEXTS)
  elseif kind <= 5 then
    return pick(NUMBERS)
  elseif kind == 6 then
    return pick { true, false, json.null }
  end
  return depth > 0 and nested(depth) or {}
end

-- Changes some values of a tree, takes some away, adds some.
local function mutate(t, rate)
  local names = {}
  for key in pairs(t) do
    names[#names + 1] = key
  end
  for _, key in ipairs(names) do
    if chance(rate) then
      t[key] = not chance(3) and value(3) or nil
    elseif type(t[key]) == "table" then
      mutate(t[key], rate)
    end
  end
  if chance(rate * 2) then
    t[pick(TEXTS)] = value(3)
  end
  return t
end

-- Cut, doubled, with bytes changed.
local function damage(text, rate)
  if not chance(rate) or text == "" then
    return text
  end
  local at = math.random(#text)
  return pick {
    text:sub(1, at), text:sub(at), text .. text, text .. pick(TEXTS), "", ("["):rep(100000), ("[" .. text .. "]"),
    text:sub(1, at) .. string.char(math.random(0, 255)) .. text:sub(at + 2),
    text:gsub('"', "", 1), (text:gsub(":", pick { ",", "::", " " }, 1)), ("\xEF\xBB\xBF") .. text,
    text:sub(1, at) .. ("\xff"):rep(math.random(9)) .. text:sub(at + 1), (" "):rep(70000) .. text,
  }
end

-- Requests ------------------------------------------------------------------------------------------------------------

local VERSIONS = { "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0" }
local COMMANDS = { "ADD", "ADD", "ADD", "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION" }

local function ipam_answer()
  local answer = {
    cniVersion = "1.0.0",
    ips = { { address = "10.1.2.3/24", gateway = "10.1.2.1" }, { address = "fd00::3/64" } },
    routes = { { dst = "0.0.0.0/0" }, { dst = "::/0", gw = "fd00::1" } },
    dns = { nameservers = { "10.1.2.1" }, search = { "x" } },
  }
  return damage(json.encode(mutate(answer, chance(2) and 20 or 1000)), 10)
end

local function configuration(previous)
  local conf = {
    cniVersion = pick(VERSIONS), name = "net", type = "zlnet-cni", ipam = chance(3) and { type = "zlnet", ranges = { { { subnet = "10.1.2.0/24", rangeStart = "10.1.2.5" } } },
      routes = { { dst = "0.0.0.0/0" } } } or { type = pick { "fake", "host-local" } },
    mode = chance(3) and "bridge" or nil, mtu = chance(4) and 1400 or nil,
    isGateway = chance(4) or nil, isDefaultGateway = chance(6) or nil, forceAddress = chance(8) or nil,
    routes = chance(5) and { { dst = "10.9.0.0/16" } } or nil, dns = chance(5) and { domain = "x" } or nil,
    runtimeConfig = chance(6) and { mac = "02:00:00:00:00:09", ips = { "10.1.2.9/24" } } or nil,
    args = chance(9) and { cni = { ips = { "10.1.2.8/24" } } } or nil, enabledad = chance(9) or nil,
    prevResult = previous, ["cni.dev/valid-attachments"] = chance(6) and { { containerID = "c1", ifname = "eth0" } } or nil,
  }
  return damage(json.encode(mutate(conf, chance(2) and 40 or 1000)), 15)
end

local function environment(command, container, directory)
  local env = {
    CNI_COMMAND = command, CNI_CONTAINERID = "c1", CNI_NETNS = ("/proc/%d/ns/net"):format(container.pid),
    CNI_IFNAME = "eth0", CNI_PATH = directory, CNI_ARGS = chance(4) and pick { "IP=10.1.2.7/24", "IgnoreUnknown=1;K=V",
      "MAC=02:00:00:00:00:07", "K=V", ";;", "=", "IP=", "IP==", "IgnoreUnknown=true;a" } or "",
  }
  if chance(12) then
    local text = pick(TEXTS):gsub("%z", "")
    env[pick { "CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH", "CNI_ARGS" }] = text
  end
  return env
end

-- What is right -------------------------------------------------------------------------------------------------------

local function document(text)
  local t, position, why = json.decode(text)
  return type(t) == "table" and not text:find("%S", position) and t, why
end

-- The reason why an answer is wrong; nil when it is right.
local function complaint(env, result)
  if result.signal then
    return "ended by signal " .. result.signal
  elseif result.status ~= 0 and result.status ~= 1 then
    return "status " .. result.status
  end
  local said = result.stdout .. result.stderr
  for _, ours in ipairs { "traceback", "attempt to ", "%.lua:%d", "bad argument", "stack overflow", "not enough memory" } do
    if said:find(ours) then
      return "an error of ours: " .. ours
    end
  end
  if not utf8.len(result.stdout) then
    return "no UTF-8"
  elseif result.status == 0 and env.CNI_COMMAND ~= "ADD" and env.CNI_COMMAND ~= "VERSION" then
    return result.stdout ~= "" and "an answer where there is none" or nil
  end
  local t, why = document(result.stdout)
  if not t then
    return "no JSON document: " .. tostring(why)
  elseif type(t.cniVersion) ~= "string" then
    return "no cniVersion"
  elseif result.status == 1 then
    return (math.type(t.code) ~= "integer" or type(t.msg) ~= "string" or t.msg == "") and "an error without code and msg" or nil
  elseif env.CNI_COMMAND == "VERSION" then
    return type(t.supportedVersions) ~= "table" and "no supportedVersions" or nil
  end
  return (type(t.interfaces) ~= "table" or type(t.ips) ~= "table") and "a result without interfaces" or nil
end

local function links(container)
  local here, there = core.open(nil), core.open(container.pid)
  local names = {}
  for _, handle in ipairs { here, there } do
    for _, link in ipairs(assert(handle:getlinks())) do
      local kind = link.linkinfo and link.linkinfo.kind
      if kind == "veth" then
        names[#names + 1] = link.ifname
      end
    end
    handle:close()
  end
  return table.concat(names, " ")
end

-- The loop ------------------------------------------------------------------------------------------------------------

local directory = os.tmpname()
os.remove(directory)
assert(helper.sh("mkdir " .. directory))

-- The IPAM plugins: what they say lies in a file.
local function write(name, text)
  local file = assert(io.open(directory .. "/" .. name, "w"))
  file:write(text)
  file:close()
end
for _, name in ipairs { "fake", "host-local" } do
  write(name, ([[#!/bin/sh
cat >/dev/null
[ "$CNI_COMMAND" != ADD ] || cat %s/answer
exit $(cat %s/status)
]]):format(directory, directory))
  assert(helper.sh(("chmod +x %s/%s"):format(directory, name)))
end

local function call(env, text)
  local child <close> = assert(core.spawn { PROGRAM, env = env, stdin = text })
  return child:wait(90) or { signal = "none: it hangs", stdout = "", stderr = "" }
end

local function report(n, why, env, text, answer, result)
  local words = {}
  for key, setting in pairs(env) do
    words[#words + 1] = ("%s=%q"):format(key, setting)
  end
  table.sort(words)
  io.write(("FOUND in run %d of seed %d: %s\n  %s\n  stdin  %q\n  IPAM   %q\n  stdout %q\n  stderr %q\n"):format(n, seed, why,
    table.concat(words, " "), text:sub(1, 2000), answer:sub(1, 2000), result.stdout:sub(1, 2000),
    result.stderr:sub(1, 2000)))
end

local container = helper.container()
local GOOD = { CNI_CONTAINERID = "c1", CNI_NETNS = ("/proc/%d/ns/net"):format(container.pid), CNI_IFNAME = "eth0",
  CNI_PATH = directory, CNI_COMMAND = "DEL" }
local deadline, runs, added, findings, previous = core.clock() + seconds, 0, 0, 0, nil

repeat
  runs = runs + 1
  local command, answer = pick(COMMANDS), ipam_answer()
  local env, text = environment(command, container, directory), configuration(previous)
  write("answer", answer)
  write("status", chance(8) and "1" or "0")
  local before = links(container)
  local result = call(env, text)
  local why = complaint(env, result)
  if not why and env.CNI_COMMAND == "ADD" and result.status == 1 and links(container) ~= before then
    why = ("a failed ADD left links: %s, before: %s"):format(links(container), before)
  end
  if not why and env.CNI_COMMAND == "ADD" and result.status == 0 then
    added = added + 1
    previous = document(result.stdout)
  end
  if why then
    findings = findings + 1
    report(runs, why, env, text, answer, result)
  end
  if not chance(4) then -- as a runtime does after each failure
    write("status", "0")
    call(GOOD, '{"cniVersion":"1.0.0","name":"net","type":"zlnet-cni","ipam":{"type":"fake"}}')
    previous = nil
  end
  if chance(50) then
    helper.sh "ip link delete cni0"
  end
until core.clock() > deadline or findings >= 10
container:kill()
helper.sh("rm -r " .. directory)
print(("cni      %12d requests, %d attachments, seed %d: %d findings"):format(runs, added, seed, findings))
os.exit(findings == 0 and added > 0)
