-- SPDX-License-Identifier: MIT
-- zlnet metrics: what every attachment has sent and received, and how many there are of each verdict, as OpenMetrics
-- text.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local text = require "zlnet.text"
local zlnet = require "zlnet"

local metrics = { name = "metrics", summary = "print counters of all attachments, as OpenMetrics text" }

metrics.description = [[
For a scraper's textfile collector. Receive and transmit are the container's: its host end has them the other way
round.]]

metrics.examples = {
  { "zlnet metrics >/var/lib/node_exporter/zlnet.prom", "from cron, or a timer" },
}

function metrics.define() end

-- Counters of a container, by the host end's.
local COUNTERS = {
  { "zlnet_receive_bytes", "Bytes that the container received.", "tx_bytes" },
  { "zlnet_transmit_bytes", "Bytes that the container sent.", "rx_bytes" },
  { "zlnet_receive_packets", "Packets that the container received.", "tx_packets" },
  { "zlnet_transmit_packets", "Packets that the container sent.", "rx_packets" },
  { "zlnet_receive_dropped", "Packets to the container that were dropped.", "tx_dropped" },
  { "zlnet_transmit_dropped", "Packets of the container that were dropped.", "rx_dropped" },
}

local VERDICTS = { "alive", "in_use", "foreign", "young", "unknown", "orphan" }

-- Text of others in a label: escaped as on a terminal, and nothing that ends it.
local function label(name, value)
  return ('%s="%s"'):format(name, (text.printable(tostring(value or "")):gsub('[\\"]', "\\%0")))
end

local function labels(c)
  local r = c.record
  return ("{%s,%s,%s,%s}"):format(label("id", r.id), label("pid", r.pid), label("tag", r.tag),
    label("ifname", c.link.ifname))
end

local function head(lines, name, kind, help)
  lines[#lines + 1] = ("# TYPE %s %s"):format(name, kind)
  lines[#lines + 1] = ("# HELP %s %s"):format(name, help)
end

local function counters(lines, candidates)
  for _, counter in ipairs(COUNTERS) do
    local name, help, key = table.unpack(counter)
    head(lines, name, "counter", help)
    for _, c in ipairs(candidates) do
      local value = c.record and c.link.stats64 and c.link.stats64[key]
      lines[#lines + 1] = value and ("%s_total%s %d"):format(name, labels(c), value) or nil
    end
  end
end

local function count(report)
  local counts = {}
  for _, verdict in ipairs(VERDICTS) do
    counts[verdict] = 0
  end
  for _, v in ipairs(report.verdicts) do
    counts[v.verdict] = counts[v.verdict] + 1
  end
  return counts
end

local function verdicts(lines, counts)
  head(lines, "zlnet_verdicts", "gauge", "Candidates of a sweep, by what it says of them.")
  for _, verdict in ipairs(VERDICTS) do
    lines[#lines + 1] = ('zlnet_verdicts{verdict="%s"} %d'):format(verdict, counts[verdict])
  end
end

local function document(candidates, counts)
  local list = {}
  for _, c in ipairs(candidates) do
    local r, s = c.record, c.link.stats64
    if r and s then
      list[#list + 1] = { id = r.id, pid = r.pid, tag = r.tag, host_ifname = c.link.ifname }
      for _, counter in ipairs(COUNTERS) do
        list[#list][counter[1]:match "^zlnet_(.*)"] = s[counter[3]]
      end
    end
  end
  return { attachments = list, verdicts = counts }
end

local function look()
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local keys = table.move(attachments.keys, 1, #attachments.keys, 1, { [#attachments.keys + 1] = "stats64" })
  local links
  links, err = host:getlinks(nil, keys)
  return links and attachments.among(links), err
end

function metrics.run(_, out)
  local candidates, err = look()
  local report
  if candidates then
    report, err = zlnet.sweep { dry_run = true }
  end
  if not report then
    return out:fail(err)
  end
  local lines, counts = {}, count(report)
  if out.json then
    out:document(document(candidates, counts))
    return 0
  end
  counters(lines, candidates)
  verdicts(lines, counts)
  lines[#lines + 1] = "# EOF"
  out:write(table.concat(lines, "\n"), "\n")
  return 0
end

return metrics
