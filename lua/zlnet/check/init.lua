-- SPDX-License-Identifier: MIT
-- check: what attach made, held against what is there now. What should be there is decided by the same plan that made
-- it.

local argument = require "zlnet.argument"
local core = require "zlnet.core"
local fields = require "zlnet.record.fields"
local findings = require "zlnet.check.differences"
local line = require "zlnet.record.line"
local locate = require "zlnet.check.container"
local plan = require "zlnet.attach.plan"

local check = {}

local DEFAULT_MTU = 1500 -- the kernel's, of a veth

local function check_link(f, ns, a, link, ifname, mac)
  f:compare(ns, "ifname", ifname, link.ifname)
  f:compare(ns, "up", true, link.flags.up or false)
  f:compare(ns, "mtu", a.mtu or DEFAULT_MTU, link.mtu)
  if mac then
    f:compare(ns, "mac", mac, link.address)
  end
end

-- The record says more than an attachment needs, and other things when the link has become another's.
local function check_record(f, a, link)
  local record = line.parse(link.ifalias) or {}
  local name = fields.difference(a, record)
  if name then
    f:compare("host", "record", name .. "=" .. tostring(a[name]), name .. "=" .. tostring(record[name]))
  end
end

local function check_host(f, a, host, link, p, mac)
  check_link(f, "host", a, link, a.host_ifname, a.host_mac)
  check_record(f, a, link)
  local master = link.master and f:see(host:getlink({ index = link.master }, { "ifname", "index" }))
  f:compare("host", "master", a.bridge, master and master.ifname or nil)
  if a.proxy_arp then
    f:compare("host", "proxy_arp", "1", f:sysctl("net/ipv4/conf/" .. link.ifname .. "/proxy_arp"))
  end
  local conf = link.af_spec and link.af_spec.inet and link.af_spec.inet.conf
  if p.families.inet and a.mode ~= "bridge" and conf and f:sysctl "net/ipv4/ip_forward" == "1" then
    f:compare("host", "forwarding", 1, conf.forwarding)
  end
  for _, change in ipairs(a.changed or {}) do
    local value = f:sysctl(change.key)
    f:compare("host", "sysctl", change.key .. "=" .. change.new, value and change.key .. "=" .. value)
  end
  for i = 1, mac and #a.ip or 0 do
    f:neighbour("host", host, master and master.index or link.index, a.ip[i].address, mac)
  end
  f:addresses("host", host, p, link)
  f:routes("host", host, p, link)
end

local function check_container(f, a, container, link, p, host_mac)
  check_link(f, "container", a, link, a.ifname, a.mac)
  local lo = f:see(container:getlink({ index = 1 }, { "flags" }))
  f:compare("container", "loopback", true, lo and lo.flags.up or false)
  for _, family in ipairs(a.mode == "routed" and p.families or {}) do
    f:neighbour("container", container, link.index, p.gateways[family], host_mac)
  end
  f:addresses("container", container, p, link)
  f:routes("container", container, p, link)
end

-- The plan that makes the attachment, with the container end's MAC as it is. Where the kernel makes the container end's
-- link-local address, which one it is is the kernel's business.
local function plan_of(a, mac, nodad)
  local o = fields.options(a)
  o.mac, o.host_mac, o.nodad, o.queues = mac, a.host_mac, nodad, "kernel"
  return plan.build(o, a)
end

local function open_other_end(host, link, ns)
  if not ns then
    return nil
  end
  local is, err = locate.is_other_end(host, link, ns)
  if is then
    return core.open(ns)
  end
  return nil, err
end

local function makes_no_link_local(link)
  local inet6 = link.af_spec and link.af_spec.inet6
  return inet6 and inet6.addr_gen_mode == "none"
end

-- Where the container cannot be found, or the end is not in it, that is a difference, and only the host side is looked
-- at besides.
local function compare(f, a, host, ns)
  local link = f:see(host:getlink { index = a.host_index })
  f:compare("host", "link", a.host_ifname, link and a.host_ifname)
  if not link then
    return
  end
  local container <close> = f:see(open_other_end(host, link, ns))
  local inside = container and f:see(container:getlink { index = link.link })
  f:compare("container", "netns", a.netns, inside and a.netns or nil)
  local p = plan_of(a, inside and inside.address or a.mac, inside and makes_no_link_local(inside) or false)
  check_host(f, a, host, link, p, inside and inside.address)
  if inside then
    check_container(f, a, container, inside, p, link.address)
  end
end

---Every difference of an attachment.
---@param a zlnet.attachment
---@param host table handle of the node's namespace
---@param ns table? handle of the container's namespace, nil when it cannot be found
---@return zlnet.difference[]? differences
---@return zlnet.error? err
function check.differences(a, host, ns)
  local f = findings.new()
  compare(f, a, host, ns)
  if f.err then
    return nil, f.err
  end
  return f.list
end

local function is_attachment(a)
  if type(a) ~= "table" or math.type(a.host_index) ~= "integer" or not argument.ifname(a.host_ifname)
    or not argument.ifname(a.ifname) or not argument.tag(a.tag) or not (a.pid or a.id) or type(a.ip) ~= "table" then
    return nil, "an attachment expected"
  end
  return a
end

---Lists every difference between what attach made and what is there now; an empty list when there is none. A container
---whose process is gone is looked for by its namespace, among the named ones and those of all processes.
---
---Equal to reading `ip link`, `ip addr`, `ip route`, `ip neigh` on the node and in the container, and comparing.
---@param attachment zlnet.attachment of attach or attachments, also when it was saved as text in between
---@param target any? where the container's namespace is, as core.open takes it; nil: where the attachment says
---@return zlnet.difference[]? differences
---@return zlnet.error? err when something could not be looked at
function check.check(attachment, target)
  argument.check("check", 1, "attachment", is_attachment, attachment)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local ns <close>, unseen = locate.container(attachment, host, target)
  if not ns and unseen then
    return nil, unseen
  end
  local differences
  differences, err = check.differences(attachment, host, ns)
  return differences, err
end

return check
