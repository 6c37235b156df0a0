-- SPDX-License-Identifier: MIT
---@meta
-- What the C core offers, for language servers and for `make doc`. Never required. The functions written in Lua are
-- annotated where they stand.
error("zlnet.meta is for language servers; nothing requires it")

---@class zlnet
local zlnet = { netns = {} }

---What names a network namespace: a pid, a path, a name under /run/netns, a namespace handle, `{fd = n}`, an open file,
---or nil for the calling thread's own.
---@alias zlnet.target integer|string|zlnet.netns|{ fd: integer }|file*|nil

-- Errors ------------------------------------------------------------------------------------------------------------

---What the kernel or the file system refused. Branch on `kind` and `code`, never on the text. It concatenates, and
---`tostring` begins `io error: …`, `link 'x' not found in current netns` or `netlink operation failed: …`.
---@class zlnet.error
---@field kind "io"|"not_found"|"netlink"
---@field errno integer? positive; absent where no system call failed
---@field code string? its name, e.g. `"EEXIST"`
---@field op string? the operation, e.g. `"newlink"`
---@field message string the kernel's extended-ACK text where there is one, else strerror(3)
---@field attr string? the key path that the kernel objected to, e.g. `"linkinfo.data.peer.ifname"`
---@field step string? what the workflow was doing
---@field link string? the link it was about
---@field rollback zlnet.error[]? errors met while undoing; absent when undoing was clean
---@field others zlnet.error[]? further failures of a workflow that goes on after one

---Makes an error of the caller's own. `errno` and `code` are filled in from each other.
---@param fields { kind: "io"|"not_found"|"netlink", code: string?, errno: integer?, op: string?, message: string }
---@return zlnet.error
function zlnet.error(fields) end

-- Namespaces --------------------------------------------------------------------------------------------------------

---A handle of a network namespace: a descriptor that keeps it alive. `==` compares identity. Closed by `close`, by
---`<close>` or by the collector.
---@class zlnet.netns
local netns = {}

---Opens a namespace. Errors: `io` (ENOENT, ESRCH, EACCES …; EINVAL when it is something else than a network namespace).
---@param target zlnet.target
---@return zlnet.netns? ns
---@return zlnet.error? err
function zlnet.netns.open(target) end

---Makes an unnamed namespace, which lives as long as something holds it. Equal to `unshare -n`.
---@return zlnet.netns? ns
---@return zlnet.error? err
function zlnet.netns.new() end

---Makes a namespace with a name. Equal to `ip netns add NAME`, with which it shares /run/netns (ip-netns(8)).
---@param name string 1–255 bytes, no `/`
---@return zlnet.netns? ns
---@return zlnet.error? err `io`: EEXIST, EPERM …
function zlnet.netns.create(name) end

---Takes a namespace's name away; the namespace ends with its last user. Equal to `ip netns delete NAME`.
---@param name string
---@return true? ok
---@return zlnet.error? err `io`: ENOENT …
function zlnet.netns.delete(name) end

---The names under /run/netns. Equal to `ip netns list`.
---@return string[]? names
---@return zlnet.error? err
function zlnet.netns.list() end

---What identifies the namespace, as long as it lives: equal in every process.
---@return { dev: integer, ino: integer }? id
---@return zlnet.error? err
function netns:id() end

---Its descriptor, which stays the handle's.
---@return integer fd
function netns:fd() end

---Runs f on a fresh thread that joined the namespace; the caller waits and never changes its own. f cannot yield.
---Equal to `ip netns exec`, without a process. Errors: `netlink` when joining is refused (setns(2): EPERM), `io` when
---there is no thread; what f raises is raised again.
---@param f function
---@param ... any its arguments
---@return any ... f's results
function netns:run(f, ...) end

---Takes an advisory lock on the namespace itself (flock(2) of its inode), which ends when the handle is closed. Attach
---holds it shared, detach and sweep hold it exclusively.
---@param mode "shared"|"exclusive"
---@param seconds number? how long to wait, 0 by default
---@return true? ok
---@return zlnet.error? err `io` with EAGAIN
function netns:lock(mode, seconds) end

---Closes the handle; once more does no harm.
function netns:close() end

-- Handles -----------------------------------------------------------------------------------------------------------

---A NETLINK_ROUTE socket bound to one namespace for life. Methods are the kernel's operations (rtnetlink(7)). Keys of
---tables are the kernel's names; where a key names another link, an index or a name will do. Wrong keys and values
---raise before anything is sent, naming the key path. `new*` creates exclusively unless a mode says otherwise.
---@class zlnet.handle
local handle = {}

---@alias zlnet.mode "create"|"replace"|"append"|"change"

---Opens a handle. Errors: as zlnet.netns.open; `netlink` when joining the namespace is refused (EPERM).
---@param target zlnet.target
---@return zlnet.handle? handle
---@return zlnet.error? err
function zlnet.open(target) end

---Makes a link. Equal to `ip link add`.
---@param t zlnet.link
---@param mode zlnet.mode?
---@param keys string[]? read back only these keys
---@return zlnet.link|true|nil link as the kernel made it; true for one that was born in another namespace
---@return zlnet.error? err
function handle:newlink(t, mode, keys) end

---Changes a link, found by `index` or `ifname`. Equal to `ip link set`.
---@param t zlnet.link
---@return true? ok
---@return zlnet.error? err
function handle:setlink(t) end

---Deletes a link by `index` or `ifname`, or every link of a `group`. Equal to `ip link delete`.
---@param t zlnet.link
---@return true? ok
---@return zlnet.error? err
function handle:dellink(t) end

