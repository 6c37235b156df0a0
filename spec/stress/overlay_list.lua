-- SPDX-License-Identifier: MIT
-- The peers of overlay_agent.lua and overlay_spec.lua. The first is a node that is there, 192.0.2.2.
return function(n)
  local list = { { node = "192.0.2.2", subnets = { "10.202.2.0/24", "fd00:202:2::/64" } } }
  for i = 2, n do
    list[i] = { node = ("198.51.%d.%d"):format(i // 250, i % 250 + 1),
      subnets = { ("10.%d.%d.0/24"):format(64 + i // 250, i % 250), ("fd00:%x::/64"):format(i) } }
  end
  return list
end
