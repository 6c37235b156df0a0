-- SPDX-License-Identifier: MIT
-- ipMasq: what a container sends beyond its own subnet leaves the node under the node's address. nftables does it, in a
-- table of our own: a rule for each address, its comment the attachment's id. nft(8) is run for it, because nftables is
-- not a part of rtnetlink.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"

local masquerade = {}

local LOCK_SECONDS = 30
local NFT_SECONDS = 30

-- Runtimes seldom have the directories of administrators in their PATH. One that is relative would be whose the working
-- directory is.
local function find_nft()
  for directory in ((os.getenv "PATH" or "") .. ":/usr/sbin:/sbin:/usr/local/sbin"):gmatch "%f[^:\0]/[^:]*" do
    local path = directory .. "/nft"
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
end

local function missing()
  return failure.new("unavailable", "ipMasq needs nft(8), which is not installed")
end

---Whether masquerading can be set up here.
---@return true? ok
---@return zlnet.cni.failure? failure
function masquerade.available()
  if find_nft() then
    return true
  end
  return nil, missing()
end

-- Runs nft. Returns what it printed, or nil and what it said.
local function nft(path, script, ...)
  local child <close>, err = core.spawn { path, stdin = script, env = { LC_ALL = "C" }, ... }
  if not child then
    return nil, tostring(err)
  end
  local result, late = child:wait(NFT_SECONDS)
  if not result then
    return nil, tostring(late)
  elseif result.status ~= 0 then
    return nil, result.stderr:match "^%s*(.-)%s*$"
  end
  return result.stdout
end

-- The node's lock: shared to add rules, exclusive where the table may go with the last of them.
local function lock(mode)
  local here, err = core.netns.open(nil)
  if not here then
    return nil, failure.from(err)
  end
  local ok, busy = here:lock(mode, LOCK_SECONDS)
  if not ok then
    here:close()
    busy.step = "wait for the node's lock"
    return nil, failure.from(busy)
  end
  return here
end

-- What goes to several is never masqueraded. 100 is srcnat's priority, by number for old versions of nft.
local PREPARE = [[
add table inet zlnet
add chain inet zlnet postrouting { type nat hook postrouting priority 100; policy accept; }
]]
local RULE = {
  inet = 'add rule inet zlnet postrouting ip saddr %s ip daddr != { %s/%d, 224.0.0.0/4 } masquerade comment "%s"\n',
  inet6 = 'add rule inet zlnet postrouting ip6 saddr %s ip6 daddr != { %s/%d, ff00::/8 } masquerade comment "%s"\n',
}

---Masquerades what comes from some addresses.
---
---Equal to `nft add rule inet zlnet postrouting ip saddr ADDRESS ip daddr != { SUBNET, 224.0.0.0/4 } masquerade`.
---@param id string the attachment's, as identity.of makes it
---@param ips zlnet.cni.ip[]
---@return true? ok
---@return zlnet.cni.failure? failure
function masquerade.add(id, ips)
  local path = find_nft()
  if not path then
    return nil, missing()
  end
  local script = { PREPARE }
  for _, entry in ipairs(ips) do
    local ip = entry.ip
    script[#script + 1] = RULE[ip.family]:format(ip.address, addr.network(ip.address, ip.prefix), ip.prefix, id)
  end
  local held <close>, busy = lock "shared"
  if not held then
    return nil, busy
  end
  local ok, said = nft(path, table.concat(script), "-f", "-")
  if not ok then
    return nil, failure.new("other", "nft cannot set up masquerading", said)
  end
  return true
end

-- Every other line of the table than a rule, when it is as PREPARE made it.
local FRAME = {
  "^table inet zlnet {$", "^chain postrouting {$", "^type nat hook postrouting priority [%w+ ]+; policy accept;$",
  "^}$", "^$",
}

local function is_frame(line)
  for _, pattern in ipairs(FRAME) do
    if line:find(pattern) then
      return true
    end
  end
  return false
end

---What is in the table.
---@param path string of nft
---@return { id: string, handle: string }[]? rules of our chain; empty also where there is no table
---@return string|boolean more said; whether there is anything else in it, which is not ours
local function list(path)
  local text, said = nft(path, "", "-a", "list", "table", "inet", "zlnet")
  if not text then
    return said:find "No such file or directory" and {} or nil, said
  end
  local rules, chain, others = {}, nil, false
  for line in text:gmatch "[^\n]+" do
    chain = line:match "^%s*chain (%S+) {" or chain
    local id, handle = line:match 'comment "(cni/[^"]*)" # handle (%d+)$'
    if id and chain == "postrouting" then
      rules[#rules + 1] = { id = id, handle = handle }
    else
      others = others or not is_frame(line:gsub(" # handle %d+$", ""):match "^%s*(.-)%s*$")
    end
  end
  return rules, others
end

---How many rules an attachment has.
---@param id string
---@return integer? n
---@return zlnet.cni.failure? failure
function masquerade.count(id)
  local path = find_nft()
  if not path then
    return nil, missing()
  end
  local rules, said = list(path)
  if not rules then
    return nil, failure.new("other", "nft cannot list masquerading", said)
  end
  local n = 0
  for _, rule in ipairs(rules) do
    n = n + (rule.id == id and 1 or 0)
  end
  return n
end

-- What takes the stale rules away, and the table where nothing else is in it; "" when there is nothing to do.
local function removal(rules, others, stale)
  local script, kept = {}, others
  for _, rule in ipairs(rules) do
    if stale(rule.id) then
      script[#script + 1] = ("delete rule inet zlnet postrouting handle %s\n"):format(rule.handle)
    else
      kept = true
    end
  end
  return script[1] and not kept and "delete table inet zlnet\n" or table.concat(script)
end

---Takes rules away, and the table with the last of them unless others put something into it. What is not there is no
---error, nor is a node without nft.
---@param stale fun(id: string): boolean which attachments' rules
---@return true? ok
---@return zlnet.cni.failure? failure
function masquerade.remove(stale)
  local path = find_nft()
  if not path then
    return true
  end
  local rules, said = list(path)
  if rules and removal(rules, said, stale) == "" then -- as a rule, and then nobody has to wait
    return true
  end
  local held <close>, busy = lock "exclusive"
  if not held then
    return nil, busy
  end
  rules, said = list(path)
  local ok = rules
  local script = rules and removal(rules, said, stale) or ""
  if script ~= "" then
    ok, said = nft(path, script, "-f", "-")
  end
  if not ok then
    return nil, failure.new("other", "nft cannot take masquerading away", said)
  end
  return true
end

return masquerade
