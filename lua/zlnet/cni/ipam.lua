-- SPDX-License-Identifier: MIT
-- Address management is another plugin's: it is found in CNI_PATH and run with our environment and configuration.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local json = require "dkjson"

local type = type

local ipam = {}

local SECONDS = 60 -- what asks a server may take this long; a runtime that has less patience ends us itself

---The type of the configured plugin.
---@param config table
---@return string|false|nil type false when none is configured
---@return zlnet.cni.failure? failure
function ipam.type(config)
  local section = config.ipam
  if section == nil or type(section) == "table" and (section.type == nil or section.type == "") then
    return false
  end
  local name = type(section) == "table" and section.type
  if type(name) ~= "string" or name:find "[/\0]" or name == "." or name == ".." then
    return nil, failure.new("config", "ipam.type is no name of a plugin", tostring(name))
  end
  return name
end

-- The first file of that name; whether it can be executed is for the kernel to say.
local function find(name, path)
  for directory in path:gmatch "[^:]+" do
    local candidate = directory .. "/" .. name
    local file = io.open(candidate)
    if file then
      file:close()
      return candidate
    end
  end
  return nil, failure.new("config", ("IPAM plugin '%s' is not in CNI_PATH"):format(name), path)
end

---Starts the IPAM plugin: what it answers is for ipam.finish, and there is time for other things meanwhile.
---@param r zlnet.cni.request
---@param name string its type
---@param command string? another CNI_COMMAND than the request's
---@return userdata? child to be closed
---@return zlnet.cni.failure? failure
function ipam.start(r, name, command)
  local path, missing = find(name, r.path)
  if not path then
    return nil, missing
  end
  local child, err = core.spawn { path, stdin = r.text, env = { CNI_COMMAND = command or r.command } }
  if not child then
    return nil, failure.from(err)
  end
  return child
end

-- Its own words, where it found any.
local function failed(name, result)
  local answer = json.decode(result.stdout)
  if type(answer) == "table" and math.type(answer.code) == "integer" and type(answer.msg) == "string" then
    local details = type(answer.details) == "string" and answer.details or nil
    return { code = answer.code, msg = answer.msg, details = details }
  end
  local how = result.signal and "was ended by signal " .. result.signal or "failed with status " .. result.status
  local said = (result.stderr .. result.stdout):match "^%s*(.-)%s*$"
  return failure.new("other", ("IPAM plugin '%s' %s"):format(name, how), said ~= "" and said or nil)
end

---Waits for the plugin's answer.
---@param child userdata from ipam.start
---@param name string
---@param log fun(text: string) takes what the plugin wrote to its standard error
---@return string? answer what it wrote to standard output, not read any further
---@return zlnet.cni.failure? failure
function ipam.finish(child, name, log)
  local result, err = child:wait(SECONDS)
  if not result then
    return nil, failure.new(err.code == "ETIMEDOUT" and "again" or "other", ("IPAM plugin '%s'"):format(name),
      err.code == "ETIMEDOUT" and ("no answer in %d s"):format(SECONDS) or tostring(err))
  end
  if result.stderr ~= "" then
    log(result.stderr)
  end
  if result.status ~= 0 then
    return nil, failed(name, result)
  end
  return result.stdout
end

---Runs the configured plugin, if there is one, with a command which has no answer.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@param command string? another CNI_COMMAND than the request's
---@return true? ok
---@return zlnet.cni.failure? failure
function ipam.call(r, log, command)
  local name, wrong = ipam.type(r.config)
  if not name then
    return name == false or nil, wrong
  end
  local child <close>, missing = ipam.start(r, name, command)
  if not child then
    return nil, missing
  end
  local answer, failed_with = ipam.finish(child, name, log)
  return answer and true, failed_with
end

return ipam
