-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
self = false
files["spec"] = { std = "+busted" }
files["rockspec"] = { std = "rockspec" }
files["lua/zlnet/meta.lua"] = { ignore = { "2" } } -- declarations for editors: nothing there is ever used
files["spec/parity"] = { max_line_length = false } -- tables of cases
exclude_files = { "spec/support/first_version.lua" } -- as it was
