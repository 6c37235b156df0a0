-- SPDX-License-Identifier: MIT
-- zlnet overlay: a document of the overlay and its peers is made true, shown, watched over, deleted.

local core = require "zlnet.core"
local output = require "zlnet.cli.output"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local overlay = { name = "overlay", summary = "make an overlay's device and tables what a list of peers says" }

overlay.description = [[
`sync`, `plan` and `watch` take a JSON document, from a file or (-) from stdin: the options of zlnet.overlay, and under
"peers" the list. `show` and `delete` take the device's name; `show` without one shows all.]]

overlay.examples = {
  { "zlnet overlay sync overlay.json", "make it true: what is there already is not touched" },
  { [[echo '{"name": "overlay", "local": "192.0.2.1", "peers": [{"node": "192.0.2.2"}]}' | ]]
    .. "zlnet overlay sync -", "with the document from stdin" },
  { "zlnet overlay plan overlay.json", "the same as a shell script; change nothing" },
  { "zlnet overlay watch overlay.json", "keep it true, an event a line, until interrupted" },
  { "zlnet overlay show --json", "what the kernel has, as documents that sync takes" },
  { "zlnet overlay delete overlay", "the device and all that is on it" },
}

local ACTIONS = { "sync", "plan", "watch", "show", "delete" }

function overlay.define(command)
  command:argument("action", table.concat(ACTIONS, ", ")):choices(ACTIONS)
  command:argument("file", "a file or -; of show and delete the device's name"):args "?"
end

local function read_text(path)
  if path == "-" then
    return io.stdin:read "a"
  end
  local file <close>, why, errno = io.open(path)
  if not file then
    return nil, core.error { kind = "io", errno = errno, op = "open", message = why, step = "read the document" }
  end
  return file:read "a"
end

-- Options and peers of the document; raises wrong use.
local function read(path)
  if not path then
    usage.wrong "a file expected, or - for stdin"
  end
  local text, err = read_text(path)
  if not text then
    return nil, err
  end
  local document, position, why = require("dkjson").decode(text, 1, nil)
  if type(document) ~= "table" or #document > 0 or text:find("%S", position) then
    usage.wrong(path .. ": a JSON object expected" .. (why and ": " .. why or ""))
  end
  local opts = {}
  for name, value in pairs(document) do
    opts[name] = value
  end
  opts.peers = nil
  return { opts = opts, peers = document.peers or {} }
end

-- What the library finds wrong with the document is wrong use: it names what.
local function checked(f, ...)
  local result = table.pack(pcall(f, ...))
  local raised = tostring(result[2])
  if not result[1] then
    local why = raised:match "bad option .*" or raised:match "bad argument #1 to '%w+' %((peers.*)%)"
    if why then
      usage.wrong(why)
    end
    error(raised, 0)
  end
  return table.unpack(result, 2, result.n)
end

local function open(path)
  local document, err = read(path)
  if not document then
    return nil, err
  end
  local o
  o, err = checked(zlnet.overlay, document.opts)
  return o, err, document.peers
end

local WHAT = { "added", "changed", "removed", "mended" }

local function print_synced(result, out)
  local n = 0
  for _, what in ipairs(WHAT) do
    for _, key in ipairs(result[what]) do
      n = n + 1
      out:print("%s  %s", out:style(("%-8s"):format(what), what == "removed" and "bold" or "green"), key)
    end
  end
  for _, err in ipairs(result.failed) do
    out:fail(err, err.peer and err.peer .. ": " or nil)
  end
  if n == 0 and #result.failed == 0 then
    out:print "nothing to change"
  end
end

local actions = {}

function actions.sync(path, out)
  local o <close>, err, peers = open(path)
  if not o then
    return out:fail(err)
  end
  local result
  result, err = checked(o.sync, o, peers)
  if not result then
    return out:fail(err)
  elseif out.json then
    out:document(result)
  else
    print_synced(result, out)
  end
  return #result.failed == 0 and 0 or 1
end

function actions.plan(path, out)
  local o <close>, err, peers = open(path)
  if not o then
    return out:fail(err)
  end
  local plan
  plan, err = checked(o.plan, o, peers)
  if not plan then
    return out:fail(err)
  elseif out.json then
    local ops = {}
    for i, op in ipairs(plan.ops) do
      ops[i] = { op = op.call, what = op.what, how = op.how, key = op.key, peer = op.peer, command = op.command }
    end
    out:document { ops = ops, failed = plan.failed }
  else
    out:script(tostring(plan))
  end
  return #plan.failed == 0 and 0 or 1
end

local function print_event(event, out)
  local why = event.error and tostring(event.error) or event.found and "was " .. event.found or ""
  out:print("%s  %s  %-5s  %-7s  %s", os.date "%H:%M:%S", out:style(("%-7s"):format(event.event),
    event.event == "mended" and "green" or "red"), event.what or "", event.how or "",
    ((event.key or "") .. "  " .. why):gsub("%s+$", ""))
end

function actions.watch(path, out)
  local o <close>, err, peers = open(path)
  if not o then
    return out:fail(err)
  end
  local result
  result, err = checked(o.sync, o, peers)
  if not result then
    return out:fail(err)
  end
  io.stdout:setvbuf "line"
  local as_text = out.columns and not out.json
  if as_text then
    print_synced(result, out)
  else
    result.event = "synced"
    out:document(result)
  end
  local _, failed = o:run(function(event)
    if as_text then
      print_event(event, out)
    else
      out:document(event)
    end
  end)
  return out:fail(failed)
end

local function find(name)
  local all, err = zlnet.overlays()
  if not all then
    return nil, err
  end
  local list = {}
  for _, shown in ipairs(all) do
    list[#list + 1] = (not name or shown.name == name) and shown or nil
  end
  if name and #list == 0 then
    return nil, core.error { kind = "io", code = "ENOENT", op = "overlay", message = "no such overlay" }
  end
  return list
end

function actions.show(name, out)
  local list, err = find(name)
  if not list then
    return out:fail(err)
  elseif out.json then
    out:document(name and list[1] or { overlays = list })
    return 0
  end
  for _, shown in ipairs(list) do
    out:print("%s  %s  MTU %d  %s", out:style(shown.name, "bold"), shown.kind, shown.mtu, table.concat(shown.ip, " "))
    local rows = {}
    for i, p in ipairs(shown.peers) do
      rows[i] = { p.node or p.public_key, p.mac or p.endpoint or "", table.concat(p.subnets, " ") }
    end
    out:rows(rows, 2)
  end
  if #list == 0 then
    out:print(output.NOTHING)
  end
  return 0
end

function actions.delete(name, out)
  if not name then
    usage.wrong "the device's name expected"
  end
  local ok, err = zlnet.delete_overlay(name)
  if not ok then
    return out:fail(err)
  elseif out.json then
    out:document { deleted = name }
  end
  return 0
end

function overlay.run(args, out)
  return actions[args.action](args.file, out)
end

return overlay
