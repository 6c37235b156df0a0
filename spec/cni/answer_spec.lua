-- SPDX-License-Identifier: MIT
-- An answer that nobody gets: a runtime that does not hear of an attachment does not have it deleted either.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local lfs = require "lfs"

local PROGRAM = helper.build .. "/zlnet-cni"
-- no sanitizer is in the program, so their builds have none
local PROGRAMS = { script = helper.lua .. " lua/bin/zlnet-cni", program = lfs.attributes(PROGRAM) and PROGRAM or nil }

for name, words in pairs(PROGRAMS) do
  describe("zlnet-cni as a " .. name, function()
    helper.insulate()

    local directory

    before_each(function()
      directory = cni.directory()
      cni.script(directory, "fake", ([[cat >/dev/null; echo $CNI_COMMAND >>%s/log
        [ $CNI_COMMAND != ADD ] || echo '{"ips":[{"address":"10.1.2.2/24"}]}']]):format(directory))
    end)

    after_each(function()
      helper.sh("rm -r " .. directory)
    end)

    local function status(command, c, before, behind)
      local text = ([[%s env CNI_COMMAND=%s CNI_CONTAINERID=c1 CNI_NETNS=%s CNI_IFNAME=eth0 CNI_PATH=%s %s %s <<'E'
{"cniVersion":"1.1.0","name":"net","type":"zlnet-cni","ipam":{"type":"fake"}}
E]]):format(before or "", command, c and cni.netns(c) or "/x", directory, words, behind or "")
      return select(3, helper.sh(text))
    end

    for where, behind in pairs { ["a full disk"] = ">/dev/full", ["a closed descriptor"] = ">&-" } do
      it("fails and leaves nothing when its result goes to " .. where, function()
        local c = helper.container()
        assert.are.equal(1, status("VERSION", nil, nil, behind))
        assert.are.equal(1, status("ADD", c, nil, behind))
        assert.are.equal(1, #c:ip_json "link")
        assert.are.equal(1, #helper.ip_json "link")
        assert.are.equal("ADD\nDEL\n", cni.read(directory .. "/log"))
        assert.are.equal(0, status("DEL", c, nil, behind)) -- which has none
      end)
    end

    it("fails and leaves nothing when the reader of its result is gone", function()
      local c = helper.container()
      -- the reader has ended before the plugin begins
      assert.are.equal(1, select(3, helper.sh(([[
        mkfifo %s/fifo; exec 3<>%s/fifo 4>%s/fifo 3<&-
        env CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=%s CNI_IFNAME=eth0 CNI_PATH=%s %s >&4 <<'E'
{"cniVersion":"1.1.0","name":"net","type":"zlnet-cni","ipam":{"type":"fake"}}
E]]):format(directory, directory, directory, cni.netns(c), directory, words))))
      assert.are.equal(1, #c:ip_json "link")
      assert.are.equal(1, #helper.ip_json "link")
      assert.are.equal("ADD\nDEL\n", cni.read(directory .. "/log"))
    end)

    it("learns how its plugins end where the runtime ignores SIGCHLD", function()
      local c = helper.container()
      for _, command in ipairs { "STATUS", "ADD", "DEL" } do
        assert.are.equal(0, status(command, c, "env --ignore-signal=CHLD"), command)
      end
    end)
  end)
end
