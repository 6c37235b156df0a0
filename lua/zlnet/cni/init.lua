-- SPDX-License-Identifier: MIT
-- The CNI plugin: one request in, one answer out. zlnet-cni is no more than this module's caller.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"
local request = require "zlnet.cni.request"

local cni = {}

local NEWEST = request.versions[#request.versions]

-- command -> the module whose run answers it; loaded when it is asked for
local COMMANDS = {
  ADD = "zlnet.cni.add",
  CHECK = "zlnet.cni.check",
  DEL = "zlnet.cni.delete",
  GC = "zlnet.cni.collect",
  STATUS = "zlnet.cni.status",
}

local function version(input)
  local asked = (json.object(input) or {}).cniVersion
  return json.encode { cniVersion = type(asked) == "string" and asked or NEWEST, supportedVersions = request.versions }
end

local function answer(r, program)
  local input, unread = program.read()
  if r.command == "VERSION" then
    return version(input or "")
  elseif not input then
    return nil, failure.new("io", "the network configuration cannot be read", unread)
  end
  local ok, wrong = request.configuration(r, input)
  if not ok then
    return nil, wrong
  end
  return require(COMMANDS[r.command]).run(r, program.log)
end

-- What is raised is a mistake of ours; what was half done is undone by then.
local function call(f, ...)
  local ran, text, failed = pcall(f, ...)
  if not ran then
    return nil, failure.from(text)
  end
  return text, failed
end

---What the plugin's process is for.
---@class zlnet.cni.program
---@field getenv fun(name: string): string?
---@field read fun(): string?, string? standard input, all of it
---@field write fun(text: string): any, string? standard output; false or nil and why it did not take all
---@field log fun(text: string) for people: what belongs on standard error
---@field ahead { path: string?, child: userdata? }? an IPAM plugin that was started in the hope that it would be wanted

---Answers one request.
---@param program zlnet.cni.program
---@return integer status 0, or 1 after a failure
function cni.run(program)
  local ahead = program.ahead
  local _ <close> = ahead and ahead.child -- killed where it was not wanted
  local unwritten
  local function write(text)
    local ok, why = program.write(text)
    unwritten = not ok
    if unwritten then
      why = failure.new("io", "the answer cannot be written", why)
      program.log(("zlnet-cni: %s: %s\n"):format(why.msg, why.details))
    end
    return ok, why
  end
  local r, failed = request.environment(program.getenv)
  local text
  if r then
    r.ahead, r.deliver = ahead, write
    text, failed = call(answer, r, program)
  elseif (program.getenv "CNI_COMMAND" or "") == "" then
    program.log(("zlnet-cni %s, a plugin for container runtimes; CNI versions: %s\n"):format(core.version,
      table.concat(request.versions, ", ")))
  end
  if text then
    return (text == "" or write(text)) and 0 or 1
  elseif not unwritten then
    write(json.encode {
      cniVersion = r and r.version or NEWEST, code = failed.code, msg = failed.msg, details = failed.details,
    })
  end
  return 1
end

return cni
