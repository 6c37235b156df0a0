-- SPDX-License-Identifier: MIT
---@meta
-- What the C core offers, for language servers and for `make doc`. Never required. The functions written in Lua are
-- annotated where they stand; the classes of the keys (zlnet.link, zlnet.route …) are written by `make meta` into
-- build/meta, from the tables of the core.
error("zlnet.meta is for language servers; nothing requires it")

---@class zlnet
local zlnet = { netns = {} }

---What names a network namespace: a pid, a path, a name under /run/netns, a namespace handle, `{fd = n}`, an open
---file, or nil for the calling thread's own.
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

---Opens a namespace. Errors: `io` (ENOENT, ESRCH, EACCES …; EINVAL when it is something else than a network
---namespace).
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

---The number that the namespace has for good, which no later one gets (NS_GET_ID, since Linux 6.18).
---@return integer? number
function netns:number() end

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

---Takes the namespace's lock, which ends with the handle, with unlock, or with the process. Attach holds it shared
---while it changes the node; sweep and watch hold it exclusively where they find a link without a record. It is a
---flock(2) of a file that only CAP_NET_ADMIN over the namespace opens, and one of the namespace's own file, which is
---waited for a moment only.
---@param mode "shared"|"exclusive"
---@param seconds number? how long to wait, 0 by default
---@return true? ok
---@return zlnet.error? err `io` with EAGAIN
function netns:lock(mode, seconds) end

---Gives the lock back before the handle is closed. Does no harm where it is not held.
function netns:unlock() end

---Closes the handle; once more does no harm.
function netns:close() end

-- Handles -----------------------------------------------------------------------------------------------------------

---A NETLINK_ROUTE socket bound to one namespace for life. Methods are the kernel's operations (rtnetlink(7)). Keys of
---tables are the kernel's names; where a key names another link, an index or a name will do. Wrong keys and values
---raise before anything is sent, naming the key path. `new*` creates exclusively unless a mode says otherwise.
---
---What has no key is not lost: attributes that these tables do not know stand under `unknown` of the table they belong
---to, `{ [type] = "hex" }`, or a list of such where one is repeated; the type is as the kernel wrote it (a nest's may
---have 32768 in it). They are written back as they were read. So an object that was read can be made again, also one
---of a kind or with an encapsulation that has no keys here: what the kernel alone sets (counters, states, timers) is
---not sent. `set*` refuses that, and every request refuses a key that it would pass over. Integers of 64 bits are
---negative from 2^63 on.
---
---A filter is applied, by the kernel or here, or refused. A delete has to name its object: without that it raises. A
---handle belongs to the process that opened it: in a child made by fork it raises.
---@class zlnet.handle
local handle = {}

---@alias zlnet.mode "create"|"replace"|"append"|"change"

---Opens a handle. Errors: as zlnet.netns.open; `netlink` when joining the namespace is refused (EPERM).
---
---The thread that opens the socket in another namespace ends before this returns. For many namespaces one after the
---other it is quicker to keep that thread, as attach does: give `here`, and it goes there and waits 20 ms for the
---next. As long as it waits the process has one thread more; with that the kernel refuses unshare(2) of a user
---namespace.
---@param target zlnet.target
---@param here zlnet.netns? a handle of the calling thread's namespace, which has to stay open for the call only
---@return zlnet.handle? handle
---@return zlnet.error? err
function zlnet.open(target, here) end

---Makes a link. Equal to `ip link add`. What the kernel takes only of a link that is there (`ifalias`, `prop_list`,
---`af_spec`, `xdp`, `proto_down`, `vfinfo_list`) is sent behind it, and where that fails no link is left; a batch and a
---link born in another namespace do not take it. `carrier` is read, and set by setlink alone.
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

---All links, or those a filter (`master`, `linkinfo.kind`) leaves. Without `stats64` and `af_spec`, which are most of
---a link's values, unless `keys` names them or the filter's family is "bridge". Equal to `ip -d link`.
---@param filter zlnet.link?
---@param keys string[]? only these keys; `"unknown"` is what has no key
---@return zlnet.link[]? links
---@return zlnet.error? err
function handle:getlinks(filter, keys) end

