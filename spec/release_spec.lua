-- SPDX-License-Identifier: MIT
-- One version: csrc/version.h has it, and what has to repeat it says the same.
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function rockspec(path)
  local env = {}
  assert(loadfile(path, "t", env))()
  return env
end

describe("the release", function()
  helper.insulate()

  local version = read "csrc/version.h":match 'ZLNET_VERSION "(.-)"'

  it("has one version everywhere", function()
    assert.equal(version, zlnet._VERSION)
    assert.equal(version, read "spec/install/openwrt/Makefile":match "\nPKG_VERSION:=(%S+)")
    assert.equal(version, read "README.md":match "\n## CHANGELOG\n\n### (%S+)")
    local release = rockspec(("rockspec/zlnet-%s-1.rockspec"):format(version))
    assert.equal(version .. "-1", release.version)
    assert.equal(("file://zlnet-%s.tar.gz"):format(version), release.source.url)
  end)

  it("is built as what is developed is", function()
    local scm = rockspec "rockspec/zlnet-scm-1.rockspec"
    local release = rockspec(("rockspec/zlnet-%s-1.rockspec"):format(version))
    scm.version, scm.source, release.version, release.source = nil, nil, nil, nil
    assert.same(scm, release)
  end)
end)
