-- SPDX-License-Identifier: MIT
-- zlnet completion: argparse knows every option, and three shells.

local completion = { name = "completion", summary = "print a completion script for bash, zsh or fish" }

completion.plain = true
completion.examples = {
  { "zlnet completion bash >~/.local/share/bash-completion/completions/zlnet", "`make install` does it for all" },
}

function completion.define(command)
  command:argument("shell", "bash, zsh or fish"):choices { "bash", "zsh", "fish" }
end

function completion.run(args, out, build)
  local parser = build()
  out:script((parser["get_" .. args.shell .. "_complete"](parser):gsub("\n*$", "\n")))
  return 0
end

return completion