---Gives the link `index` or `ifname` further names, those of `prop_list.alt_ifname`. Equal to `ip link property add`.
---@param t zlnet.link
---@return true? ok
---@return zlnet.error? err EEXIST when a link has one of them
function handle:newlinkprop(t) end

---Takes names away from a link. Equal to `ip link property del`.
---@param t zlnet.link
---@return true? ok
---@return zlnet.error? err ENOENT when it has not all of them
function handle:dellinkprop(t) end

---Adds an address to the link `index`. Equal to `ip addr add`; with mode "replace" to `ip addr replace`.
---@param t zlnet.addr
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err EEXIST when it is there
function handle:newaddr(t, mode) end

---Takes an address away, `local` or `address` of the link `index`. Equal to `ip addr del`.
---@param t zlnet.addr
---@return true? ok
---@return zlnet.error? err EADDRNOTAVAIL when it is not there
function handle:deladdr(t) end

---The first address that is as `t` says: its `local` or `address`, and what else is given. Equal to
---`ip addr show to A`.
---@param t zlnet.addr
---@param keys string[]?
---@return zlnet.addr? addr
---@return zlnet.error? err EADDRNOTAVAIL when there is none
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

---Takes the route to `dst` away; "default" is a destination, too. Equal to `ip route del`.
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

---What a dump has, as one string of bytes. Two of them are equal as long as nothing of these keys has changed, which is
---seen a good deal cheaper than all rows can be looked at.
---@param getter string the name of the dump: `"getroutes"`, `"getneighs"`, `"getaddrs"`, …
---@param filter table as the dump takes it
---@param keys string[]
---@return string? bytes
---@return zlnet.error? err
function handle:picture(getter, filter, keys) end

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

---Makes a next hop with an `id` of its own, or a `group` of such. Mode "replace" changes it for every route that has
---it. Equal to `ip nexthop add`.
---@param t zlnet.nexthop
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newnexthop(t, mode) end

---Takes the next hop `id` away, and all routes that have it. Equal to `ip nexthop del`.
---@param t zlnet.nexthop
---@return true? ok
---@return zlnet.error? err ENOENT when there is none
function handle:delnexthop(t) end

---One next hop, by `id`. Equal to `ip nexthop get`.
---@param t zlnet.nexthop
---@param keys string[]?
---@return zlnet.nexthop? nexthop
---@return zlnet.error? err
function handle:getnexthop(t, keys) end

---All next hops, or those of a `family`, `oif` or `master`, or `groups` alone. Equal to `ip nexthop`.
---@param filter zlnet.nexthop?
---@param keys string[]?
---@return zlnet.nexthop[]? nexthops
---@return zlnet.error? err
function handle:getnexthops(filter, keys) end

---The settings of one link for one family: `family` and `ifindex`, which is also "all" or "default". Equal to
---`ip netconf show dev NAME`.
---@param t zlnet.netconf
---@param keys string[]?
---@return zlnet.netconf? netconf
---@return zlnet.error? err
function handle:getnetconf(t, keys) end

---The settings of all links for the `family` of the filter, which the kernel wants. Equal to `ip -4 netconf`.
---@param filter zlnet.netconf
---@param keys string[]?
---@return zlnet.netconf[]? netconfs
---@return zlnet.error? err EOPNOTSUPP without a family
function handle:getnetconfs(filter, keys) end

---Makes a queueing discipline. Handles are numbers, `1:5` is 0x10005. `options` of a kind without keys
---stand under `unknown`. Equal to `tc qdisc add`.
---@param t zlnet.qdisc
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newqdisc(t, mode) end

---Takes a queueing discipline away,
---named by `parent` ("root", "ingress", a class) or `handle` of the link `ifindex`.
---Equal to `tc qdisc del`.
---@param t zlnet.qdisc
---@return true? ok
---@return zlnet.error? err
function handle:delqdisc(t) end

---Those of a link, `ifindex`, or of all links, that are as the filter says.
---Equal to `tc qdisc show`.
---@param filter zlnet.qdisc?
---@param keys string[]?
---@return zlnet.qdisc[]? qdiscs
---@return zlnet.error? err
function handle:getqdiscs(filter, keys) end

