-- SPDX-License-Identifier: MIT
-- Address management is another plugin's: it is found in CNI_PATH and run with our environment and configuration.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"

local type = type

local ipam = {}

local SECONDS = 60 -- what asks a server may take this long; a runtime that has less patience ends us itself

---The variable that an IPAM plugin of ours has. Should it be zlnet-cni again, by whatever name and way, it says so.
ipam.MARK = "ZLNET_CNI_IPAM"

-- What is known of the reference plugins: "early" ones look at no interface, so they work while it is made (those that
-- csrc/plugin/ipam.c starts); "bound" ones release an address through it. All others are told what to do when the
-- interface is there, and when it is gone, as the reference plugins have it.
local KINDS = { ["host-local"] = "early", static = "early", dhcp = "bound" }

---The type of the configured plugin.
---@param config table
---@return string|false|nil type false when none is configured, or our own
---@return zlnet.cni.failure? failure
function ipam.type(config)
  local section = config.ipam
  if section == nil or type(section) == "table" and (section.type == nil or section.type == "") then
    return false
  end
  local name = type(section) == "table" and section.type
  if name == "zlnet" then -- pool.lua
    return false
  end
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

---An IPAM plugin that is asked once.
---@class zlnet.cni.ipam.call
---@field name string
---@field early boolean whether it can be told what to do before the interface is there
---@field bound boolean whether it releases an address through the interface
---@field private r zlnet.cni.request
---@field private path string
---@field private command string?
---@field private child userdata? once it is started
---@field private said string[] what it has written to standard output so far, in pieces
---@field private deadline number
---@field private ended boolean? whether it was content, when its end was seen
---@field private why zlnet.cni.failure? why it was not
local Call = {}
Call.__index = Call

-- The one that was started ahead, if it is the same, for the request's own command. It serves once.
local function taken(r, path, command)
  local ahead = r.ahead
  if not ahead or ahead.path ~= path or command then
    return nil
  end
  ahead.path = nil
  return ahead.child
end

---Finds the IPAM plugin, and starts an early one: it does nothing before it is told its configuration (call:tell), but
---is through with its own start by then.
---@param r zlnet.cni.request
---@param name string its type
---@param command string? another CNI_COMMAND than the request's
---@return zlnet.cni.ipam.call? call to be closed, which kills a plugin that has not ended
---@return zlnet.cni.failure? failure
function ipam.start(r, name, command)
  local path, missing = find(name, r.path)
  if not path then
    return nil, missing
  end
  local self = setmetatable({ name = name, early = KINDS[name] == "early", bound = KINDS[name] == "bound", r = r,
    path = path, command = command, child = nil, said = {}, deadline = nil, ended = nil, why = nil }, Call)
  if self.early then
    local ok, failed = self:launch()
    if not ok then
      return nil, failed
    end
  end
  return self
end

---Starts it, where it does not run yet.
---@private
function Call:launch()
  if self.child then
    return true
  end
  local command, err = self.command, nil
  self.child = taken(self.r, self.path, command)
  if not self.child then
    self.child, err = core.spawn { self.path, pipes = true,
      env = { CNI_COMMAND = command or self.r.command, [ipam.MARK] = "1" } }
  end
  self.deadline = core.clock() + SECONDS
  return self.child and true, err and failure.from(err)
end

---The same for the plugin that is configured.
---@param r zlnet.cni.request
---@param command string? another CNI_COMMAND than the request's
---@return zlnet.cni.ipam.call|false|nil call false when none is configured
---@return zlnet.cni.failure? failure
function ipam.begin(r, command)
  local name, wrong = ipam.type(r.config)
  if not name then
    return name, wrong
  end
  return ipam.start(r, name, command)
end

---Kills a plugin that has not ended.
function Call:close()
  if self.child then
    self.child:close()
  end
end
Call.__close = Call.close

---Gives it the configuration, once.
---@param text string
---@return true? ok
---@return zlnet.cni.failure? failure
function Call:tell(text)
  local started, unstarted = self:launch()
  if not started then
    return nil, unstarted
  end
  local ok, err = self.child:write(text)
  return ok, err and failure.from(err)
end

local function left(call)
  return math.max(call.deadline - core.clock(), 0)
end

-- What has happened to it, when waiting went wrong.
local function lost(call, err)
  return nil, failure.new(err.code == "ETIMEDOUT" and "again" or "other", ("IPAM plugin '%s'"):format(call.name),
    err.code == "ETIMEDOUT" and ("no answer in %d s"):format(SECONDS) or tostring(err))
end

-- What it has written.
local function said(call)
  return table.concat(call.said)
end

---Waits for a whole answer. Whether the plugin is content with it only its end will tell (call:finish), for which there
---is no need to wait before the answer is used.
---@return table|false|nil answer as decoded; false when it has ended without one
---@return zlnet.cni.failure? failure
function Call:answer()
  local scanner = json.scanner()
  repeat
    local more, err = self.child:read(left(self))
    if not more then
      return lost(self, err)
    end
    table.insert(self.said, more)
    scanner:feed(more)
  until scanner.complete or more == ""
  return json.object(said(self)) or false
end

-- Its own words, where it found any.
local function failed(call, result)
  local words = said(call)
  local answer = json.object(words)
  if answer and math.type(answer.code) == "integer" and type(answer.msg) == "string" then
    local details = type(answer.details) == "string" and answer.details or nil
    return { code = answer.code, msg = answer.msg, details = details }
  end
  local how = result.signal and "was ended by signal " .. result.signal or "failed with status " .. result.status
  words = (result.stderr .. words):match "^%s*(.-)%s*$"
  return failure.new("other", ("IPAM plugin '%s' %s"):format(call.name, how),
    words ~= "" and json.excerpt(words) or nil)
end

local function finish(self, log)
  if not self.child then
    return nil, failure.new("other", ("IPAM plugin '%s' was not started"):format(self.name))
  end
  local more, result, err
  repeat
    more, err = self.child:read(left(self))
    table.insert(self.said, more)
  until not more or more == ""
  if more then
    result, err = self.child:wait(left(self))
  end
  if not result then
    return lost(self, err)
  end
  if result.stderr ~= "" then
    log(result.stderr)
  end
  if result.status ~= 0 then
    return nil, failed(self, result)
  end
  return true
end

---What it answered, as an excerpt for people.
---@return string?
function Call:words()
  local words = said(self):match "^%s*(.-)%s*$"
  return words ~= "" and json.excerpt(words) or nil
end

---Waits for the plugin's end. Once there, it says the same each time.
---@param log fun(text: string) takes what the plugin wrote to its standard error
---@return true? ok
---@return zlnet.cni.failure? failure
function Call:finish(log)
  if self.ended == nil then
    local ok, why = finish(self, log)
    self.ended, self.why = ok or false, why
  end
  return self.ended or nil, self.why
end

---Tells a plugin what to do, where the command has no answer, and waits for its end.
---@param text string the configuration
---@param log fun(text: string)
---@return true? ok
---@return zlnet.cni.failure? failure
function Call:complete(text, log)
  local told, unwritten = self:tell(text)
  if not told then
    return nil, unwritten
  end
  return self:finish(log)
end

---Runs the configured plugin, if there is one, with a command which has no answer.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@param command string? another CNI_COMMAND than the request's
---@return true? ok
---@return zlnet.cni.failure? failure
function ipam.call(r, log, command)
  local call <close>, none = ipam.begin(r, command)
  if not call then
    return call == false or nil, none
  end
  return call:complete(r.text, log)
end

return ipam
