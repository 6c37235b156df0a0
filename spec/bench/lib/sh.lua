-- SPDX-License-Identifier: MIT
-- Processes for the bench: it measures nothing here, so the shell is good enough.
local sh = {}

local tmp

--- A directory of our own, made at the first call.
function sh.tmp()
  if not tmp then
    local p = assert(io.popen("mktemp -d"))
    tmp = p:read("l")
    p:close()
  end
  return tmp
end

function sh.cleanup()
  if tmp then
    os.execute("rm -rf " .. tmp)
  end
end

function sh.write(name, text)
  local path = sh.tmp() .. "/" .. name
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
  return path
end

--- Runs a command; returns its output, or nil and the output when it failed.
function sh.out(command, input)
  local from = input and sh.write("stdin", input) or "/dev/null"
  local p = assert(io.popen("{ " .. command .. "\n} <" .. from, "r"))
  local text = p:read("a")
  if p:close() then
    return text
  end
  return nil, text
end

--- Numbers that a command prints, one a line. A contestant that fails ends with an error: it has no time to report.
function sh.numbers(command, input)
  local errors = sh.tmp() .. "/stderr"
  local text = sh.out(command .. " 2>" .. errors, input)
  if not text then
    local f = io.open(errors)
    error(command .. ": " .. (f and f:read("a") or "failed"), 0)
  end
  local values = {}
  for word in text:gmatch("%S+") do
    values[#values + 1] = tonumber(word)
  end
  return values
end

local STARTING = 2 -- seconds until all have started, read their jobs, and wait for the moment

--- Numbers that processes print which run at once, one for each part of the jobs, which it reads a line each. BENCH_AT
--- tells each the moment to begin, by CLOCK_MONOTONIC.
function sh.at_once(command, parts, line)
  local file <close> = assert(io.open "/proc/uptime")
  local script = { ("export BENCH_AT=%.2f"):format(file:read "n" + STARTING) }
  for i, part in ipairs(parts) do
    local lines = {}
    for j, job in ipairs(part) do
      lines[j] = line(job)
    end
    local from = sh.write("part" .. i, table.concat(lines, "\n") .. "\n")
    script[i + 1] = ("%s <%s >%s.out &"):format(command, from, from)
  end
  script[#script + 1] = "wait"
  script[#script + 1] = "cat " .. sh.tmp() .. "/part*.out"
  return sh.numbers(sh.command_of(script))
end

--- Several lines of shell as one command.
function sh.command_of(lines)
  return "{ " .. table.concat(lines, "\n") .. "\n}"
end

function sh.ok(command)
  return (os.execute(command .. " >/dev/null 2>&1")) == true
end

function sh.has(program)
  return sh.ok("command -v " .. program)
end

function sh.exists(path)
  local f = io.open(path)
  if f then
    f:close()
  end
  return f ~= nil
end

return sh
