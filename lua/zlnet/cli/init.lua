-- SPDX-License-Identifier: MIT
-- The `zlnet` command: one file per subcommand, put together with argparse and dispatched here. A subcommand parses,
-- calls the library and prints; nothing is decided here that the library could decide.

local argparse = require "argparse"

local core = require "zlnet.core"
local output = require "zlnet.cli.output"
local text = require "zlnet.text"
local usage = require "zlnet.cli.usage"

local cli = {}

---@class zlnet.cli.command
---@field name string
---@field summary string one line
---@field description string? what `--help` and the manual say beyond the summary
---@field examples { [1]: string, [2]: string }[] a command line and what it does
---@field plain boolean? it prints what is no JSON
---@field define fun(command: table) adds arguments and options to an argparse command
---@field run fun(args: table, out: zlnet.cli.output, build: fun(): table, table): integer returns the exit status;
---build is cli.parser, for those which print what all subcommands are

---In the order of the help text.
---@type string[]
cli.commands = {
  "attach", "detach", "list", "check", "sweep", "watch", "plan", "pool", "overlay", "metrics", "probe", "demo",
  "completion", "manual",
}

local SUMMARY = "Attach containers to a network over rtnetlink, and clean up after them."
local HELP = "show this and exit"
local EXIT_STATUS = "Exit status: 0 done, 1 failed, 2 wrong use."

local function epilog(examples)
  local lines = { "Examples:" }
  for _, example in ipairs(examples) do
    lines[#lines + 1] = "   " .. example[1]
    lines[#lines + 1] = "         " .. example[2]
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = EXIT_STATUS
  return table.concat(lines, "\n")
end

-- Prints what a flag asks for, and ends.
local function answer(words)
  local out = output.new ""
  out:write(words, "\n")
  os.exit(out:flush() and 0 or 1)
end

local function define_help(parser)
  parser._options[1]:description(HELP):action(function()
    answer(parser:get_help())
  end)
end

local function summary_line(command)
  return command.summary:sub(1, 1):upper() .. command.summary:sub(2) .. "."
end

---Builds the parser, and the table of subcommands by name.
---@param only string? build just this subcommand: that is most of what starting the script takes
---@return table parser
---@return table<string, zlnet.cli.command> commands
function cli.parser(only)
  local parser = argparse("zlnet", SUMMARY, EXIT_STATUS)
  parser:command_target "command":usage_max_width(80):help_max_width(80)
  parser:option("--version", "print the version and exit"):args(0):action(function()
    answer("zlnet " .. core.version)
  end)
  define_help(parser)
  local commands = {}
  for _, name in ipairs(only and { only } or cli.commands) do
    local command = require("zlnet.cli." .. name)
    local p = parser:command(name, nil, epilog(command.examples)):summary(command.summary)
    p:description(summary_line(command) .. (command.description and "\n\n" .. command.description or ""))
    define_help(p)
    command.define(p)
    if not command.plain then
      p:flag("--json", "print JSON, also for errors")
    end
    commands[name] = command
  end
  return parser, commands
end

-- argparse would end the process with status 1.
local function parse(parser, argv)
  local wrong
  function parser.error(at, message)
    wrong = { command = at._name, message = message }
    error(wrong, 0)
  end
  local ok, args = pcall(parser.parse, parser, argv)
  if ok then
    return args
  elseif not wrong then
    error(args, 0)
  end
  return nil, wrong
end

local function wrong_use(name, message, as_json)
  message = message:gsub("\n", ". ")
  if as_json then
    output.new(name, true):document { error = { kind = "usage", op = name, message = message } }
  else
    name = name == "zlnet" and name or "zlnet " .. name
    io.stderr:write(("%s: %s\nTry '%s --help'.\n"):format(name, text.printable(message), name))
  end
  return 2
end

-- What is neither wrong use nor an interrupt is a fault of ours.
local function handler(raised)
  if tostring(raised):find "interrupted!$" then -- by lua(1), at SIGINT
    return { interrupted = true }
  end
  local message = usage.message(raised)
  return message and { message = message }
    or { fault = tostring(raised), trace = debug.traceback(tostring(raised), 2) }
end

local function fault(out, raised)
  io.stderr:write((raised.trace:gsub("[^\n\t]+", text.printable)), "\n")
  if out.json then
    out:document { error = { kind = "fault", op = out.command, message = raised.fault } }
  end
  return 1
end

-- A standard descriptor that is closed would be the number of the next socket, to which would go what is printed.
-- Returns false when that is stdout: what it is to show has nowhere to go.
cli.held = {}
local function hold_standard_descriptors()
  local proc = io.open "/proc/self/stat"
  if not proc then -- it cannot be seen
    return true
  end
  proc:close() -- now: it may have one of the numbers
  for fd = 0, 2 do
    local info <close> = io.open("/proc/self/fdinfo/" .. fd)
    if not info and fd == 1 then
      return false
    end
    cli.held[fd] = not info and io.open("/dev/null", "r+") or nil
  end
  return true
end

local function run(command, args, out)
  local ok, status = xpcall(command.run, handler, args, out, cli.parser)
  if ok then
    return status
  elseif status.message then
    return wrong_use(args.command, status.message, out.json)
  elseif status.interrupted then
    return 130
  end
  return fault(out, status)
end

---Runs a command line.
---@param argv string[] without the script's name
---@return integer status 0 done, 1 failed, 2 wrong use
function cli.main(argv)
  if not hold_standard_descriptors() then
    io.stderr:write "zlnet: stdout is closed\n"
    return 1
  end
  local first, as_json
  for _, name in ipairs(cli.commands) do
    first = argv[1] == name and name or first
  end
  for _, word in ipairs(argv) do
    as_json = as_json or word == "--json"
  end
  local parser, commands = cli.parser(first)
  local args, wrong = parse(parser, argv)
  if not args then
    return wrong_use(wrong.command, wrong.message, as_json)
  end
  local out = output.new(args.command, args.json)
  local status = run(commands[args.command], args, out)
  local ok, lost = out:flush()
  return not ok and status == 0 and out:fail(lost) or status
end

return cli