---One link, by `index` or `ifname`. Equal to `ip -d link show dev NAME`.
---@param t zlnet.link
---@param keys string[]? only these keys
---@return zlnet.link? link
---@return zlnet.error? err `not_found` when there is none
function handle:getlink(t, keys) end

---All links, or those a filter (`master`, `linkinfo.kind`) leaves. Without statistics, unless the filter has an
---`ext_mask`. Equal to `ip -d link`.
---@param filter zlnet.link?
---@param keys string[]? only these keys
---@return zlnet.link[]? links
---@return zlnet.error? err
function handle:getlinks(filter, keys) end

---Adds an address to the link `index`. Equal to `ip addr add`; with mode "replace" to `ip addr replace`.
---@param t zlnet.addr
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err EEXIST when it is there
function handle:newaddr(t, mode) end

---Takes an address away. Equal to `ip addr del`.
---@param t zlnet.addr
---@return true? ok
---@return zlnet.error? err EADDRNOTAVAIL when it is not there
function handle:deladdr(t) end

---One address. Equal to no `ip` command; the kernel answers for IPv6 alone.
---@param t zlnet.addr
---@param keys string[]?
---@return zlnet.addr? addr
---@return zlnet.error? err
function handle:getaddr(t, keys) end

---All addresses, or those of a `family` or link `index`. Equal to `ip addr`.
---@param filter zlnet.addr?
---@param keys string[]?
---@return zlnet.addr[]? addrs
---@return zlnet.error? err
function handle:getaddrs(filter, keys) end

---Adds a route; what is not given has `ip route add`'s defaults. With a mode, `ip route replace|append|change`.
---@param t zlnet.route
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newroute(t, mode) end

---Takes a route away. Equal to `ip route del`.
---@param t zlnet.route
---@return true? ok
---@return zlnet.error? err ESRCH when there is none
function handle:delroute(t) end

---The route to one destination. Equal to `ip route get`.
---@param t zlnet.route
---@param keys string[]?
---@return zlnet.route? route
---@return zlnet.error? err
function handle:getroute(t, keys) end

---All routes, or those of a `family`, `table`, `oif`, `protocol` or `type`. Equal to `ip route show table all`.
---@param filter zlnet.route?
---@param keys string[]?
---@return zlnet.route[]? routes
---@return zlnet.error? err
function handle:getroutes(filter, keys) end

---Adds a neighbour, a proxy entry or, with `family = "bridge"`, a forwarding entry. Equal to `ip neigh add`,
---`bridge fdb add`.
---@param t zlnet.neigh
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newneigh(t, mode) end

---Takes a neighbour away. Equal to `ip neigh del`, `bridge fdb del`.
---@param t zlnet.neigh
---@return true? ok
---@return zlnet.error? err
function handle:delneigh(t) end

---One neighbour. Equal to `ip neigh get`, `bridge fdb get`.
---@param t zlnet.neigh
---@param keys string[]?
---@return zlnet.neigh? neigh
---@return zlnet.error? err
function handle:getneigh(t, keys) end

---All neighbours, or those a filter leaves. Equal to `ip neigh`, `bridge fdb` with `family = "bridge"`.
---@param filter zlnet.neigh?
---@param keys string[]?
---@return zlnet.neigh[]? neighs
---@return zlnet.error? err
function handle:getneighs(filter, keys) end

---Adds a policy rule. Equal to `ip rule add`.
---@param t zlnet.rule
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newrule(t, mode) end

---Takes a policy rule away. Equal to `ip rule del`.
---@param t zlnet.rule
---@return true? ok
---@return zlnet.error? err
function handle:delrule(t) end

---One rule; kernels answer dumps only, so this reports EOPNOTSUPP.
---@param t zlnet.rule
---@param keys string[]?
---@return zlnet.rule? rule
---@return zlnet.error? err
function handle:getrule(t, keys) end

---All policy rules, or those of a `family`. Equal to `ip rule`.
---@param filter zlnet.rule?
---@param keys string[]?
---@return zlnet.rule[]? rules
---@return zlnet.error? err
function handle:getrules(filter, keys) end

---Gives the namespace `fd` or `pid` a number in the handle's. Equal to `ip netns set`.
---@param t zlnet.nsid
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err EEXIST when it has one
function handle:newnsid(t, mode) end

---The number of the namespace `fd` or `pid`, -1 when it has none.
---@param t zlnet.nsid
---@param keys string[]?
---@return zlnet.nsid? nsid
---@return zlnet.error? err
function handle:getnsid(t, keys) end

---All numbers of namespaces. Equal to `ip netns list-id`.
---@param filter zlnet.nsid?
---@param keys string[]?
---@return zlnet.nsid[]? nsids
---@return zlnet.error? err
function handle:getnsids(filter, keys) end

---An empty batch on this handle.
---@return zlnet.batch batch
function handle:batch() end

---How long a request may take before it fails with ETIMEDOUT; 30 seconds at first.
---@param seconds number
function handle:settimeout(seconds) end

---Its descriptor, which stays the handle's.
---@return integer fd
function handle:fd() end

---Closes the handle; once more does no harm.
function handle:close() end

-- Batches -----------------------------------------------------------------------------------------------------------

---Operations queued for as few datagrams as fit. It has the handle's methods, save the dumps; each queues and returns
---the operation's number (or nil and an error when a link that it names is not there).
---@class zlnet.batch: zlnet.handle
local batch = {}

---Sends what is queued and empties the batch. All operations are tried, unless stop_on_error.
---@param options { stop_on_error: boolean?, objects: boolean? }? objects = false: objects are not read back
---@return (true|table|zlnet.error)[]? results one for each operation: true, an object, or its error
---@return integer|zlnet.error|nil failed number of the first that failed; or the error when nothing could be sent
function batch:send(options) end