---Makes a class of a queueing discipline. Handles are numbers, `1:5` is 0x10005. `options` of a kind without keys
---stand under `unknown`. Equal to `tc class add`.
---@param t zlnet.tclass
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newtclass(t, mode) end

---Takes a class of a queueing discipline away,
---named by `handle` on the link `ifindex`.
---Equal to `tc class del`.
---@param t zlnet.tclass
---@return true? ok
---@return zlnet.error? err
function handle:deltclass(t) end

---Those of a link, `ifindex`, which has to be said, that are as the filter says.
---Equal to `tc class show`.
---@param filter zlnet.tclass
---@param keys string[]?
---@return zlnet.tclass[]? tclasses
---@return zlnet.error? err
function handle:gettclasses(filter, keys) end

---Makes a filter of packets. Handles are numbers, `1:5` is 0x10005. `options` of a kind without keys
---stand under `unknown`. Equal to `tc filter add`.
---@param t zlnet.tfilter
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newtfilter(t, mode) end

---Takes a filter of packets away,
---named by `prio` (and `protocol`, `handle`) under `parent` of the link `ifindex`.
---Equal to `tc filter del`.
---@param t zlnet.tfilter
---@return true? ok
---@return zlnet.error? err
function handle:deltfilter(t) end

---Those of a link, `ifindex`, which has to be said, that are as the filter says.
---Equal to `tc filter show`.
---@param filter zlnet.tfilter
---@param keys string[]?
---@return zlnet.tfilter[]? tfilters
---@return zlnet.error? err
function handle:gettfilters(filter, keys) end

---Adds a policy rule. Equal to `ip rule add`.
---@param t zlnet.rule
---@param mode zlnet.mode?
---@return true? ok
---@return zlnet.error? err
function handle:newrule(t, mode) end

---Takes the first policy rule away that is as `t` says. Equal to `ip rule del`.
---@param t zlnet.rule
---@return true? ok
---@return zlnet.error? err
function handle:delrule(t) end

---The first rule that is as `t` says. Equal to `ip rule show`.
---@param t zlnet.rule
---@param keys string[]?
---@return zlnet.rule? rule
---@return zlnet.error? err ENOENT when there is none
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

---Does what a batch has queued on a thread of its own, while the caller goes on: for what takes the kernel
---milliseconds (deleting a link takes some 20). The thread has a socket of its own, one operation a datagram, and
---never touches Lua. The batch is empty then, and of use again.
---@param batch zlnet.batch a batch of this handle
---@param options { stop_on_error: boolean?, objects: boolean? }? as batch:send takes them
---@return zlnet.job? job to be closed
---@return zlnet.error? err no thread, no descriptor, or no right to open the handle's namespace (EPERM)
function handle:submit(batch, options) end

---How much may wait in the socket (socket(7), SO_RCVBUF); batches are cut so that their answers always fit. Equal to
---`ip -rcvbuf`.
---@param bytes integer 16384 and more; the kernel allows about `net.core.rmem_max` without privilege
---@return true? ok
---@return zlnet.error? err
function handle:setrcvbuf(bytes) end

---How long a request may take before it fails with ETIMEDOUT; 30 seconds at first.
---@param seconds number
function handle:settimeout(seconds) end

---Its descriptor, which stays the handle's.
---@return integer fd
function handle:fd() end

---The namespace that it is bound to.
---@return zlnet.netns? ns
---@return zlnet.error? err `EPERM` without CAP_NET_ADMIN in it
function handle:netns() end

---Closes the handle; once more does no harm.
function handle:close() end

-- Batches -----------------------------------------------------------------------------------------------------------

---Operations queued for as few datagrams as fit. It has the handle's methods, save the dumps, `getaddr` and `getrule`,
---with the same arguments,
---`keys` too; each queues and returns the operation's number (or nil and an error when a link that it names is not
---there).
---@class zlnet.batch: zlnet.handle
local batch = {}

