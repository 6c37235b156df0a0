-- SPDX-License-Identifier: MIT
-- A cluster in one sandbox: nodes are network namespaces on a bridge, three of them run a real etcd, all of them
-- spec/examples/cluster_agent.lua. What the store says is read over HTTP, what the nodes have with ip(8) and bridge(8).
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local http = require "socket.http"
local json = require "dkjson"
local lfs = require "lfs"
local ltn12 = require "ltn12"
local mime = require "mime"
local zlnet = require "zlnet"

http.TIMEOUT = 2

local cluster = {}
cluster.__index = cluster

local PREFIX = "/overlay/"
local MEMBERS = 3

local function sh(command)
  local ok, text = helper.sh(command)
  assert(ok, command .. ": " .. text)
  return text
end

local function start(pid, command, log)
  return math.tointeger(tonumber(sh(("nsenter -t %d -n %s >>%s 2>&1 & echo $!"):format(pid, command, log))))
end

local function address(i)
  return "192.0.2." .. i
end

---The addresses of a node in the overlay, and its first networks.
function cluster.own(i)
  return { ("10.201.%d.1"):format(i), ("fd00:201:%x::1"):format(i) },
    { ("10.201.%d.0/24"):format(i), ("fd00:201:%x::/64"):format(i) }
end

---A cluster without nodes: the underlay's bridge, with an address of its own for us.
function cluster.new()
  local self = setmetatable({ nodes = {}, members = {}, directory = sh("mktemp -d"):match "%S+" }, cluster)
  sh "ip link set lo up; ip link add under type bridge; ip addr add 192.0.2.254/24 dev under; ip link set under up"
  return self
end

---One more node, without an agent.
function cluster:node(i)
  local c = helper.container()
  sh(("ip link add u%d type veth peer name under netns %d && ip link set u%d master under up"):format(i, c.pid, i))
  c:ip("addr", "add", address(i) .. "/24", "dev", "under")
  c:ip("link", "set", "under", "up")
  c:ip("link", "set", "lo", "up")
  local node = { i = i, container = c, pid = c.pid, name = "n" .. i, address = address(i),
    log = ("%s/agent%d"):format(self.directory, i) }
  self.nodes[i] = node
  return node
end

-- Processes ---------------------------------------------------------------------------------------------------------

---Starts the etcd member on a node; what it had on its disk it has again.
function cluster:start_member(i)
  local all = {}
  for k = 1, MEMBERS do
    all[k] = ("m%d=http://%s:2380"):format(k, address(k))
  end
  local peer, client = ("http://%s:2380"):format(address(i)), ("http://%s:2379"):format(address(i))
  self.members[i] = start(self.nodes[i].pid, table.concat({
    "etcd", "--name", "m" .. i, "--data-dir", ("%s/etcd%d"):format(self.directory, i), "--listen-peer-urls", peer,
    "--initial-advertise-peer-urls", peer, "--listen-client-urls", client, "--advertise-client-urls", client,
    "--initial-cluster", table.concat(all, ","), "--initial-cluster-state", "new" }, " "),
    ("%s/etcd%d.log"):format(self.directory, i))
end

local function kill(pid)
  sh("kill -9 " .. pid)
  helper.eventually(function()
    return not lfs.attributes("/proc/" .. pid) or sh("cat /proc/" .. pid .. "/stat || true"):find " Z " or
      not lfs.attributes("/proc/" .. pid .. "/exe")
  end, 10)
end

function cluster:kill_member(i)
  kill(self.members[i])
  self.members[i] = nil
end

function cluster:start_agent(node, nice)
  local members, own = {}, cluster.own(node.i)
  for k = 1, MEMBERS do
    members[k] = address(k) .. ":2379"
  end
  node.agent = start(node.pid, table.concat({ "nice -n", nice or 0, helper.lua, "spec/examples/cluster_agent.lua",
    node.name, node.address, table.concat(own, ","), table.concat(members, ",") }, " "), node.log)
end

function cluster:kill_agent(node) -- luacheck: no self
  kill(node.agent)
  node.agent = nil
end

-- The store ---------------------------------------------------------------------------------------------------------

