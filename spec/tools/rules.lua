-- SPDX-License-Identifier: MIT
-- The house rules that a search can check; called by spec/tools/lint.   usage: lua spec/tools/rules.lua BUILD
-- BUILD is a directory in which the core and the stub have just been built, with dependency files.
local build = arg[1]
local findings = 0

local function found(where, rule)
  findings = findings + 1
  print(("%s: %s"):format(where, rule))
end

local function lines_of(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    list[#list + 1] = line
  end
  pipe:close()
  return list
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local function base(path)
  return path:match "[^/]*$"
end

-- Where in a file a position is.
local function at(path, text, position)
  local _, before = text:sub(1, position):gsub("\n", "")
  return ("%s:%d"):format(path, before + 1)
end

-- The text with comments and strings blanked; positions and lines stay.
local function blank(s)
  return (s:gsub("[^\n]", " "))
end

local function code_of_c(text)
  return (text:gsub("/%*.-%*/", blank):gsub('"[^"\n]*"', blank):gsub("//[^\n]*", blank))
end

local function code_of_lua(text)
  return (text:gsub('"[^"\n]*"', blank):gsub("%-%-[^\n]*", blank))
end

local function set(words)
  local members = {}
  for word in words:gmatch "%S+" do
    members[word] = true
  end
  return members
end

-- Calls f(name, position) for every name( in the code.
local function calls(code, f)
  for position, name in code:gmatch "()%f[%w_]([%a_][%w_]*)%s*%(" do
    f(name, position)
  end
end

-- --- C ---

-- Whoever sees Lua can be left by an error at any call of it, so it opens nothing and holds no memory of its own.
local opens = set [[open openat open_tree creat fopen fdopen opendir fdopendir socket accept accept4 pipe pipe2 dup dup2
  dup3 eventfd timerfd_create signalfd epoll_create1 inotify_init1 pidfd_open memfd_create mmap malloc calloc realloc
  reallocarray strdup strndup asprintf vasprintf clone fork vfork pthread_create setns unshare]]

local only_in = {
  setns = set "kernel/thread.c",
  unshare = set "kernel/thread.c",
  clone = set "kernel/thread.c",
  pthread_create = set "kernel/thread.c",
  fork = set "kernel/aside.c kernel/child_exec.c kernel/job.c",
  vfork = set "kernel/child_exec.c",
  _exit = set "kernel/aside.c kernel/child_exec.c kernel/job.c",
  socket = set "kernel/netlink.c kernel/netns.c",
}

local nowhere = set [[strcpy strcat sprintf vsprintf gets strtok alloca system popen
  exit abort printf puts putchar perror fprintf vfprintf setenv putenv signal]]

-- The rooms of csrc, and those whose headers each may include. What is in kernel and tables is tested and fuzzed
-- without Lua. A file of bind wraps the file of kernel that has its name; of its own room it may see what is shared.
local rooms = {
  kernel = { sees = set "kernel tables" },
  tables = { sees = set "tables" },
  codec = { sees = set "codec tables", lua = true },
  bind = {
    sees = set "kernel tables codec", lua = true, shared = set "batch error handle netns nft process reply request",
  },
  plugin = { sees = set "plugin kernel bind", lua = true },
}

local cloexec = {
  open = "O_CLOEXEC", openat = "O_CLOEXEC", socket = "SOCK_CLOEXEC", accept4 = "SOCK_CLOEXEC", pipe2 = "O_CLOEXEC",
  eventfd = "EFD_CLOEXEC", timerfd_create = "TFD_CLOEXEC", epoll_create1 = "EPOLL_CLOEXEC",
  memfd_create = "MFD_CLOEXEC", accept = "accept4", pipe = "pipe2", dup = "F_DUPFD_CLOEXEC", dup2 = "dup3",
}

local function sees_lua(path)
  for _, sub in ipairs { "/obj/", "/stub/obj/" } do
    local file = io.open(build .. sub .. path:gsub("^csrc/", ""):gsub("%.c$", ".d"))
    if file then
      local text = file:read "a"
      file:close()
      return text:find "/lua%.h" ~= nil
    end
  end
  return read(path):find "#include <l[au][ua]" ~= nil
end

local function check_c(path)
  local text = read(path)
  local code, name = code_of_c(text), base(path)
  local lua = name:find "%.c$" and sees_lua(path)
  local inside = path:match "^csrc/(.+)$"
  local room = inside:match "^([^/]+)/"
  if room and not rooms[room] then
    found(path, "is in no room of csrc")
  elseif room then
    if lua and not rooms[room].lua then
      found(path, "sees lua.h, if only through a header; what is below Lua has to build without it")
    end
    for position, header in text:gmatch '()#include "([^"]+)"' do
      local other, noun = header:match "^([^/]+)/([%w_]+)%.h$"
      local own = inside:gsub("%.[ch]$", "") == header:gsub("%.h$", "")
      local shared = other == room and rooms[room].shared and rooms[room].shared[noun]
      if not (own or shared or rooms[room].sees[other]) then
        found(at(path, text, position), ("%s does not see %s"):format(room, header))
      end
    end
  end
  calls(code, function(called, position)
    local where = at(path, text, position)
    if nowhere[called] then
      found(where, called .. "() has no place in the core")
    elseif lua and opens[called] then
      found(where, called .. "() in a file that sees lua.h: what it returns would be lost when Lua raises")
    elseif only_in[called] and not only_in[called][inside] then
      found(where, called .. "() is called in another file than the one made for it")
    end
    local flag = cloexec[called]
    if flag and not code:match("^[^;]*", position):find(flag, 1, true) then
      found(where, called .. "() without " .. flag)
    end
    if (called:find "^mnl_attr_put" or called:find "^mnl_attr_nest_start") and not called:find "_check$" then
      found(where, called .. "() is not bounded; its _check form is")
    end
  end)
end

-- --- Lua ---

local lua_nowhere = {
  ["os%.exit"] = "a library does not end its caller",
  ["os%.execute"] = "the library starts no process",
  ["io%.popen"] = "the library starts no process",
  ["io%.write"] = "the library prints nothing",
  ["io%.stderr"] = "the library prints nothing",
  ["%f[%w_.:]print%f[^%w_]%s*[%(\"]"] = "the library prints nothing",
}
local without_spec = set "init.lua meta.lua"

local function check_lua(path)
  local text, name = read(path), base(path)
  local code = code_of_lua(text)
  local command = path:find "^lua/zlnet/cli/" ~= nil -- a script's: it prints
  local demo = path == "lua/zlnet/cli/demo.lua" -- shows with ip and ping what works
  for pattern, reason in pairs(lua_nowhere) do
    local position = code:find(pattern)
    if position and not (command and not reason:find "process" or demo) then
      found(at(path, text, position), reason)
    end
  end
  local position = text:find "require%s*%(?%s*[\"']zlnet[\"']"
  if position and name ~= "init.lua" and not command then
    found(at(path, text, position), "dependencies point down: a module does not require zlnet itself")
  end
  -- lua/zlnet/cni/ipam.lua has spec/cni/ipam_spec.lua
  local spec = ("spec/%s_spec.lua"):format(path:match "^lua/zlnet/(.*)%.lua$")
  if not without_spec[name] and not io.open(spec) then
    found(path, "has no " .. spec)
  end
end

-- --- every file ---

local unfinished = { "TO" .. "DO", "FIX" .. "ME", "X" .. "XX" }

local function check_source(path)
  if path:find "^spec/fuzz/corpus/" or path:find "^spec/fuzz/regressions/" then
    return -- bytes
  end
  local text = read(path)
  local first = text:match "^#![^\n]*\n([^\n]*)" or text:match "^[^\n]*"
  if not first:find("SPDX-License-Identifier: MIT", 1, true) then
    found(path, "does not begin with its SPDX line")
  end
  for _, word in ipairs(unfinished) do
    local position = text:find("%f[%w_]" .. word .. "%f[^%w_]")
    if position then
      found(at(path, text, position), word)
    end
  end
end

local function check_symbols(path)
  local symbols = lines_of("nm -D --defined-only " .. path)
  if #symbols ~= 1 or not symbols[1]:find " T luaopen_zlnet_core$" then
    found(path, "exports more or other than luaopen_zlnet_core: " .. table.concat(symbols, ", "))
  end
end

local top = set "csrc lua rockspec spec Makefile README.md LICENSE"

for _, path in ipairs(lines_of "find csrc -name '*.[ch]' | sort") do
  check_c(path)
end
for _, path in ipairs(lines_of "find lua/zlnet -name '*.lua' | sort") do
  check_lua(path)
end
local sources = "csrc lua spec rockspec .ci Makefile .clang-format .clang-tidy .luacheckrc .editorconfig"
for _, path in ipairs(lines_of("find " .. sources .. " -type f | sort")) do
  check_source(path)
end
for _, path in ipairs(lines_of "git ls-files 2>/dev/null || ls -A") do
  local entry = path:match "^[^/]*"
  if not top[entry] and entry:sub(1, 1) ~= "." and entry ~= "build" then
    found(path, "does not belong at the top level")
  end
end
check_symbols(build .. "/zlnet/core.so")
check_symbols(build .. "/stub/zlnet/core.so")

os.exit(findings == 0)
