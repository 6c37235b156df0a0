-- SPDX-License-Identifier: MIT
-- The `zlnet` command: one file per subcommand, put together with argparse and dispatched here. A subcommand parses,
-- calls the library and prints; nothing is decided here that the library could decide.

local argparse = require "argparse"

local output = require "zlnet.cli.output"
local usage = require "zlnet.cli.usage"

local cli = {}

---@class zlnet.cli.command
---@field name string
---@field summary string one line
---@field description string? what `--help` and the manual say beyond the summary
---@field examples { [1]: string, [2]: string }[] a command line and what it does
---@field plain boolean? it prints what is no JSON
---@field define fun(command: table) adds arguments and options to an argparse command
---@field run fun(args: table, out: zlnet.cli.output): integer returns the exit status

---In the order of the help text.
---@type string[]
cli.commands = {
  "attach", "detach", "list", "check", "sweep", "watch", "plan", "overlay", "probe", "demo", "completion", "manual",
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
    print("zlnet " .. require("zlnet.core").version)
    os.exit(0)
  end)
  parser._options[1]:description(HELP)
  local commands = {}
  for _, name in ipairs(only and { only } or cli.commands) do
    local command = require("zlnet.cli." .. name)
    local p = parser:command(name, nil, epilog(command.examples)):summary(command.summary)
    p:description(summary_line(command) .. (command.description and "\n\n" .. command.description or ""))
    p._options[1]:description(HELP)
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

local function wrong_use(name, message)
  name = name == "zlnet" and name or "zlnet " .. name
  io.stderr:write(("%s: %s\nTry '%s --help'.\n"):format(name, (message:gsub("\n", ". ")), name))
  return 2
end

-- What is neither wrong use nor an interrupt is a fault of ours.
local function handler(raised)
  if tostring(raised):find "interrupted!$" then -- by lua(1), at SIGINT
    return { interrupted = true }
  end
  local message = usage.message(raised)
  return message and { message = message } or { trace = debug.traceback(tostring(raised), 2) }
end

---Runs a command line.
---@param argv string[] without the script's name
---@return integer status 0 done, 1 failed, 2 wrong use
function cli.main(argv)
  local first
  for _, name in ipairs(cli.commands) do
    first = argv[1] == name and name or first
  end
  local parser, commands = cli.parser(first)
  local args, wrong = parse(parser, argv)
  if not args then
    return wrong_use(wrong.command, wrong.message)
  end
  local out = output.new(args.command, args.json)
  local ok, status = xpcall(commands[args.command].run, handler, args, out)
  if ok then
    return status
  elseif status.message then
    return wrong_use(args.command, status.message)
  elseif status.interrupted then
    return 130
  end
  io.stderr:write(status.trace, "\n")
  return 1
end

return cli