local function ask(path, body)
  local text = json.encode(body)
  for i = 1, MEMBERS do
    local parts = {}
    local ok, status = http.request { method = "POST", url = ("http://%s:2379/v3/%s"):format(address(i), path),
      headers = { ["content-length"] = #text }, source = ltn12.source.string(text), sink = ltn12.sink.table(parts) }
    if ok and status == 200 then
      return json.decode(table.concat(parts))
    end
  end
end

---Says what a node is to claim. Retried: there may be no leader for a moment.
function cluster:want(node, networks) -- luacheck: no self
  helper.eventually(function()
    local key, value = mime.b64(PREFIX .. "want/" .. node.name), mime.b64(json.encode(networks))
    return ask("kv/put", { key = key, value = value })
  end, 60)
end

---The claims: node addresses by network; and the store's revision.
function cluster:claims() -- luacheck: no self
  local answer = ask("kv/range", { key = (mime.b64(PREFIX .. "subnet/")), range_end = (mime.b64(PREFIX .. "subnet0")) })
  if not answer then
    return nil
  end
  local claims = {}
  for _, kv in ipairs(answer.kvs or {}) do
    claims[mime.unb64(kv.key):sub(#PREFIX + #"subnet/" + 1)] = mime.unb64(kv.value)
  end
  return claims, answer.header.revision
end

---Forgets what was before now, so that who comes back later has to list.
function cluster:compact() -- luacheck: no self
  local _, revision = self:claims()
  assert(ask("kv/compaction", { revision = revision, physical = true }))
end

-- Comparing ---------------------------------------------------------------------------------------------------------

local function found(node)
  return fixture.look("overlay", function(command)
    return node.container:exec(command)
  end)
end

-- The same through a socket of ours: a hundred nodes could not be asked by commands while time runs.
local function glance(node)
  node.handle = node.handle or assert(zlnet.open(node.pid))
  return fixture.glance(node.handle, "overlay")
end

-- What a node is to have.
local function expected(claims, node)
  local by_node, peers = {}, {}
  for network, owner in pairs(claims) do
    if owner ~= node.address then
      if not by_node[owner] then
        by_node[owner] = { node = owner, subnets = {} }
        peers[#peers + 1] = by_node[owner]
      end
      table.insert(by_node[owner].subnets, network)
    end
  end
  return fixture.expected(peers, "overlay")
end

local function same(a, b)
  return table.concat(a, "\n") == table.concat(b, "\n")
end

---Waits until every node that is not cut off has what the store says; returns the seconds since `from`. Raises after a
---while, with the first difference.
function cluster:converged(from)
  local why
  local ok = pcall(helper.eventually, function()
    local claims, revision = self:claims()
    if not claims then
      why = "no member of the store answers"
      return false
    end
    for _, node in pairs(self.nodes) do
      local is, should = node.cut or glance(node), node.cut or expected(claims, node)
      if not node.cut and not same(is, should) then
        why = ("%s has\n%s\ninstead of\n%s"):format(node.name, table.concat(is, "\n"), table.concat(should, "\n"))
        return false
      end
    end
    local _, now = self:claims()
    why = "the store went on"
    return now == revision
  end, 120)
  if not ok then
    error(why, 2)
  end
  local seconds = helper.clock() - from
  local claims = self:claims()
  for _, node in pairs(self.nodes) do
    if not node.cut and not same(found(node), expected(claims, node)) then
      error(node.name .. " has, by ip and bridge,\n" .. table.concat(found(node), "\n"), 2)
    end
  end
  return seconds
end

---Waits until the store has, or no longer has, a claim; returns when it was seen.
function cluster:until_claim(network, there)
  helper.eventually(function()
    local claims = self:claims()
    return claims and (claims[network] ~= nil) == there
  end, 60)
  return helper.clock()
end

-- Containers --------------------------------------------------------------------------------------------------------

---A container on a node, 10.201.I.5 and fd00:201:I::5.
function cluster:attach(node) -- luacheck: no self
  local c = helper.container()
  assert(zlnet.with_netns(node.pid, zlnet.attach, { pid = c.pid, mtu = 1450,
    ip = { ("10.201.%d.5"):format(node.i), ("fd00:201:%x::5"):format(node.i) },
    src = cluster.own(node.i) }))
  node.inside = c
end

---Pings from one node's container to another's until it is told to stop; then says what was lost.
function cluster:pinging(from, to)
  local pings = {}
  for i, target in ipairs { ("10.201.%d.5"):format(to.i), ("fd00:201:%x::5"):format(to.i) } do
    local log = ("%s/ping%d-%d-%d"):format(self.directory, from.i, to.i, i)
    pings[i] = { log = log, pid = start(from.inside.pid, "ping -n -q -i 0.02 -W 10 " .. target, log .. " </dev/null") }
  end
  return function()
    local lost = 0
    for _, p in ipairs(pings) do
      helper.eventually(function() -- one that is just being started has no handler yet
        helper.sh("kill -INT " .. p.pid)
        return sh("cat " .. p.log):find "packets transmitted"
      end, 30)
      local sent, got = sh("cat " .. p.log):match "(%d+) packets transmitted, (%d+) received"
      lost = lost + math.max(0, tonumber(sent) - tonumber(got) - 1) -- the last one may still be under way
      os.remove(p.log)
    end
    return lost
  end
end

---A node dies, with all that runs on it.
function cluster:kill_node(node)
  node.handle:close()
  kill(node.agent)
  node.container:kill()
  if node.inside then
    node.inside:kill()
  end
  helper.sh("ip link delete u" .. node.i)
  self.nodes[node.i] = nil
end

-- The end -----------------------------------------------------------------------------------------------------------

---Ends agents and members, and deletes what the agents made; says what is left on the nodes.
function cluster:stop()
  local left = {}
  for _, node in pairs(self.nodes) do
    if node.agent then
      kill(node.agent)
    end
  end
  for _, pid in pairs(self.members) do
    kill(pid)
  end
  for _, node in pairs(self.nodes) do
    if node.handle then
      node.handle:close()
    end
    if node.container:alive() then
      if node.inside then
        assert(zlnet.with_netns(node.pid, zlnet.detach, { pid = node.inside.pid }))
      end
      assert(zlnet.with_netns(node.pid, zlnet.delete_overlay, "overlay"))
      local _, text = node.container:exec [[ip -o link | grep -v ' lo:\| under@'; ip route show proto 122
        ip neigh show nud permanent]]
      left[#left + 1] = text:find "%S" and node.name .. ": " .. text or nil
    end
  end
  helper.sh "ip link delete under"
  helper.sh("rm -r " .. self.directory)
  return left
end

return cluster