---How a batch is sent.
---
---A batch of dellink may wait until the links are "gone": the kernel says so tens of milliseconds before the request
---returns, which waits for "memory" to be free. Then neither end is listed any more, and names, addresses and routes
---can be used. A thread of the process waits on in the kernel (at most 64 do; with `child` a forked child, for
---programs that end at once), so for that time `unshare` of a user namespace is refused. Where requests name groups,
---`links` says which links are meant.
---@class zlnet.batch.options
---@field stop_on_error boolean? send nothing after the first refusal; false
---@field objects boolean? false: objects are not read back; true
---@field wait ("memory"|"gone")? "memory"
---@field links integer[]? with "gone": indexes of the links to wait for, beside those that requests name
---@field child boolean? with "gone": a child waits on, not a thread, and has none of the standard files; false

---Sends what is queued and empties the batch. All operations are tried, unless stop_on_error.
---@param options zlnet.batch.options?
---@return (true|table|zlnet.error)[]? results one for each operation: true, an object, or its error
---@return integer|zlnet.error|nil failed number of the first that failed; or the error that ended the sending:
---what was answered before is its `results`
function batch:send(options) end

-- nf_tables ---------------------------------------------------------------------------------------------------------

---nf_tables and connection tracking in one namespace: a netlink socket, as a handle is one. Keys are those of the
---kernel's `Documentation/netlink/specs/nftables.yaml` and `conntrack.yaml`, with `_` for `-`; lists (`expressions`,
---`elements`, `devs`, `concat`) are lists of Lua. `family` is nft's word: `inet`, `ip`, `ip6`, `arp`, `bridge`,
---`netdev`. A `value` is an address, a MAC, a link's name in double quotes or hexadecimal bytes in network byte order
---(`"0050"` is port 80); a concatenation is a list of these. It is read back as hexadecimal bytes. `userdata` is a
---string of any bytes.
---
---Everything is changed in transactions: `zlnet.nft():batch():newtable { family = "inet", name = "t" }:send()`.
---@class zlnet.nft
local nft = {}

---Opens a socket for nf_tables. Errors: as zlnet.open; EPROTONOSUPPORT where the kernel has no netfilter netlink.
---Equal to what nft(8) does when it starts.
---@param target zlnet.target
---@param here zlnet.netns? as of zlnet.open
---@return zlnet.nft? nft
---@return zlnet.error? err
function zlnet.nft(target, here) end

---A table by `family` and `name`. Equal to `nft list table`.
---@param t zlnet.nft.table
---@param keys string[]? read only these keys
---@return zlnet.nft.table? object
---@return zlnet.error? err ENOENT; EINVAL "this kernel has no nf_tables"
function nft:gettable(t, keys) end

---Every table, or those of a `family`. Equal to `nft list tables`.
---@param filter zlnet.nft.table?
---@param keys string[]? read only these keys
---@return zlnet.nft.table[]? list
---@return zlnet.error? err
function nft:gettables(filter, keys) end

---A chain by `family`, `table` and `name`. `use` is the number of its rules and of the jumps to it.
---@param t zlnet.nft.chain
---@param keys string[]? read only these keys
---@return zlnet.nft.chain? object
---@return zlnet.error? err
function nft:getchain(t, keys) end

---Every chain, or those of a `family`. Equal to `nft list chains`.
---@param filter zlnet.nft.chain?
---@param keys string[]? read only these keys
---@return zlnet.nft.chain[]? list
---@return zlnet.error? err
function nft:getchains(filter, keys) end

---A rule by `family`, `table`, `chain` and `handle`.
---@param t zlnet.nft.rule
---@param keys string[]? read only these keys
---@return zlnet.nft.rule? object
---@return zlnet.error? err
function nft:getrule(t, keys) end

---Every rule, or those of a `family`, a `table`, a `chain`. Equal to `nft -a list chain`.
---@param filter zlnet.nft.rule?
---@param keys string[]? read only these keys
---@return zlnet.nft.rule[]? list in their order
---@return zlnet.error? err
function nft:getrules(filter, keys) end

---A set or a map by `family`, `table` and `name`, without its elements.
---@param t zlnet.nft.set
---@param keys string[]? read only these keys
---@return zlnet.nft.set? object
---@return zlnet.error? err
function nft:getset(t, keys) end

---Every set and map, or those of a `family`, a `table`. Equal to `nft -t list sets`.
---@param filter zlnet.nft.set?
---@param keys string[]? read only these keys
---@return zlnet.nft.set[]? list
---@return zlnet.error? err
function nft:getsets(filter, keys) end

