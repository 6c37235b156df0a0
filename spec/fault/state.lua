-- SPDX-License-Identifier: MIT
-- What two namespaces look like, read with ip(8), as a text which is the same for the same state: without what differs
-- from one pair to the next (indexes, addresses made of pids, times) or settles by itself (IPv6's tentative addresses).
local helper = require "spec.support.helper"
local json = require "dkjson"

local state = {}

local VARY = {
  ifindex = true, link_index = true, link_netnsid = true, iflink = true, tentative = true, dadfailed = true,
  address = true, stats = true, stats64 = true, permaddr = true, min_mtu = true, max_mtu = true, qlen = true,
  txqlen = true, info_slave_data = true, info_data = true, cache = true, used = true, lastused = true, hoplimit = true,
  parentdev = true, operstate = true, qdisc = true, metrics = true,
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

local ROWS = { "ip -j link", "ip -j -4 addr", "ip -j -6 addr", "ip -j -4 route show table all",
  "ip -j -6 route show table all", "ip -j neigh" }

-- The kernel's own link-local and multicast rows come and go with the carrier.
local function settles(text)
  return text:find "dst=ff00::/8" or text:find "fe80::%x*[2468ace]%x*:%x*ff:fe" or text:find "dst=fe80::/64"
    or text:find "dst=fe80::"
end

local function read(prefix, pid, out)
  local commands = {}
  for i, row in ipairs(ROWS) do
    commands[i] = row .. "; echo"
  end
  commands[#commands + 1] = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding"
  local command = table.concat(commands, "; ")
  if pid then
    command = ("nsenter -t %d -n sh -c %s"):format(pid, helper.quote(command))
  end
  local _, text = helper.sh(command)
  local n = 0
  for line in text:gmatch "[^\n]+" do
    local rows = line:find "^%[" and json.decode(line) or nil
    if rows then
      n = n + 1
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
          out[#out + 1] = prefix .. n .. " " .. flat
        end
      end
    else
      out[#out + 1] = prefix .. "forwarding " .. line
    end
  end
end

---@param pid integer? of the container; only our own namespace without
---@return string
function state.read(pid)
  local out = {}
  read("node ", nil, out)
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
