-- SPDX-License-Identifier: MIT
-- Pieces of plans, without a kernel.
local modes = require "zlnet.attach.modes"
local operations = require "zlnet.attach.operations"
local options = require "zlnet.options"
local plan = require "zlnet.attach.plan"
local rows = require "zlnet.attach.options"

local support = {}

---The operations that one piece adds, for these options: a function of the mode, or of operations.lua.
function support.ops(piece, opts)
  opts.pid = 42
  local o = options.check("attach", rows.attach, opts)
  local whole = plan.build(o, { pid = 42, start = 1, boot = "0f1e2d3c4b5a6978", pidns = 1, netns = 2, time = 3 })
  local list = {}
  local p = setmetatable({ ops = list }, { __index = whole })
  local mode = modes[o.mode]
  local function add(op)
    list[#list + 1] = op
  end
  if mode[piece] then
    mode[piece](o, p, add)
  else
    operations[piece](o, p, mode, add)
  end
  return list
end

return support