---Elements by their keys: `family`, `table`, `set` and `elements`. Equal to `nft get element`.
---@param t zlnet.nft.setelem
---@param keys string[]? read only these keys
---@return zlnet.nft.setelem[]? elements those that were asked for
---@return zlnet.error? err ENOENT when one of them is not there; `attr` says which
function nft:getsetelem(t, keys) end

---Every element of a set, by `family`, `table` and `set`. Equal to `nft list set`.
---@param t zlnet.nft.setelem
---@param keys string[]? read only these keys
---@return zlnet.nft.setelem[]? elements
---@return zlnet.error? err
function nft:getsetelems(t, keys) end

---A named object by `family`, `table`, `name` and `type`.
---@param t zlnet.nft.obj
---@param keys string[]? read only these keys
---@return zlnet.nft.obj? object
---@return zlnet.error? err
function nft:getobj(t, keys) end

---Every named object, or those of a `family`, a `table`, a `type`. Equal to `nft list counters` and its like.
---@param filter zlnet.nft.obj?
---@param keys string[]? read only these keys
---@return zlnet.nft.obj[]? list
---@return zlnet.error? err
function nft:getobjs(filter, keys) end

---The generation of the ruleset: each transaction gives it another `id`.
---@param t zlnet.nft.gen? nothing
---@param keys string[]? read only these keys
---@return zlnet.nft.gen? generation
---@return zlnet.error? err
function nft:getgen(t, keys) end

---Tracked connections, of both families or of one (`inet`, `inet6`). Equal to `conntrack -L`.
---@param filter zlnet.conntrack?
---@param keys string[]? read only these keys
---@return zlnet.conntrack[]? list
---@return zlnet.error? err
function nft:getconntracks(filter, keys) end

---Deletes a tracked connection by its `family` and `tuple_orig`, and `id`. Without a tuple: all of the family. Equal
---to `conntrack -D`.
---@param t zlnet.conntrack
---@return true? ok
---@return zlnet.error? err ENOENT
function nft:delconntrack(t) end

---An empty transaction.
---@return zlnet.nft.batch batch
function nft:batch() end

---How long a request may take before it fails with ETIMEDOUT; 30 s unless told otherwise.
---@param seconds number
function nft:settimeout(seconds) end

---The socket's descriptor, which stays the handle's.
---@return integer fd
function nft:fd() end

---Closes the socket. Again is no error.
function nft:close() end

---A transaction: each method queues a message and returns the batch. `newtable`, `newchain`, `newset`, `newsetelem`,
---`newobj` and `newrule` take a table and a mode: "create" (refused where it is there already), "add", and for rules
---"append" (the default), "insert" and "replace" (by `handle`). `deltable`, `delchain`, `delset`, `delsetelem`,
---`delobj` and `delrule` take a table. `send { objects = true }` gives back what was made, `generation` refuses
---(ERESTART) where another transaction came since; it returns a list of results, or nil and the first refusal: `item`
---is the number of its message, `others` are further ones. Then nothing was done.
---@class zlnet.nft.batch

-- Jobs --------------------------------------------------------------------------------------------------------------

---A batch that is being done: see handle:submit. A pollable for any loop. Closed by `close`, `<close>` or the
---collector.
---@class zlnet.job
local job = {}

---Whether it is done.
---@return boolean done
function job:done() end

---What came of it; asked again, the same.
---@param seconds number? how long to wait until it is done; nil: as long as it takes
---@return (true|table|zlnet.error)[]? results as batch:send has them
---@return integer|zlnet.error|nil failed as batch:send has it; ETIMEDOUT when it is not done by then
function job:result(seconds) end

---The descriptor that becomes readable when it is done.
---@return integer fd
function job:pollfd() end

---The same, as luv has it.
---@return integer fd
function job:fd() end

---The same, as luasocket has it.
---@return integer fd
function job:getfd() end

---What to wait for.
---@return "r" events
function job:events() end

---How long to wait for it: there is no limit.
---@return nil seconds
function job:timeout() end

---Does no more of what has not been begun, and waits for the operation under way. Once more does no harm.
function job:close() end
