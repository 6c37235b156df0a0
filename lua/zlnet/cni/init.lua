-- SPDX-License-Identifier: MIT
-- The CNI plugin: one request in, one answer out. zlnet-cni is no more than this module's caller.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
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
  local json = require "dkjson"
  local asked = json.decode(input)
  asked = type(asked) == "table" and asked.cniVersion
  local answer = { cniVersion = type(asked) == "string" and asked or NEWEST, supportedVersions = request.versions }
  return request.encode(answer)
end

local function answer(r, read, log)
  local input, unread = read()
  if r.command == "VERSION" then
    return version(input or "")
  elseif not input then
    return nil, failure.new("io", "the network configuration cannot be read", unread)
  end
  local ok, wrong = request.configuration(r, input)
  if not ok then
    return nil, wrong
  end
  local ran, text, failed = pcall(require(COMMANDS[r.command]).run, r, log)
  if not ran then -- a mistake of ours; what was half done is undone already
    return nil, failure.from(text)
  end
  return text, failed
end

---Answers one request.
---@param getenv fun(name: string): string?
---@param read fun(): string?, string? standard input, all of it
---@param log fun(text: string) for people: what belongs on standard error
---@param ahead { path: string?, child: userdata? }? an IPAM plugin that was started in the hope that it would be wanted
---@return integer status 0, or 1 after a failure
---@return string text for standard output: a result, or an error as JSON, or nothing
function cni.run(getenv, read, log, ahead)
  local _ <close> = ahead and ahead.child -- killed where it was not wanted
  local r, failed = request.environment(getenv)
  local text
  if r then
    r.ahead = ahead
    text, failed = answer(r, read, log)
  elseif (getenv "CNI_COMMAND" or "") == "" then
    log(("zlnet-cni %s, a plugin for container runtimes; CNI versions: %s\n"):format(core.version,
      table.concat(request.versions, ", ")))
  end
  if text then
    return 0, text
  end
  return 1, request.encode {
    cniVersion = r and r.version or NEWEST, code = failed.code, msg = failed.msg, details = failed.details,
  }
end

return cni
