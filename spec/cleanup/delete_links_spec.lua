-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local remove = require "zlnet.cleanup.delete_links"

describe("remove.links", function()
  helper.insulate()

  local host

  before_each(function()
    host = assert(core.open(nil))
    for i = 1, 4 do
      helper.ip("link", "add", "a" .. i, "type", "veth", "peer", "name", "b" .. i)
    end
  end)

  after_each(function()
    host:close()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  -- Deletes the links of these names, as a dump has them.
  local function run(names, before)
    local all, links = assert(host:getlinks()), {}
    for _, name in ipairs(names) do
      for _, link in ipairs(all) do
        links[#links + 1] = link.ifname == name and link or nil
      end
    end
    assert.equal(#names, #links)
    if before then
      before()
    end
    local report = assert(remove.links(host, links, all))
    local deleted, failed = {}, {}
    for i, link in ipairs(report.deleted) do
      deleted[i] = link.ifname
    end
    for i, err in ipairs(report.failed) do
      failed[i] = ("%s %s: %s"):format(err.step, err.link, err.code)
    end
    table.sort(deleted)
    table.sort(failed)
    return deleted, failed
  end

  it("deletes none, one, many, and says which", function()
    assert.same({}, (run {}))
    assert.equal(8, #node.links())
    assert.same({ "a1" }, (run { "a1" }))
    assert.same({ "a2", "a3", "a4", "b2", "b3", "b4" }, node.links())
    assert.same({ "a2", "a3" }, (run { "a3", "a2" }))
    assert.same({ "a4", "b4" }, node.links())
  end)

  it("deletes both ends of a pair", function()
    local deleted, failed = run { "a1", "b1", "a2" }
    assert.same({ "a1", "a2", "b1" }, deleted)
    assert.same({}, failed)
    assert.same({ "a3", "a4", "b3", "b4" }, node.links())
  end)

  it("takes what is gone already for deleted", function()
    for _, names in ipairs { { "a1" }, { "a2", "a3" } } do
      local deleted, failed = run(names, function()
        helper.ip("link", "del", names[1])
      end)
      assert.same(names, deleted)
      assert.same({}, failed)
    end
    assert.same({ "a4", "b4" }, node.links())
  end)

  it("goes by the index: a later link of the same name stays", function()
    local deleted = run({ "a1", "a2" }, function()
      helper.ip("link", "del", "a1")
      helper.ip("link", "add", "a1", "type", "bridge")
    end)
    assert.same({ "a1", "a2" }, deleted)
    assert.equal("bridge", node.link("a1").linkinfo.info_kind)
  end)

  it("leaves links alone that were in groups before, and gives a link its group back", function()
    helper.ip("link", "set", "a3", "group", "7")
    helper.ip("link", "set", "a1", "group", "7")
    assert.same({ "a1", "a2" }, (run { "a1", "a2" }))
    assert.equal("7", node.link("a3").group)
    -- lo cannot be deleted: nor is anything else that was to go with it
    local deleted, failed = run { "a3", "lo" }
    assert.same({}, deleted)
    assert.same({ "delete the links a3: EOPNOTSUPP", "delete the links lo: EOPNOTSUPP" }, failed)
    assert.equal("7", node.link("a3").group)
    assert.equal("default", node.link("lo").group)
    local _, alone = run { "lo" }
    assert.same({ "delete the link lo: EOPNOTSUPP" }, alone)
  end)

  -- A batch of the host's handle, with these methods in place of its own.
  local function forwarding(methods)
    local batch = host:batch()
    methods.to = batch
    return setmetatable(methods, {
      __len = function()
        return #batch
      end,
      __index = function(_, name)
        return function(_, ...)
          return batch[name](batch, ...)
        end
      end,
    })
  end

  it("gives links their groups back when the kernel cannot be asked, and when asking raises", function()
    helper.ip("link", "set", "a1", "group", "7")
    local all = assert(host:getlinks())
    local links = {}
    for _, link in ipairs(all) do
      links[#links + 1] = link.ifname:find "^a" and link or nil
    end
    local lost = { code = "EIO" }
    for _, send in ipairs { function()
      return nil, lost
    end, function()
      return { lost, lost, lost, lost }
    end, function()
      error(lost)
    end } do
      -- the handle, but it deletes nothing and cannot ask for links
      local broken = { getlinks = function(_, ...)
        return host:getlinks(...)
      end, batch = function()
        return forwarding {
          getlink = function(self)
            self.send = send
          end,
          dellink = function(self)
            assert.not_equal("7", node.link("a1").group)
            self.send = function()
              return nil, lost
            end
          end,
        }
      end }
      local ran, report, err = pcall(remove.links, broken, links, all)
      assert.equal(lost, ran and err or report)
      assert.equal("7", node.link("a1").group)
      assert.equal("default", node.link("a2").group)
    end
    assert.equal(8, #node.links())
  end)

  -- All links, and those among them that are called a….
  local function every_a()
    local all, links = assert(host:getlinks()), {}
    for _, link in ipairs(all) do
      links[#links + 1] = link.ifname:find "^a" and link or nil
    end
    return all, links
  end

  -- The host's handle; before it deletes, this happens, and before it looks at a link that.
  local function meanwhile(happens, before_look)
    return { getlinks = function(_, ...)
      return host:getlinks(...)
    end, batch = function()
      return forwarding {
        dellink = function(self, t)
          happens()
          return self.to:dellink(t)
        end,
      }
    end, getlink = function(_, ...)
      if before_look then
        before_look()
      end
      return host:getlink(...)
    end }
  end

  it("does not touch a link that another has put into his group, and says that it is there", function()
    local all, links = every_a()
    local report = assert(remove.links(meanwhile(function()
      helper.ip("link", "set", "a1", "group", "9")
    end), links, all))
    assert.equal(3, #report.deleted)
    for _, link in ipairs(report.deleted) do
      assert.not_equal("a1", link.ifname)
    end
    assert.equal(1, #report.failed)
    assert.same({ "EBUSY", "a1" }, { report.failed[1].code, report.failed[1].link })
    assert.same({ "a1", "b1" }, node.links())
    assert.equal("9", node.link("a1").group)
  end)

  -- The host's handle; when links were marked, and before the group is looked at, this happens.
  local function marked(happens)
    local host_ = meanwhile(function() end)
    function host_.getlinks(_, ...)
      happens(select(2, assert(helper.sh "ip -o link show a1")):match "group (%S+)")
      return host:getlinks(...)
    end
    return host_
  end

  it("does not delete a link that another has put into its group, but those that it was told to", function()
    local all, links = every_a()
    local report = assert(remove.links(marked(function(group)
      helper.ip("link", "add", "other", "type", "bridge")
      helper.ip("link", "set", "other", "group", group)
    end), links, all))
    assert.equal(4, #report.deleted)
    assert.same({}, report.failed)
    assert.same({ "other" }, node.links())
  end)

  it("leaves a link that has become another since it was looked at", function()
    local all, links = every_a()
    local report = assert(remove.links(marked(function()
      helper.ip("link", "set", "a2", "alias", "zlnet/1 id=x tag=s")
    end), links, all))
    assert.equal(3, #report.deleted)
    assert.same({ "EBUSY", "a2" }, { report.failed[1].code, report.failed[1].link })
    assert.same({ "a2", "b2" }, node.links())
    assert.equal("default", node.link("a2").group)
  end)

  it("asks right before the deletion which are still to be deleted, and gives the others their group back", function()
    local all, links = every_a()
    local report = assert(remove.links(host, links, all, function(list)
      for _, link in ipairs(list) do
        assert.not_equal("default", node.link(link.ifname).group)
      end
      return { list[1], list[3] }
    end))
    assert.equal(2, #report.deleted)
    assert.equal(4, #node.links())
    for _, name in ipairs(node.links()) do
      assert.equal("default", node.link(name).group)
    end
    local rest = node.link "a1" and "a1" or node.link "a2" and "a2" or "a3"
    report = assert(remove.links(host, { assert(host:getlink { ifname = rest }) }, all, function()
      return {}
    end))
    assert.same({}, report.deleted)
    assert.is_table(node.link(rest))
  end)

  it("waits for another who is about to delete the link", function()
    local all, links = every_a()
    local looks = 0
    local report = assert(remove.links(meanwhile(function()
      helper.ip("link", "set", "a1", "group", "9")
    end, function()
      looks = looks + 1
      if looks == 2 then
        helper.ip("link", "del", "a1")
      end
    end), links, all))
    assert.equal(2, looks)
    assert.equal(4, #report.deleted)
    assert.same({}, report.failed)
    assert.same({}, node.links())
  end)

  it("confirms of many beside many what is gone and what is not", function()
    local lines = {}
    for i = 5, 100 do
      lines[#lines + 1] = ("link add a%d type veth peer name b%d"):format(i, i)
    end
    local pipe = assert(io.popen("ip -batch -", "w"))
    pipe:write(table.concat(lines, "\n"), "\n")
    assert(pipe:close())
    local names = {}
    for i = 1, 50 do
      names[i] = "a" .. i
    end
    local deleted, failed = run(names, function()
      helper.ip("link", "del", "a7")
    end)
    table.sort(names)
    assert.same(names, deleted)
    assert.same({}, failed)
    assert.equal(100, #node.links())
    names = { "lo" }
    for i = 51, 100 do
      names[#names + 1] = "b" .. i
    end
    deleted, failed = run(names) -- lo cannot be deleted, and then the kernel deletes none
    assert.same({}, deleted)
    assert.equal(51, #failed)
    assert.equal(100, #node.links())
    for _, name in ipairs { "lo", "a51", "b51", "b100" } do
      assert.equal("default", node.link(name).group)
    end
    assert.equal(50, #(run { table.unpack(names, 2) }))
    assert.same({}, node.links())
  end)
end)
