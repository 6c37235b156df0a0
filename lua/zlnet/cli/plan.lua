-- SPDX-License-Identifier: MIT
-- zlnet plan: what attach would do, as the commands that equal it.

local attach = require "zlnet.cli.attach"
local zlnet = require "zlnet"

local plan = { name = "plan", summary = "print what attach would do, as a shell script; change nothing" }

plan.description = [[
Takes the options of attach. The script, run by sh with ip, nsenter and sysctl, makes just what attach makes.]]

plan.examples = {
  { "zlnet plan --pid 4242 --ip 10.200.0.5", "read what will happen" },
  { "zlnet plan --pid 4242 --ip 10.200.0.5 | sh", "do it without zlnet" },
  { "zlnet plan --pid 4242 --ip 10.200.0.5 --json", "the operations as data, each with its command" },
}

plan.define = attach.define_options

function plan.run(args, out)
  local p, err = zlnet.plan(attach.options_of(args))
  if not p then
    return out:fail(err)
  elseif out.json then
    local ops = {}
    for i, op in ipairs(p.ops) do
      ops[i] = { ns = op.ns, op = op.op, step = op.step, command = op.command }
    end
    out:document {
      host_ifname = p.host_ifname, host_mac = p.host_mac, ifname = p.ifname, mac = p.mac, alias = p.alias, ops = ops,
    }
  else
    out:script(tostring(p))
  end
  return 0
end

return plan
