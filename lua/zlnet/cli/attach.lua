-- SPDX-License-Identifier: MIT
-- zlnet attach: the options of zlnet.attach, one to one.

local output = require "zlnet.cli.output"
local options = require "zlnet.attach.options"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local attach = { name = "attach", summary = "attach a container: a veth pair, addresses, routes" }

attach.description = [[
All or nothing: when a step fails, what was done is undone.]]

attach.examples = {
  { "zlnet attach --pid 4242 --ip 10.200.0.5", "routed: reaches what the node reaches, and is reached by its address" },
  { "zlnet attach --pid 4242 --ip 10.200.0.5 --ip fd00:200::5", "IPv4 and IPv6" },
  { "zlnet attach --pid 4242 --pool 10.200.1.0/24", "an address that no other attachment has" },
  { "zlnet attach --netns blue --id web-1 --ip 10.200.0.6", "a namespace of `ip netns`, which needs an owner's id" },
  { "zlnet attach --pid 4242 --ip 10.9.0.5/24 --tag g --ifname eth1 --no-default-route", "a second attachment" },
  { "zlnet attach --batch fleet.json --mtu 1400", "each line like {\"pid\": 4242, \"ip\": [\"10.200.0.5\"]}" },
}

---Adds the options of the library's attach to an argparse command; `zlnet plan` takes the same.
---@param command table
function attach.define_options(command)
  local function option(name, argname, description)
    return command:option(name, description):argname(argname):overwrite(false)
  end
  option("--pid", "PID", "the container's process"):convert(usage.number)
  option("--netns", "NETNS", "or its namespace: a path, or a name under /run/netns; needs --id")
  option("--id", "ID", "the owner's id, e.g. a container's")
  option("--ip", "ADDRESS", "its address, with or without /LENGTH; once more for a second one"):count "*"
  option("--pool", "SUBNET", "or a free address of this subnet; once more for another family"):count "*"
  option("--tag", "TAG", "1 or 2 characters that tell several attachments of a container apart (s)")
  option("--ifname", "NAME", "the link's name in the container (eth0)")
  option("--mode", "MODE", "routed, direct or bridge (routed)"):choices { "routed", "direct", "bridge" }
  option("--gateway", "ADDRESS", "of the default route; once for each family"):count "*"
  option("--bridge", "NAME", "the bridge, in mode bridge")
  option("--vlan", "ID", "the port's VLAN, in mode bridge, on a bridge that filters by VLAN"):convert(usage.number)
  option("--src", "ADDRESS", "preferred source of the host's routes; once for each family"):count "*"
  option("--mtu", "BYTES", "of both ends, or `inherit`"):convert(usage.number)
  option("--mac", "MAC", "of the container end (derived from the owner)")
  option("--host-mac", "MAC", "of the host end (derived from the owner)")
  option("--queues", "N", "of each end, or `kernel` (1)"):convert(usage.number)
  option("--on-exists", "WHAT", "when we made a link of that name before: replace, keep or error (replace)")
    :choices { "replace", "keep", "error" }
  option("--timeout", "SECONDS", "for all of it"):convert(usage.number)
  command:flag("--hairpin", "frames may go back through the port they came from, in mode bridge")
  command:flag("--isolated", "no frames to or from other isolated ports, in mode bridge")
  command:flag("--proxy-arp", "the host end answers ARP for others, in mode direct")
  command:flag("--masquerade", "what leaves its networks leaves the node under the node's address")
  option("--publish", "[ADDRESS:]PORT:PORT[/PROTOCOL]", "a port of the node leads to it: 8080:80, " ..
    "127.0.0.1:53:53/udp, [::1]:443:443, 8000-8010:8000-8010; once more for a second one"):count "*"
  option("--isolate", "NAME", "only containers of this name reach it, and it reaches only those")
  command:flag("--guard", "nothing leaves it under an address or a MAC that is not its own")
  command:flag("--no-default-route", "do without"):target "default_route":action "store_false"
  command:flag("--no-forwarding", "leave the node's forwarding as it is"):target "forwarding":action "store_false"
  command:flag("--dad", "look for duplicates of IPv6 addresses first: usable after a second or two")
    :target "nodad":action "store_false"
end

function attach.define(command)
  attach.define_options(command)
  command:option("--batch", "many containers: a file (- is stdin) with an object of these options on each line, as " ..
    "JSON; the command line has what is common to them"):argname "FILE":overwrite(false)
end

---What was given on the command line, as the library takes it.
---@param args table
---@return zlnet.attach.options
function attach.options_of(args)
  local opts = {}
  for name in pairs(options.attach.known) do
    local value = args[name]
    if type(value) ~= "table" or #value > 0 then
      opts[name] = value
    end
  end
  return opts
end

---Addresses with their lengths, in one text.
---@param ips zlnet.addr.ip[]
---@return string
function attach.addresses(ips)
  local list = {}
  for i, ip in ipairs(ips) do
    list[i] = ip.address .. "/" .. ip.prefix
  end
  return table.concat(list, ", ")
end

local function print_attachment(a, out)
  local function row(what, text, ...)
    return { { what, "dim" }, text:format(...) }
  end
  local rows = {
    row("host end", "%s  index %d  %s", a.host_ifname, a.host_index, a.host_mac),
    row("container end", "%s  index %d  %s", a.ifname, a.index, a.mac),
    row("addresses", "%s", attach.addresses(a.ip)),
  }
  for _, family in ipairs { "inet", "inet6" } do
    if a.gateway[family] then
      rows[#rows + 1] = row("gateway", "%s", a.gateway[family])
    end
  end
  for _, change in ipairs(a.changed) do
    rows[#rows + 1] = row("changed", "%s = %s (was %s)", change.key:gsub("/", "."), change.new, change.old)
  end
  out:rows(rows)
end

-- An attachment that could not be told of is known to no caller. One that was kept was there before.
local function take_back(a, args, lost, out)
  if args.on_exists == "keep" then
    lost.step = "say what is attached"
  else
    lost.step = "say what was attached: it is detached again"
    local ok, err = zlnet.detach(a)
    lost.rollback = not ok and { err } or nil
  end
  return out:fail(lost)
end

function attach.run(args, out)
  if args.batch then
    return require("zlnet.cli.fleet").attach(args.batch, attach.options_of(args), out)
  end
  local a, err = zlnet.attach(attach.options_of(args))
  if not a then
    return out:fail(err)
  elseif out.json then
    out:document(output.attachment(a))
  else
    print_attachment(a, out)
  end
  local ok, lost = out:flush()
  if not ok then
    return take_back(a, args, lost, out)
  end
  return 0
end

return attach
