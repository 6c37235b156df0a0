-- SPDX-License-Identifier: MIT
-- zlnet manual: the manual page, made of what --help says.

local manual = { name = "manual", summary = "print the manual page, for man(1)" }

manual.plain = true
manual.examples = { { "zlnet manual | man -l -", "read it where it is not installed" } }

function manual.define() end

-- Text as roff: no escapes, no requests at the beginning of a line, hyphens that can be copied.
local function escape(text)
  text = text:gsub("\\", "\\e"):gsub("-", "\\-"):gsub("`([^`\n]*)`", "\\fB%1\\fR")
  return (("\n" .. text):gsub("\n([.'])", "\n\\&%1"):sub(2))
end

-- `--pid PID`, with what is a placeholder in italics.
local function option_label(option)
  local names = {}
  for i, name in ipairs(option._aliases) do
    names[i] = "\\fB" .. escape(name) .. "\\fR"
  end
  local argument = option._argname or option._maxargs > 0 and "..." or nil
  return table.concat(names, ", ") .. (argument and " \\fI" .. escape(argument) .. "\\fR" or "")
end

local function add_options(page, options, from)
  for i = from, #options do
    local option = options[i]
    if not option._hidden then
      page[#page + 1] = ".TP\n" .. option_label(option) .. "\n" .. escape(option._description or "")
    end
  end
end

local function add_command(page, command, parser)
  page[#page + 1] = ".SS zlnet " .. command.name
  page[#page + 1] = escape(parser._description):gsub("\n\n", "\n.PP\n")
  add_options(page, parser._options, 2) -- without --help
  for _, argument in ipairs(parser._arguments) do
    page[#page + 1] = (".TP\n\\fI%s\\fR\n%s"):format(escape(argument._name), escape(argument._description or ""))
  end
  page[#page + 1] = ".PP\nExamples:"
  for _, example in ipairs(command.examples) do
    page[#page + 1] = (".TP\n\\fB%s\\fR\n%s"):format(escape(example[1]), escape(example[2]))
  end
end

---The page as roff (man(7)).
---@param parser table of argparse
---@param commands zlnet.cli.command[] in their order
---@param version string
---@return string
function manual.page(parser, commands, version)
  local page = {
    (".TH ZLNET 8 \"\" \"zlnet %s\" \"System Administration\"\n.nh\n.ad l"):format(version),
    ".SH NAME\nzlnet \\- attach containers to a network, and clean up after them",
    ".SH SYNOPSIS\n.B zlnet\n.I COMMAND\n[\\fIOPTIONS\\fR]",
    ".SH DESCRIPTION\n" .. escape(parser._description),
    ".SH OPTIONS",
  }
  add_options(page, parser._options, 1)
  page[#page + 1] = ".SH COMMANDS"
  local by_name = {}
  for _, p in ipairs(parser._commands) do
    by_name[p._name] = p
  end
  for _, command in ipairs(commands) do
    add_command(page, command, by_name[command.name])
  end
  page[#page + 1] = ".SH EXIT STATUS\n0 done, 1 failed, 2 wrong use."
  page[#page + 1] = ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours, also on a terminal." ..
    "\n.TP\n.B ZLNET_DEBUG\n\\fBnetlink\\fR: print requests to the kernel and its answers on stderr."
  page[#page + 1] = ".SH SEE ALSO\n.BR ip (8),\n.BR ip\\-netns (8),\n.BR veth (4),\n.BR rtnetlink (7),\n" ..
    ".BR network_namespaces (7),\n.BR capabilities (7)"
  return table.concat(page, "\n") .. "\n"
end

function manual.run(_, out, build)
  local parser, by_name = build()
  local commands = {}
  for i, p in ipairs(parser._commands) do
    commands[i] = by_name[p._name]
  end
  out:script(manual.page(parser, commands, require("zlnet.core").version))
  return 0
end

return manual
