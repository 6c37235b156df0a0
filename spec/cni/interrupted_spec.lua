-- SPDX-License-Identifier: MIT
-- ADD that is stopped, gone on with, killed: what a runtime, an operator or the kernel may do to it at any moment.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local lfs = require "lfs"

local PROGRAM = helper.build .. "/zlnet-cni"

describe("ADD", function()
  helper.insulate()

  local it = helper.it_where(lfs.attributes(PROGRAM), "this build has no zlnet-cni")
  local directory, c

  before_each(function()
    directory, c = cni.directory(), helper.container()
    helper.sh "ip link set lo up"
    cni.script(directory, "host-local", ([[cat >/dev/null; cd %s
      case $CNI_COMMAND in
      ADD) touch lease; echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"},{"address":"fd00::3/64"}]}';;
      DEL) rm -f lease;;
      esac]]):format(directory))
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  -- A shell script's head: `add` starts an ADD as $p, `del` is a DEL that must succeed.
  local function script(body)
    return helper.sh(([[
      export CNI_CONTAINERID=c1 CNI_NETNS=%s CNI_IFNAME=eth0 CNI_PATH=%s
      conf='{"cniVersion":"1.0.0","name":"net","type":"zlnet-cni","ipam":{"type":"host-local"}}'
      add() { echo "$conf" >%s/conf; CNI_COMMAND=ADD %s <%s/conf >%s/out 2>&1 & p=$!; }
      del() { echo "$conf" | CNI_COMMAND=DEL %s || { echo "DEL failed"; exit 1; }; }
      %s]]):format(cni.netns(c), directory, directory, PROGRAM, directory, directory, PROGRAM, body))
  end

  local function nothing_left()
    assert.are.equal(1, #c:ip_json "link")
    assert.are.equal(1, #helper.ip_json "link")
    assert.is_nil(cni.read(directory .. "/lease"))
  end

  it("does not mind being stopped and gone on with all the time", function()
    for _ = 1, 10 do
      local ok, out = script(([[add
        ( while kill -STOP $p 2>/dev/null; do kill -CONT $p 2>/dev/null; done ) & q=$!
        wait $p; status=$?
        wait $q
        [ $status = 0 ] || cat %s/out
        exit $status]]):format(directory))
      assert.is_true(ok, out)
      assert.is_true((helper.ping(nil, "10.1.2.3")))
      assert.is_true((helper.ping(nil, "fd00::3")))
      assert.is_true(script "del")
      nothing_left()
    end
  end)

  it("may be killed at any moment: DEL leaves nothing", function()
    for i = 0, 29 do
      local ok, out = script(([[add
        %s -e 'local t = os.clock() + %g while os.clock() < t do end'
        kill -9 $p 2>/dev/null; wait $p
        del]]):format(helper.lua, i * 0.0004))
      assert.is_true(ok, out)
      nothing_left()
    end
  end)

  it("does not wait for an IPAM plugin that hangs longer than the runtime lives", function()
    cni.script(directory, "other", ([[cat >/dev/null; cd %s
      [ $CNI_COMMAND != ADD ] || { echo $$ >pid.new; mv pid.new pid; exec sleep 1000; }]]):format(directory))
    local ok, out = script(([[conf='{"cniVersion":"1.0.0","name":"net","type":"zlnet-cni","ipam":{"type":"other"}}'
      add; until [ -e %s/pid ]; do sleep 0.01; done
      kill -TERM $p; wait $p; [ $? -gt 128 ] || { echo "ended by itself"; exit 1; }
      del]]):format(directory))
    assert.is_true(ok, out)
    local pid = cni.read(directory .. "/pid"):match "%d+"
    helper.eventually(function()
      local stat = cni.read("/proc/" .. pid .. "/stat")
      return not stat or stat:find "%) [ZX]"
    end)
    nothing_left()
  end)
end)
