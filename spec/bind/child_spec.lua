-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"

local function run(what, seconds)
  local child <close> = assert(core.spawn(what))
  return assert(child:wait(seconds or helper.PATIENCE))
end

-- Processes whose parent we are, as /proc has them.
local function children()
  local _, list = helper.sh "ps -o pid= --ppid $PPID | wc -l"
  return tonumber(list)
end

describe("core.spawn", function()
  helper.insulate()

  it("gives a program its arguments and its input, and catches what it writes", function()
    local r = run { "/bin/sh", "-c", "echo $0 $1; cat; echo no >&2; exit 3", "zero", "one two", stdin = "input\n" }
    assert.are.same({ status = 3, stdout = "zero one two\ninput\n", stderr = "no\n" }, r)
  end)

  it("passes texts that no pipe holds, both ways and with every byte", function()
    local bytes = {}
    for i = 0, 255 do
      bytes[i + 1] = string.char(i)
    end
    local text = table.concat(bytes):rep(4000)
    assert.are.equal(text, run({ "/bin/cat", stdin = text }).stdout)
  end)

  it("has an empty input where none is given", function()
    assert.are.same({ status = 0, stdout = "", stderr = "" }, run { "/bin/cat" })
  end)

  it("passes our environment on, with what is put in its place", function()
    local env = run({ "/usr/bin/env", env = { PATH = "/x", ZLNET_NEW = "a=b" } }).stdout
    assert.is_truthy(("\n" .. env):find "\nPATH=/x\n")
    assert.is_falsy(env:find(os.getenv "PATH", 1, true))
    assert.is_truthy(("\n" .. env):find "\nZLNET_NEW=a=b\n")
    assert.is_truthy(("\n" .. env):find("\nLUA_PATH=" .. os.getenv "LUA_PATH", 1, true))
  end)

  it("leaves the program no other descriptor of ours", function()
    local file <close> = assert(io.open "/proc/self/stat") -- without close-on-exec where the C library has no flag "e"
    local fds = run({ "/bin/ls", "/proc/self/fd" }).stdout
    assert.are.equal("0\n1\n2\n3\n", fds) -- 3 is what ls reads through
    assert.is_truthy(file)
  end)

  it("has its signals as they are by default, whatever ours are", function()
    local r = run { "/bin/sh", "-c", [[trap "" CHLD PIPE USR1; exec "$@"]], "sh", "/usr/bin/env", helper.lua, "-e", [[
      local core = require "zlnet.core"
      core.begin_program()
      local child = core.spawn { "/bin/grep", "^Sig[BI]", "/proc/self/status" }
      io.write(child:wait(30).stdout, core.spawn { "/bin/sh", "-c", "exit 3" }:wait(30).status)]] }
    assert.are.equal(0, r.status, r.stderr)
    local blocked, ignored, status = r.stdout:match "SigBlk:%s*(%x+)%s*SigIgn:%s*(%x+)%s*(%d+)$"
    assert.are.equal("3", status, r.stdout)
    assert.are.equal(0, tonumber(blocked, 16))
    assert.are.equal(1 << 9, tonumber(ignored, 16) & 0x7fffffff) -- USR1, which a parent may mean to be ignored by all
  end)

  it("tells a signal from a status", function()
    assert.are.equal(9, run({ "/bin/sh", "-c", "kill -9 $$" }).signal)
  end)

  it("kills a program that takes too long", function()
    local child <close> = assert(core.spawn { "/bin/sleep", "1000" })
    local r, err = child:wait(0.05)
    assert.is_nil(r)
    assert.are.equal("ETIMEDOUT", err.code)
    assert.are.equal(0, children() - 1) -- the shell that counts
    assert.has_error(function()
      child:wait(helper.PATIENCE)
    end)
  end)

  it("kills and reaps a program nobody waits for", function()
    do
      local child <close> = assert(core.spawn { "/bin/sleep", "1000" })
      assert.is_truthy(child)
      assert.are.equal(1, children() - 1)
    end
    assert.are.equal(0, children() - 1)
    core.spawn { "/bin/sleep", "1000" }
    collectgarbage()
    collectgarbage()
    assert.are.equal(0, children() - 1)
  end)

  local function has_ended(pid)
    local stat <close> = io.open(("/proc/%d/stat"):format(pid))
    local state = stat and stat:read("a"):match "%) (%a)"
    return not state or state == "Z" or state == "X"
  end

  it("ends with the process that started it, however that one ends; a script with all that it started", function()
    local script, out = os.tmpname(), os.tmpname()
    local file <close> = assert(io.open(script, "w"))
    file:write(("#!/bin/sh\nsleep 1000 & echo $! $$ >%s; wait\n"):format(out))
    file:close()
    assert(helper.sh("chmod +x " .. script))
    for words, n in pairs { [('"%s"'):format(script)] = 2,
      [('"/bin/sh", "-c", "echo $$ >%s; exec sleep 1000"'):format(out)] = 1 } do
      for _, pipes in ipairs { "true", "nil" } do
        helper.sh(">" .. out)
        local r = run { "/usr/bin/env", helper.lua, "-e", ([[
          local child = require "zlnet.core".spawn { %s, pipes = %s }
          repeat local text = io.open("%s"):read "a" until text:find "\n"
          os.execute "kill -9 $PPID"]]):format(words, pipes, out) }
        assert.are.equal(9, r.signal, r.stderr)
        local pids <close> = assert(io.open(out))
        for _ = 1, n do
          local pid = assert(pids:read "n")
          helper.eventually(function()
            return has_ended(pid)
          end)
        end
      end
    end
    os.remove(script)
    os.remove(out)
  end)

  it("is killed with all that it started", function()
    local child = assert(core.spawn { "/bin/sh", "-c", "sleep 1000 & echo $!; wait", pipes = true })
    local inner = tonumber(child:read(30))
    child:close()
    helper.eventually(function()
      return has_ended(inner)
    end)
    assert.are.equal(0, children() - 1)
  end)

  it("does not wait for a daemon that keeps the output open", function()
    local r = run { "/bin/sh", "-c", "sleep 1000 & echo $!" }
    assert.is_true((helper.sh("kill -9 " .. r.stdout)))
  end)

  it("refuses what cannot be run", function()
    local child, err = core.spawn { "/nowhere/to/be/found" }
    assert.is_nil(child)
    assert.are.equal("io", err.kind)
    assert.are.equal("ENOENT", err.code)
    assert.is_truthy(tostring(err):find("/nowhere/to/be/found", 1, true))
    child, err = core.spawn { "/etc" }
    assert.is_nil(child)
    assert.are.equal("EACCES", err.code)
  end)

  it("refuses more output than it can be asked to hold", function()
    local child <close> = assert(core.spawn { "/bin/sh", "-c", "head -c 5000000 /dev/zero" })
    local r, err = child:wait(helper.PATIENCE)
    assert.is_nil(r)
    assert.are.equal("EFBIG", err.code)
  end)

  describe("with pipes", function()
    it("starts before there is an input, and is heard before it ends", function()
      local heard = os.tmpname()
      os.remove(heard)
      local child <close> = assert(core.spawn { "/bin/sh", "-c",
        "echo first; cat; echo last; until [ -e $0 ]; do sleep 0.01; done; echo no >&2; exit 3", heard, pipes = true })
      assert.are.equal("first\n", child:read(helper.PATIENCE))
      assert.is_nil((child:read(0.05)))
      assert.is_true(child:write "input\n")
      local text = ""
      while not text:find "last\n" do
        text = text .. assert(child:read(helper.PATIENCE))
      end
      assert.are.equal("input\nlast\n", text)
      assert(helper.sh("touch " .. heard)) -- only now it ends
      assert.are.equal("", child:read(helper.PATIENCE))
      assert.are.same({ status = 3, stdout = "", stderr = "no\n" }, child:wait(helper.PATIENCE))
      os.remove(heard)
    end)

    it("keeps what was not read for the end", function()
      local child <close> = assert(core.spawn { "/bin/cat", pipes = true })
      assert.is_true(child:write "text")
      assert.are.same({ status = 0, stdout = "text", stderr = "" }, child:wait(helper.PATIENCE))
    end)

    it("passes every byte of a text that is larger than a pipe, read as it comes", function()
      local text = ("\0\r\n\255"):rep(100000)
      local child <close> = assert(core.spawn { "/bin/cat", pipes = true })
      assert.is_true(child:write(text))
      local parts = {}
      repeat
        parts[#parts + 1] = assert(child:read(helper.PATIENCE))
      until parts[#parts] == ""
      assert.are.equal(text, table.concat(parts))
    end)

    it("says so when a text is larger than a pipe may be, and does not wait", function()
      local file <close> = assert(io.open "/proc/sys/fs/pipe-max-size")
      local most = file:read "n"
      local child <close> = assert(core.spawn { "/bin/sleep", "1000", pipes = true })
      local ok, err = child:write(("x"):rep(most + 1))
      assert.is_nil(ok)
      assert.are.equal("E2BIG", err.code)
    end)

    it("writes to a program that reads nothing and has ended", function()
      local child <close> = assert(core.spawn { "/bin/true", pipes = true })
      assert.are.equal("", child:read(helper.PATIENCE))
      assert.is_true(child:write "text")
      assert.are.equal(0, child:wait(helper.PATIENCE).status)
    end)

    it("ends with the program, not with a daemon that keeps the output open", function()
      local child <close> = assert(core.spawn { "/bin/sh", "-c", "sleep 1000 & echo $!", pipes = true })
      local daemon = child:read(helper.PATIENCE)
      assert.are.equal("", child:read(helper.PATIENCE))
      assert.is_true((helper.sh("kill -9 " .. daemon)))
    end)

    it("refuses more output than it can be asked to hold", function()
      local child <close> = assert(core.spawn { "/bin/sh", "-c", "head -c 5000000 /dev/zero", pipes = true })
      local text, err
      repeat
        text, err = child:read(helper.PATIENCE)
      until not text or text == ""
      assert.is_nil(text)
      assert.are.equal("EFBIG", err.code)
    end)

    it("kills and reaps a program that was told nothing", function()
      do
        local child <close> = assert(core.spawn { "/bin/cat", pipes = true })
        assert.are.equal(1, children() - 1)
        assert.is_truthy(child)
      end
      assert.are.equal(0, children() - 1)
    end)

    it("leaves the program no other descriptor of ours", function()
      local child <close> = assert(core.spawn { "/bin/ls", "/proc/self/fd", pipes = true })
      assert.are.equal("0\n1\n2\n3\n", child:wait(helper.PATIENCE).stdout)
    end)

    it("is written to once, and only then read or written to", function()
      local child <close> = assert(core.spawn { "/bin/cat", pipes = true })
      assert.is_true(child:write "")
      assert.has_error(function()
        child:write ""
      end)
      local other <close> = assert(core.spawn { "/bin/cat", stdin = "text" })
      for _, method in ipairs { "read", "write" } do
        assert.has_error(function()
          other[method](other, method == "read" and 1 or "")
        end)
      end
      child:close()
      assert.has_error(function()
        child:read(1)
      end)
    end)
  end)

  for what, argument in pairs {
    ["no table"] = "/bin/true",
    ["no path"] = {},
    ["an argument that is no string"] = { "/bin/true", 1 },
    ["an argument with a NUL"] = { "/bin/true", "a\0b" },
    ["an input that is no string"] = { "/bin/true", stdin = {} },
    ["an input beside pipes"] = { "/bin/true", stdin = "", pipes = true },
    ["an environment that is no table"] = { "/bin/true", env = "A=1" },
    ["a name with '='"] = { "/bin/true", env = { ["A=B"] = "1" } },
    ["a value that is no string"] = { "/bin/true", env = { A = 1 } },
  } do
    it("raises for " .. what, function()
      assert.has_error(function()
        core.spawn(argument)
      end)
    end)
  end
end)
