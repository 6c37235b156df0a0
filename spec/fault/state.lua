-- SPDX-License-Identifier: MIT
-- What two namespaces look like, read with ip(8), nft(8) and /proc: links, addresses, routes of all tables, rules,
-- neighbours, every setting under net.*, named namespaces, processes. A text which is the same for the same state:
-- without what differs from one pair to the next (indexes, addresses made of pids, times) or settles by itself (IPv6's
-- tentative addresses). Descriptors and threads are for helper.snapshot, in the process that has them.
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"

local state = {}

local VARY = {
  ifindex = true, link_index = true, link_netnsid = true, iflink = true, tentative = true, dadfailed = true,
  address = true, stats = true, stats64 = true, permaddr = true, min_mtu = true, max_mtu = true, qlen = true,
  txqlen = true, info_slave_data = true, info_data = true, cache = true, used = true, lastused = true, hoplimit = true,
  parentdev = true, operstate = true, qdisc = true, metrics = true, expires = true,
}

local function sorted(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

local function flatten(value, out)
  if type(value) ~= "table" then
    out[#out + 1] = tostring(value)
    return
  end
  out[#out + 1] = "{"
  for _, key in ipairs(sorted(value)) do
    if not VARY[key] then
      out[#out + 1] = tostring(key) .. "="
      flatten(value[key], out)
      out[#out + 1] = " "
    end
  end
  out[#out + 1] = "}"
end

-- What lists rows, in JSON.
local ROWS = { "ip -j link", "ip -j -4 addr", "ip -j -6 addr", "ip -j -4 route show table all",
  "ip -j -6 route show table all", "ip -j -4 rule", "ip -j -6 rule", "ip -j neigh", "ip -j neigh show proxy" }

-- What is text: every setting under net.* that can be read, the rules of nft.
local SCRIPT = table.concat(ROWS, "; echo; ") .. [[; echo
  echo '== nft'; nft list ruleset 2>/dev/null
  echo '== sysctl'; cd /proc/sys/net && grep -rs . .]]

-- Settings which count, or which the kernel alone writes.
local MOVES = { "nf_conntrack_count", "mc_forwarding", "stable_secret", "tcp_fastopen_key" }

-- The kernel's own link-local and multicast rows come and go with the carrier.
local function settles(text)
  return text:find "dst=ff00::/8" or text:find "fe80::%x*[2468ace]%x*:%x*ff:fe" or text:find "dst=fe80::/64"
    or text:find "dst=fe80::"
end

local function moves(line)
  for _, name in ipairs(MOVES) do
    if line:find(name, 1, true) then
      return true
    end
  end
end

local function read_rows(prefix, rows, out)
  for _, row in ipairs(rows) do
    local words = {}
    for _, info in ipairs(row.addr_info or {}) do
      info.tentative = nil
    end
    if row.flags and type(row.flags) == "table" then
      table.sort(row.flags)
      local flags = table.concat(row.flags, ","):gsub(",?LOWER_UP", "")
      row.flags = flags:gsub("NO%-CARRIER,?", ""):gsub(",?M%-DOWN", ""):gsub(",?linkdown", "")
    end
    flatten(row, words)
    local flat = table.concat(words)
    if next(row) and not settles(flat) then
      out[#out + 1] = prefix .. flat
    end
  end
end

local function read(prefix, pid, out)
  local command = pid and ("nsenter -t %d -n sh -c %s"):format(pid, helper.quote(SCRIPT)) or SCRIPT
  local _, text = helper.sh(command)
  local n, section = 0, ""
  for line in text:gmatch "[^\n]+" do
    local rows = section == "" and line:find "^%[" and json.decode(line) or nil
    if rows then
      n = n + 1
      read_rows(prefix .. n .. " ", rows, out)
    elseif line:find "^== " then
      section = line:sub(4)
    elseif not moves(line) then
      out[#out + 1] = prefix .. section .. " " .. line
    end
  end
end

local function first_line(path)
  local file <close> = io.open(path)
  return file and file:read "l"
end

-- Names under /run/netns, and the processes of the sandbox with their threads, but this one.
local function read_sandbox(out)
  for name in lfs.attributes("/run/netns", "mode") and lfs.dir "/run/netns" or function() end do
    out[#out + 1] = "netns " .. name
  end
  local own = lfs.symlinkattributes("/proc/self", "target")
  for pid in lfs.dir "/proc" do
    local stat = pid:find "^%d+$" and pid ~= own and first_line(("/proc/%s/stat"):format(pid))
    local name, status, rest = (stat or ""):match "%((.*)%) (%S) (.*)$"
    if name and status ~= "Z" and status ~= "X" then
      out[#out + 1] = ("process %s with %s threads"):format(name, rest:match(("%S+ "):rep(16) .. "(%d+)"))
    end
  end
end

---@param pid integer? of the container; only our own namespace without
---@return string
function state.read(pid)
  local out = {}
  read("node ", nil, out)
  read_sandbox(out)
  if pid then
    read("container ", pid, out)
  end
  for i, line in ipairs(out) do
    if pid then
      line = line:gsub("(veth%-)" .. pid .. "%-", "%1PID-"):gsub("pid=" .. pid .. " ", "pid=PID ")
    end
    out[i] = line:gsub("(veth%-)%d+%-", "%1OTHER-"):gsub("pid=%d+ ", "pid=OTHER "):gsub(" time=%d+", " time=T")
      :gsub("start=%d+", "start=S"):gsub("netns=%d+", "netns=N"):gsub("veth%x%x%x%x%x%x%x%x%-", "vethID-")
      :gsub("if%d+", "ifN")
  end
  table.sort(out)
  return table.concat(out, "\n")
end

---Reads until the state is one of the wanted ones, for as long as what the kernel does by itself may take.
---@param pid integer?
---@param seconds number
---@param ... string wanted
---@return integer? which of them
---@return string state
function state.await(pid, seconds, ...)
  local deadline = helper.clock() + seconds
  while true do
    local now = state.read(pid)
    for i = 1, select("#", ...) do
      if now == select(i, ...) then
        return i, now
      end
    end
    if helper.clock() > deadline then
      return nil, now
    end
    helper.sleep(0.02)
  end
end

---A state less the settings which are a gain and no need: where they may not be written, what was asked for is done
---without them.
function state.without_gains(text)
  local kept = {}
  for line in text:gmatch "[^\n]+" do
    kept[#kept + 1] = not (line:find "/disable_ipv6:" or line:find "/accept_ra:") and line or nil
  end
  return table.concat(kept, "\n")
end

---The lines in which two states differ.
function state.difference(a, b)
  local lines, count = {}, {}
  for line in a:gmatch "[^\n]+" do
    count[line] = (count[line] or 0) + 1
  end
  for line in b:gmatch "[^\n]+" do
    if (count[line] or 0) > 0 then
      count[line] = count[line] - 1
    else
      lines[#lines + 1] = "+ " .. line:sub(1, 200)
    end
  end
  for line, n in pairs(count) do
    if n > 0 then
      lines[#lines + 1] = "- " .. line:sub(1, 200)
    end
  end
  return table.concat(lines, "\n")
end

---Brings the node and the container back to what a fresh pair of namespaces is, with ip(8).
---@param pid integer? of the container
function state.reset(pid)
  helper.sh [[for l in $(ls -d /proc/sys/net/ipv4/conf/*/ | xargs -n 1 basename); do
      case $l in veth*|vc-*|fa0|fa1|br9) ip link del "$l" 2>/dev/null;; esac; done
    echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding]]
  if pid then
    helper.sh(("nsenter -t %d -n sh -c 'ip link set lo down; ip addr flush dev lo; for l in eth1 eth9 fa1; do " ..
      "ip link del $l 2>/dev/null; done'"):format(pid))
  end
end

return state
