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
---@class zlnet.handle
local handle = {}

---@alias zlnet.mode "create"|"replace"|"append"|"change"

---Opens a handle. Errors: as zlnet.netns.open; `netlink` when joining the namespace is refused (EPERM).
---
---The thread that opens the socket in another namespace ends before this returns. For many namespaces one after the
---other it is quicker to keep that thread, as attach does: give `here`, and it goes there and waits 20 ms for the next.
---As long as it waits the process has one thread more; with that the kernel refuses unshare(2) of a user namespace.
---@param target zlnet.target
---@param here zlnet.netns? a handle of the calling thread's namespace, which has to stay open for the call only
---@return zlnet.handle? handle
---@return zlnet.error? err
function zlnet.open(target, here) end

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

---All links, or those a filter (`master`, `linkinfo.kind`) leaves. Without `stats64` and `af_spec`, which are most of a
---link's values, unless `keys` names them or the filter's family is "bridge". Equal to `ip -d link`.
---@param filter zlnet.link?
---@param keys string[]? only these keys; `"unknown"` is the numbers of attributes that have no key
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

---Does what a batch has queued on a thread of its own, while the caller goes on: for what takes the kernel milliseconds
---(deleting a link takes some 20). The thread has a socket of its own, one operation a datagram, and never touches Lua.
---The batch is empty then, and of use again.
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

---Operations queued for as few datagrams as fit. It has the handle's methods, save the dumps, with the same arguments,
---`keys` too; each queues and returns the operation's number (or nil and an error when a link that it names is not
---there).
---@class zlnet.batch: zlnet.handle
local batch = {}

---Sends what is queued and empties the batch. All operations are tried, unless stop_on_error.
---@param options { stop_on_error: boolean?, objects: boolean? }? objects = false: objects are not read back
---@return (true|table|zlnet.error)[]? results one for each operation: true, an object, or its error
---@return integer|zlnet.error|nil failed number of the first that failed; or the error that ended the sending:
---what was answered before is its `results`
function batch:send(options) end

-- nf_tables ---------------------------------------------------------------------------------------------------------

---nf_tables and connection tracking in one namespace: a netlink socket, as a handle is one. Keys are those of the
---kernel's `Documentation/netlink/specs/nftables.yaml` and `conntrack.yaml`, with `_` for `-`; lists (`expressions`,
---`elements`, `devs`, `concat`) are lists of Lua. `family` is nft's word: `inet`, `ip`, `ip6`, `arp`, `bridge`,
---`netdev`. A `value` is an address, a MAC, a link's name in double quotes or hexadecimal bytes in network byte order (`"0050"` is port 80); a
---concatenation is a list of these. It is read back as hexadecimal bytes. `userdata` is a string of any bytes.
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
---@param t table
---@param keys string[]? read only these keys
---@return table? object
---@return zlnet.error? err ENOENT; EINVAL "this kernel has no nf_tables"
function nft:gettable(t, keys) end

---Every table, or those of a `family`. Equal to `nft list tables`.
---@param filter table?
---@param keys string[]? read only these keys
---@return table[]? list
---@return zlnet.error? err
function nft:gettables(filter, keys) end

---A chain by `family`, `table` and `name`. `use` is the number of its rules and of the jumps to it.
---@param t table
---@param keys string[]? read only these keys
---@return table? object
---@return zlnet.error? err
function nft:getchain(t, keys) end

---Every chain, or those of a `family`. Equal to `nft list chains`.
---@param filter table?
---@param keys string[]? read only these keys
---@return table[]? list
---@return zlnet.error? err
function nft:getchains(filter, keys) end

---A rule by `family`, `table`, `chain` and `handle`.
---@param t table
---@param keys string[]? read only these keys
---@return table? object
---@return zlnet.error? err
function nft:getrule(t, keys) end

---Every rule, or those of a `family`, a `table`, a `chain`. Equal to `nft -a list chain`.
---@param filter table?
---@param keys string[]? read only these keys
---@return table[]? list in their order
---@return zlnet.error? err
function nft:getrules(filter, keys) end

---A set or a map by `family`, `table` and `name`, without its elements.
---@param t table
---@param keys string[]? read only these keys
---@return table? object
---@return zlnet.error? err
function nft:getset(t, keys) end

---Every set and map, or those of a `family`, a `table`. Equal to `nft -t list sets`.
---@param filter table?
---@param keys string[]? read only these keys
---@return table[]? list
---@return zlnet.error? err
function nft:getsets(filter, keys) end

---Elements by their keys: `family`, `table`, `set` and `elements`. Equal to `nft get element`.
---@param t table
---@param keys string[]? read only these keys
---@return table[]? elements those that were asked for
---@return zlnet.error? err ENOENT when one of them is not there; `attr` says which
function nft:getsetelem(t, keys) end

---Every element of a set, by `family`, `table` and `set`. Equal to `nft list set`.
---@param t table
---@param keys string[]? read only these keys
---@return table[]? elements
---@return zlnet.error? err
function nft:getsetelems(t, keys) end

---A named object by `family`, `table`, `name` and `type`.
---@param t table
---@param keys string[]? read only these keys
---@return table? object
---@return zlnet.error? err
function nft:getobj(t, keys) end

---Every named object, or those of a `family`, a `table`, a `type`. Equal to `nft list counters` and its like.
---@param filter table?
---@param keys string[]? read only these keys
---@return table[]? list
---@return zlnet.error? err
function nft:getobjs(filter, keys) end

---The generation of the ruleset: each transaction gives it another `id`.
---@param t table? nothing
---@param keys string[]? read only these keys
---@return table? generation
---@return zlnet.error? err
function nft:getgen(t, keys) end

---Tracked connections, of both families or of one (`inet`, `inet6`). Equal to `conntrack -L`.
---@param filter table?
---@param keys string[]? read only these keys
---@return table[]? list
---@return zlnet.error? err
function nft:getconntracks(filter, keys) end

---Deletes a tracked connection by its `family` and `tuple_orig`, and `id`. Without a tuple: all of the family. Equal to
---`conntrack -D`.
---@param t table
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
---`delobj` and `delrule` take a table. `send { objects = true }` gives back what was made, `generation` refuses (ERESTART)
---where another transaction came since; it returns a list of results, or nil and the first refusal: `item` is the
---number of its message, `others` are further ones. Then nothing was done.
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

-- Keys: from the tables of the C core, by `make meta`; edit nothing below ---

---A link: struct ifinfomsg and IFLA_* attributes.
---@class zlnet.link
---@field family ("unspec"|"inet"|"inet6"|"bridge"|"mpls"|integer)?
---@field type zlnet.link.type?
---@field index (integer|string)? index, or name on input
---@field flags zlnet.link.flags?
---@field address string? `"02:00:00:00:00:01"`
---@field broadcast string? `"02:00:00:00:00:01"`
---@field ifname string? 1–15 bytes
---@field mtu integer? 0–4294967295
---@field link (integer|string)? index, or name on input
---@field qdisc string?
---@field master (integer|string)? index, or name on input
---@field protinfo (zlnet.link.protinfo.bridge|zlnet.link.protinfo.inet6)?
---@field txqlen integer? 0–4294967295
---@field weight integer? 0–4294967295
---@field operstate zlnet.link.operstate?
---@field linkmode ("default"|"dormant"|"testing"|integer)?
---@field linkinfo zlnet.link.linkinfo?
---@field net_ns_pid integer? 0–4294967295
---@field ifalias string?
---@field num_vf integer? 0–4294967295
---@field vfinfo_list zlnet.link.vfinfo_list?
---@field stats64 zlnet.link.stats64?
---@field af_spec (zlnet.link.af_spec.other|zlnet.link.af_spec.bridge)?
---@field group integer? 0–4294967295
---@field net_ns_fd integer? 0–4294967295
---@field ext_mask zlnet.link.ext_mask?
---@field promiscuity integer? 0–4294967295
---@field num_tx_queues integer? 0–4294967295
---@field num_rx_queues integer? 0–4294967295
---@field carrier boolean?
---@field phys_port_id string? hexadecimal bytes
---@field carrier_changes integer? 0–4294967295
---@field phys_switch_id string? hexadecimal bytes
---@field link_netnsid integer? signed, 32 bits
---@field phys_port_name string?
---@field proto_down boolean?
---@field gso_max_segs integer? 0–4294967295
---@field gso_max_size integer? 0–4294967295
---@field xdp zlnet.link.xdp?
---@field event zlnet.link.event?
---@field new_netnsid integer? signed, 32 bits
---@field target_netnsid integer? signed, 32 bits
---@field carrier_up_count integer? 0–4294967295
---@field carrier_down_count integer? 0–4294967295
---@field new_ifindex integer? signed, 32 bits
---@field min_mtu integer? 0–4294967295
---@field max_mtu integer? 0–4294967295
---@field prop_list zlnet.link.prop_list?
---@field alt_ifname string?
---@field perm_address string? `"02:00:00:00:00:01"`
---@field proto_down_reason zlnet.link.proto_down_reason?
---@field parent_dev_name string?
---@field parent_dev_bus_name string?
---@field gro_max_size integer? 0–4294967295
---@field tso_max_size integer? 0–4294967295
---@field tso_max_segs integer? 0–4294967295
---@field allmulti integer? 0–4294967295
---@field gso_ipv4_max_size integer? 0–4294967295
---@field gro_ipv4_max_size integer? 0–4294967295
---@field max_pacing_offload_horizon integer? 64 bits
---@field netns_immutable boolean?
---@field headroom integer? 0–65535
---@field tailroom integer? 0–65535

---@alias zlnet.link.type integer
---| "ether"
---| "loopback"
---| "none"
---| "void"
---| "ipip"
---| "tunnel6"
---| "sit"
---| "gre"
---| "gre6"
---| "ppp"
---| "rawip"
---| "can"
---| "infiniband"
---| "ieee802.11"
---| "ieee802.11/radiotap"
---| "netlink"
---| "vsockmon"

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.flags
---@field up boolean?
---@field broadcast boolean?
---@field debug boolean?
---@field loopback boolean?
---@field point_to_point boolean?
---@field no_trailers boolean?
---@field running boolean?
---@field no_arp boolean?
---@field promisc boolean?
---@field all_multi boolean?
---@field master boolean?
---@field slave boolean?
---@field multicast boolean?
---@field portsel boolean?
---@field auto_media boolean?
---@field dynamic boolean?
---@field lower_up boolean?
---@field dormant boolean?
---@field echo boolean?
---@field unknown integer?

---What `bridge` has here.
---@class zlnet.link.protinfo.bridge
---@field state ("disabled"|"listening"|"learning"|"forwarding"|"blocking"|integer)?
---@field priority integer? 0–65535
---@field cost integer? 0–4294967295
---@field mode boolean?
---@field guard boolean?
---@field protect boolean?
---@field fast_leave boolean?
---@field learning boolean?
---@field unicast_flood boolean?
---@field proxyarp boolean?
---@field learning_sync boolean?
---@field proxyarp_wifi boolean?
---@field root_id zlnet.link.protinfo.bridge.root_id?
---@field bridge_id zlnet.link.protinfo.bridge.root_id?
---@field designated_port integer? 0–65535
---@field designated_cost integer? 0–65535
---@field id integer? 0–65535
---@field no integer? 0–65535
---@field topology_change_ack boolean?
---@field config_pending boolean?
---@field message_age_timer integer? 64 bits
---@field forward_delay_timer integer? 64 bits
---@field hold_timer integer? 64 bits
---@field flush boolean?
---@field multicast_router integer? 0–255
---@field mcast_flood boolean?
---@field mcast_to_ucast boolean?
---@field vlan_tunnel boolean?
---@field bcast_flood boolean?
---@field group_fwd_mask integer? 0–65535
---@field neigh_suppress boolean?
---@field isolated boolean?
---@field backup_port (integer|string)? index, or name on input
---@field mrp_ring_open boolean?
---@field mrp_in_open boolean?
---@field mcast_eht_hosts_limit integer? 0–4294967295
---@field mcast_eht_hosts_cnt integer? 0–4294967295
---@field locked boolean?
---@field mab boolean?
---@field mcast_n_groups integer? 0–4294967295
---@field mcast_max_groups integer? 0–4294967295
---@field neigh_vlan_suppress boolean?
---@field backup_nhid integer? 0–4294967295

---Nested: `root_id`.
---@class zlnet.link.protinfo.bridge.root_id
---@field prio integer? 0–65535
---@field addr string? `"02:00:00:00:00:01"`

---What `inet6` has here.
---@class zlnet.link.protinfo.inet6
---@field flags zlnet.link.protinfo.inet6.flags?
---@field conf zlnet.link.protinfo.inet6.conf?
---@field cacheinfo zlnet.link.protinfo.inet6.cacheinfo?
---@field token string? an IPv6 address
---@field addr_gen_mode ("eui64"|"none"|"stable_secret"|"random"|integer)?
---@field ra_mtu integer? 0–4294967295

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.protinfo.inet6.flags
---@field ready boolean?
---@field ra_otherconf boolean?
---@field ra_managed boolean?
---@field ra_rcvd boolean?
---@field rs_sent boolean?
---@field unknown integer?

---Nested: `conf`.
---@class zlnet.link.protinfo.inet6.conf
---@field forwarding integer? signed, 32 bits
---@field hoplimit integer? signed, 32 bits
---@field mtu6 integer? signed, 32 bits
---@field accept_ra integer? signed, 32 bits
---@field accept_redirects integer? signed, 32 bits
---@field autoconf integer? signed, 32 bits
---@field dad_transmits integer? signed, 32 bits
---@field rtr_solicits integer? signed, 32 bits
---@field rtr_solicit_interval integer? signed, 32 bits
---@field rtr_solicit_delay integer? signed, 32 bits
---@field use_tempaddr integer? signed, 32 bits
---@field temp_valid_lft integer? signed, 32 bits
---@field temp_prefered_lft integer? signed, 32 bits
---@field regen_max_retry integer? signed, 32 bits
---@field max_desync_factor integer? signed, 32 bits
---@field max_addresses integer? signed, 32 bits
---@field force_mld_version integer? signed, 32 bits
---@field accept_ra_defrtr integer? signed, 32 bits
---@field accept_ra_pinfo integer? signed, 32 bits
---@field accept_ra_rtr_pref integer? signed, 32 bits
---@field rtr_probe_interval integer? signed, 32 bits
---@field accept_ra_rt_info_max_plen integer? signed, 32 bits
---@field proxy_ndp integer? signed, 32 bits
---@field optimistic_dad integer? signed, 32 bits
---@field accept_source_route integer? signed, 32 bits
---@field mc_forwarding integer? signed, 32 bits
---@field disable_ipv6 integer? signed, 32 bits
---@field accept_dad integer? signed, 32 bits
---@field force_tllao integer? signed, 32 bits
---@field ndisc_notify integer? signed, 32 bits
---@field mldv1_unsolicited_report_interval integer? signed, 32 bits
---@field mldv2_unsolicited_report_interval integer? signed, 32 bits
---@field suppress_frag_ndisc integer? signed, 32 bits
---@field accept_ra_from_local integer? signed, 32 bits
---@field use_optimistic integer? signed, 32 bits
---@field accept_ra_mtu integer? signed, 32 bits
---@field use_oif_addrs_only integer? signed, 32 bits
---@field accept_ra_min_hop_limit integer? signed, 32 bits
---@field ignore_routes_with_linkdown integer? signed, 32 bits
---@field drop_unicast_in_l2_multicast integer? signed, 32 bits
---@field drop_unsolicited_na integer? signed, 32 bits
---@field keep_addr_on_down integer? signed, 32 bits
---@field rtr_solicit_max_interval integer? signed, 32 bits
---@field seg6_enabled integer? signed, 32 bits
---@field seg6_require_hmac integer? signed, 32 bits
---@field enhanced_dad integer? signed, 32 bits
---@field addr_gen_mode integer? signed, 32 bits
---@field disable_policy integer? signed, 32 bits
---@field accept_ra_rt_info_min_plen integer? signed, 32 bits
---@field ndisc_tclass integer? signed, 32 bits
---@field rpl_seg_enabled integer? signed, 32 bits
---@field ra_defrtr_metric integer? signed, 32 bits
---@field ioam6_enabled integer? signed, 32 bits
---@field ioam6_id integer? signed, 32 bits
---@field ioam6_id_wide integer? 0–4294967295
---@field ndisc_evict_nocarrier integer? signed, 32 bits
---@field accept_untracked_na integer? signed, 32 bits
---@field accept_ra_min_lft integer? signed, 32 bits
---@field force_forwarding integer? signed, 32 bits

---Nested: `cacheinfo`.
---@class zlnet.link.protinfo.inet6.cacheinfo
---@field max_reasm_len integer? 0–4294967295
---@field tstamp integer? 0–4294967295
---@field reachable_time integer? signed, 32 bits
---@field retrans_time integer? 0–4294967295

---@alias zlnet.link.operstate integer
---| "unknown"
---| "notpresent"
---| "down"
---| "lowerlayerdown"
---| "testing"
---| "dormant"
---| "up"

---Nested: `linkinfo`.
---@class zlnet.link.linkinfo
---@field kind string?
---@field data zlnet.link.linkinfo.data?
---@field slave_kind string?
---@field slave_data zlnet.link.linkinfo.slave_data?

---What `veth` has here.
---@class zlnet.link.linkinfo.data.veth
---@field peer zlnet.link?

---What `bridge` has here.
---@class zlnet.link.linkinfo.data.bridge
---@field forward_delay integer? 0–4294967295
---@field hello_time integer? 0–4294967295
---@field max_age integer? 0–4294967295
---@field ageing_time integer? 0–4294967295
---@field stp_state integer? 0–4294967295
---@field priority integer? 0–65535
---@field vlan_filtering boolean?
---@field vlan_protocol ("8021q"|"8021ad"|integer)?
---@field group_fwd_mask integer? 0–65535
---@field root_id zlnet.link.protinfo.bridge.root_id?
---@field bridge_id zlnet.link.protinfo.bridge.root_id?
---@field root_port integer? 0–65535
---@field root_path_cost integer? 0–4294967295
---@field topology_change boolean?
---@field topology_change_detected boolean?
---@field hello_timer integer? 64 bits
---@field tcn_timer integer? 64 bits
---@field topology_change_timer integer? 64 bits
---@field gc_timer integer? 64 bits
---@field group_addr string? `"02:00:00:00:00:01"`
---@field fdb_flush boolean?
---@field mcast_router integer? 0–255
---@field mcast_snooping boolean?
---@field mcast_query_use_ifaddr boolean?
---@field mcast_querier boolean?
---@field mcast_hash_elasticity integer? 0–4294967295
---@field mcast_hash_max integer? 0–4294967295
---@field mcast_last_member_cnt integer? 0–4294967295
---@field mcast_startup_query_cnt integer? 0–4294967295
---@field mcast_last_member_intvl integer? 64 bits
---@field mcast_membership_intvl integer? 64 bits
---@field mcast_querier_intvl integer? 64 bits
---@field mcast_query_intvl integer? 64 bits
---@field mcast_query_response_intvl integer? 64 bits
---@field mcast_startup_query_intvl integer? 64 bits
---@field nf_call_iptables boolean?
---@field nf_call_ip6tables boolean?
---@field nf_call_arptables boolean?
---@field vlan_default_pvid integer? 0–65535
---@field vlan_stats_enabled boolean?
---@field mcast_stats_enabled boolean?
---@field mcast_igmp_version integer? 0–255
---@field mcast_mld_version integer? 0–255
---@field vlan_stats_per_port boolean?
---@field multi_boolopt zlnet.link.linkinfo.data.bridge.multi_boolopt?
---@field mcast_querier_state zlnet.link.linkinfo.data.bridge.mcast_querier_state?
---@field fdb_n_learned integer? 0–4294967295
---@field fdb_max_learned integer? 0–4294967295

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.bridge.multi_boolopt
---@field no_linklocal_learn boolean?
---@field mcast_vlan_snooping boolean?
---@field mst_enable boolean?
---@field mdb_offload_fail_notification boolean?
---@field fdb_local_vlan_0 boolean?
---@field unknown integer?

---Nested: `mcast_querier_state`.
---@class zlnet.link.linkinfo.data.bridge.mcast_querier_state
---@field ip_address string? an IPv4 address
---@field ip_port (integer|string)? index, or name on input
---@field ip_other_timer integer? 64 bits
---@field ipv6_address string? an IPv6 address
---@field ipv6_port (integer|string)? index, or name on input
---@field ipv6_other_timer integer? 64 bits

---What `vxlan` has here.
---@class zlnet.link.linkinfo.data.vxlan
---@field id integer? 0–4294967295
---@field group string? an IPv4 address
---@field link (integer|string)? index, or name on input
---@field ["local"] string? an IPv4 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field learning boolean?
---@field ageing integer? 0–4294967295
---@field limit integer? 0–4294967295
---@field port_range zlnet.link.linkinfo.data.vxlan.port_range?
---@field proxy boolean?
---@field rsc boolean?
---@field l2miss boolean?
---@field l3miss boolean?
---@field port integer? 0–65535
---@field group6 string? an IPv6 address
---@field local6 string? an IPv6 address
---@field udp_csum boolean?
---@field udp_zero_csum6_tx boolean?
---@field udp_zero_csum6_rx boolean?
---@field remcsum_tx boolean?
---@field remcsum_rx boolean?
---@field gbp boolean?
---@field remcsum_nopartial boolean?
---@field collect_metadata boolean?
---@field label integer? 0–4294967295
---@field gpe boolean?
---@field ttl_inherit boolean?
---@field df ("unset"|"set"|"inherit"|integer)?
---@field vnifilter boolean?
---@field localbypass boolean?
---@field label_policy ("fixed"|"inherit"|integer)?
---@field reserved_bits string? hexadecimal bytes
---@field mc_route boolean?

---Nested: `port_range`.
---@class zlnet.link.linkinfo.data.vxlan.port_range
---@field low integer? 0–65535
---@field high integer? 0–65535

---What `macvlan` has here.
---@class zlnet.link.linkinfo.data.macvlan
---@field mode ("private"|"vepa"|"bridge"|"passthru"|"source"|integer)?
---@field flags zlnet.link.linkinfo.data.macvlan.flags?
---@field macaddr_mode ("add"|"del"|"flush"|"set"|integer)?
---@field macaddr string? `"02:00:00:00:00:01"`
---@field macaddr_data zlnet.link.linkinfo.data.macvlan.macaddr_data?
---@field macaddr_count integer? 0–4294967295
---@field bc_queue_len integer? 0–4294967295
---@field bc_queue_len_used integer? 0–4294967295
---@field bc_cutoff integer? signed, 32 bits

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.macvlan.flags
---@field nopromisc boolean?
---@field nodst boolean?
---@field unknown integer?

---Nested: `macaddr_data`.
---@class zlnet.link.linkinfo.data.macvlan.macaddr_data
---@field macaddr string[]? `"02:00:00:00:00:01"`

---What `ipvlan` has here.
---@class zlnet.link.linkinfo.data.ipvlan
---@field mode ("l2"|"l3"|"l3s"|integer)?
---@field flags zlnet.link.linkinfo.data.ipvlan.flags?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ipvlan.flags
---@field private boolean?
---@field vepa boolean?
---@field unknown integer?

---What `vlan` has here.
---@class zlnet.link.linkinfo.data.vlan
---@field id integer? 0–65535
---@field flags zlnet.link.linkinfo.data.vlan.flags?
---@field egress_qos zlnet.link.linkinfo.data.vlan.egress_qos?
---@field ingress_qos zlnet.link.linkinfo.data.vlan.egress_qos?
---@field protocol ("8021q"|"8021ad"|integer)?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.vlan.flags
---@field reorder_hdr boolean?
---@field gvrp boolean?
---@field loose_binding boolean?
---@field mvrp boolean?
---@field bridge_binding boolean?
---@field unknown integer?

---Nested: `egress_qos`.
---@class zlnet.link.linkinfo.data.vlan.egress_qos
---@field mapping zlnet.link.linkinfo.data.vlan.egress_qos.mapping[]?

---Nested: `mapping`.
---@class zlnet.link.linkinfo.data.vlan.egress_qos.mapping
---@field from integer? 0–4294967295
---@field to integer? 0–4294967295

---What `vrf` has here.
---@class zlnet.link.linkinfo.data.vrf
---@field table integer? 0–4294967295

---What `bond` has here.
---@class zlnet.link.linkinfo.data.bond
---@field mode zlnet.link.linkinfo.data.bond.mode?
---@field active_slave (integer|string)? index, or name on input
---@field miimon integer? 0–4294967295
---@field updelay integer? 0–4294967295
---@field downdelay integer? 0–4294967295
---@field use_carrier boolean?
---@field arp_interval integer? 0–4294967295
---@field arp_ip_target string[]?
---@field arp_validate zlnet.link.linkinfo.data.bond.arp_validate?
---@field arp_all_targets ("any"|"all"|integer)?
---@field primary (integer|string)? index, or name on input
---@field primary_reselect ("always"|"better"|"failure"|integer)?
---@field fail_over_mac ("none"|"active"|"follow"|integer)?
---@field xmit_hash_policy zlnet.link.linkinfo.data.bond.xmit_hash_policy?
---@field resend_igmp integer? 0–4294967295
---@field num_peer_notif integer? 0–255
---@field all_slaves_active boolean?
---@field min_links integer? 0–4294967295
---@field lp_interval integer? 0–4294967295
---@field packets_per_slave integer? 0–4294967295
---@field ad_lacp_rate ("slow"|"fast"|integer)?
---@field ad_select ("stable"|"bandwidth"|"count"|integer)?
---@field ad_info zlnet.link.linkinfo.data.bond.ad_info?
---@field ad_actor_sys_prio integer? 0–65535
---@field ad_user_port_key integer? 0–65535
---@field ad_actor_system string? `"02:00:00:00:00:01"`
---@field tlb_dynamic_lb boolean?
---@field peer_notif_delay integer? 0–4294967295
---@field ad_lacp_active boolean?
---@field missed_max integer? 0–255
---@field ns_ip6_target string[]?
---@field coupled_control boolean?

---@alias zlnet.link.linkinfo.data.bond.mode integer
---| "balance-rr"
---| "active-backup"
---| "balance-xor"
---| "broadcast"
---| "802.3ad"
---| "balance-tlb"
---| "balance-alb"

---@alias zlnet.link.linkinfo.data.bond.arp_validate integer
---| "none"
---| "active"
---| "backup"
---| "all"
---| "filter"
---| "filter_active"
---| "filter_backup"

---@alias zlnet.link.linkinfo.data.bond.xmit_hash_policy integer
---| "layer2"
---| "layer3+4"
---| "layer2+3"
---| "encap2+3"
---| "encap3+4"
---| "vlan+srcmac"

---Nested: `ad_info`.
---@class zlnet.link.linkinfo.data.bond.ad_info
---@field aggregator integer? 0–65535
---@field num_ports integer? 0–65535
---@field actor_key integer? 0–65535
---@field partner_key integer? 0–65535
---@field partner_mac string? `"02:00:00:00:00:01"`

---What `netkit` has here.
---@class zlnet.link.linkinfo.data.netkit
---@field peer_info zlnet.link?
---@field primary boolean?
---@field policy ("forward"|"blackhole"|integer)?
---@field peer_policy ("forward"|"blackhole"|integer)?
---@field mode ("l2"|"l3"|integer)?
---@field scrub ("none"|"default"|integer)?
---@field peer_scrub ("none"|"default"|integer)?
---@field headroom integer? 0–65535
---@field tailroom integer? 0–65535

---What `tun` has here.
---@class zlnet.link.linkinfo.data.tun
---@field owner integer? 0–4294967295
---@field group integer? 0–4294967295
---@field type ("tun"|"tap"|integer)?
---@field pi boolean?
---@field vnet_hdr boolean?
---@field persist boolean?
---@field multi_queue boolean?
---@field num_queues integer? 0–4294967295
---@field num_disabled_queues integer? 0–4294967295

---What `geneve` has here.
---@class zlnet.link.linkinfo.data.geneve
---@field id integer? 0–4294967295
---@field remote string? an IPv4 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field port integer? 0–65535
---@field collect_metadata boolean?
---@field remote6 string? an IPv6 address
---@field udp_csum boolean?
---@field udp_zero_csum6_tx boolean?
---@field udp_zero_csum6_rx boolean?
---@field label integer? 0–4294967295
---@field ttl_inherit boolean?
---@field df ("unset"|"set"|"inherit"|integer)?
---@field inner_proto_inherit boolean?
---@field port_range zlnet.link.linkinfo.data.vxlan.port_range?

---What `gre` has here.
---@class zlnet.link.linkinfo.data.gre
---@field link (integer|string)? index, or name on input
---@field iflags zlnet.link.linkinfo.data.gre.iflags?
---@field oflags zlnet.link.linkinfo.data.gre.oflags?
---@field ikey integer? 0–4294967295
---@field okey integer? 0–4294967295
---@field ["local"] string? an IPv4 address
---@field remote string? an IPv4 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field pmtudisc boolean?
---@field encap_limit integer? 0–255
---@field flowinfo integer? 0–4294967295
---@field flags zlnet.link.linkinfo.data.gre.flags?
---@field encap_type ("none"|"fou"|"gue"|"mpls"|integer)?
---@field encap_flags zlnet.link.linkinfo.data.gre.encap_flags?
---@field encap_sport integer? 0–65535
---@field encap_dport integer? 0–65535
---@field collect_metadata boolean?
---@field ignore_df boolean?
---@field fwmark integer? 0–4294967295
---@field erspan_index integer? 0–4294967295
---@field erspan_ver integer? 0–255
---@field erspan_dir ("ingress"|"egress"|integer)?
---@field erspan_hwid integer? 0–65535

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.gre.iflags
---@field csum boolean?
---@field routing boolean?
---@field key boolean?
---@field seq boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.gre.oflags
---@field csum boolean?
---@field routing boolean?
---@field key boolean?
---@field seq boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.gre.flags
---@field ign_encap_limit boolean?
---@field use_orig_tclass boolean?
---@field use_orig_flowlabel boolean?
---@field mip6_dev boolean?
---@field rcv_dscp_copy boolean?
---@field use_orig_fwmark boolean?
---@field allow_local_remote boolean?
---@field cap_xmit boolean?
---@field cap_rcv boolean?
---@field cap_per_packet boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.gre.encap_flags
---@field csum boolean?
---@field csum6 boolean?
---@field remcsum boolean?
---@field unknown integer?

---What `ip6gre` has here.
---@class zlnet.link.linkinfo.data.ip6gre
---@field link (integer|string)? index, or name on input
---@field iflags zlnet.link.linkinfo.data.ip6gre.iflags?
---@field oflags zlnet.link.linkinfo.data.ip6gre.oflags?
---@field ikey integer? 0–4294967295
---@field okey integer? 0–4294967295
---@field ["local"] string? an IPv6 address
---@field remote string? an IPv6 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field pmtudisc boolean?
---@field encap_limit integer? 0–255
---@field flowinfo integer? 0–4294967295
---@field flags zlnet.link.linkinfo.data.ip6gre.flags?
---@field encap_type ("none"|"fou"|"gue"|"mpls"|integer)?
---@field encap_flags zlnet.link.linkinfo.data.ip6gre.encap_flags?
---@field encap_sport integer? 0–65535
---@field encap_dport integer? 0–65535
---@field collect_metadata boolean?
---@field ignore_df boolean?
---@field fwmark integer? 0–4294967295
---@field erspan_index integer? 0–4294967295
---@field erspan_ver integer? 0–255
---@field erspan_dir ("ingress"|"egress"|integer)?
---@field erspan_hwid integer? 0–65535

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ip6gre.iflags
---@field csum boolean?
---@field routing boolean?
---@field key boolean?
---@field seq boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ip6gre.oflags
---@field csum boolean?
---@field routing boolean?
---@field key boolean?
---@field seq boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ip6gre.flags
---@field ign_encap_limit boolean?
---@field use_orig_tclass boolean?
---@field use_orig_flowlabel boolean?
---@field mip6_dev boolean?
---@field rcv_dscp_copy boolean?
---@field use_orig_fwmark boolean?
---@field allow_local_remote boolean?
---@field cap_xmit boolean?
---@field cap_rcv boolean?
---@field cap_per_packet boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ip6gre.encap_flags
---@field csum boolean?
---@field csum6 boolean?
---@field remcsum boolean?
---@field unknown integer?

---What `ipip` has here.
---@class zlnet.link.linkinfo.data.ipip
---@field link (integer|string)? index, or name on input
---@field ["local"] string? an IPv4 address
---@field remote string? an IPv4 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field encap_limit integer? 0–255
---@field flowinfo integer? 0–4294967295
---@field flags integer? 0–65535
---@field proto integer? 0–255
---@field pmtudisc boolean?
---@field ["6rd_prefix"] string? an IPv6 address
---@field ["6rd_relay_prefix"] string? an IPv4 address
---@field ["6rd_prefixlen"] integer? 0–65535
---@field ["6rd_relay_prefixlen"] integer? 0–65535
---@field encap_type ("none"|"fou"|"gue"|"mpls"|integer)?
---@field encap_flags zlnet.link.linkinfo.data.ipip.encap_flags?
---@field encap_sport integer? 0–65535
---@field encap_dport integer? 0–65535
---@field collect_metadata boolean?
---@field fwmark integer? 0–4294967295

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ipip.encap_flags
---@field csum boolean?
---@field csum6 boolean?
---@field remcsum boolean?
---@field unknown integer?

---What `sit` has here.
---@class zlnet.link.linkinfo.data.sit
---@field link (integer|string)? index, or name on input
---@field ["local"] string? an IPv4 address
---@field remote string? an IPv4 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field encap_limit integer? 0–255
---@field flowinfo integer? 0–4294967295
---@field flags zlnet.link.linkinfo.data.sit.flags?
---@field proto integer? 0–255
---@field pmtudisc boolean?
---@field ["6rd_prefix"] string? an IPv6 address
---@field ["6rd_relay_prefix"] string? an IPv4 address
---@field ["6rd_prefixlen"] integer? 0–65535
---@field ["6rd_relay_prefixlen"] integer? 0–65535
---@field encap_type ("none"|"fou"|"gue"|"mpls"|integer)?
---@field encap_flags zlnet.link.linkinfo.data.sit.encap_flags?
---@field encap_sport integer? 0–65535
---@field encap_dport integer? 0–65535
---@field collect_metadata boolean?
---@field fwmark integer? 0–4294967295

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.sit.flags
---@field isatap boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.sit.encap_flags
---@field csum boolean?
---@field csum6 boolean?
---@field remcsum boolean?
---@field unknown integer?

---What `ip6tnl` has here.
---@class zlnet.link.linkinfo.data.ip6tnl
---@field link (integer|string)? index, or name on input
---@field ["local"] string? an IPv6 address
---@field remote string? an IPv6 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field encap_limit integer? 0–255
---@field flowinfo integer? 0–4294967295
---@field flags zlnet.link.linkinfo.data.ip6tnl.flags?
---@field proto integer? 0–255
---@field pmtudisc boolean?
---@field ["6rd_prefix"] string? an IPv6 address
---@field ["6rd_relay_prefix"] string? an IPv4 address
---@field ["6rd_prefixlen"] integer? 0–65535
---@field ["6rd_relay_prefixlen"] integer? 0–65535
---@field encap_type ("none"|"fou"|"gue"|"mpls"|integer)?
---@field encap_flags zlnet.link.linkinfo.data.ip6tnl.encap_flags?
---@field encap_sport integer? 0–65535
---@field encap_dport integer? 0–65535
---@field collect_metadata boolean?
---@field fwmark integer? 0–4294967295

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ip6tnl.flags
---@field ign_encap_limit boolean?
---@field use_orig_tclass boolean?
---@field use_orig_flowlabel boolean?
---@field mip6_dev boolean?
---@field rcv_dscp_copy boolean?
---@field use_orig_fwmark boolean?
---@field allow_local_remote boolean?
---@field cap_xmit boolean?
---@field cap_rcv boolean?
---@field cap_per_packet boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.linkinfo.data.ip6tnl.encap_flags
---@field csum boolean?
---@field csum6 boolean?
---@field remcsum boolean?
---@field unknown integer?

---What `vti` has here.
---@class zlnet.link.linkinfo.data.vti
---@field link (integer|string)? index, or name on input
---@field ikey integer? 0–4294967295
---@field okey integer? 0–4294967295
---@field ["local"] string? an IPv4 address
---@field remote string? an IPv4 address
---@field fwmark integer? 0–4294967295

---What `vti6` has here.
---@class zlnet.link.linkinfo.data.vti6
---@field link (integer|string)? index, or name on input
---@field ikey integer? 0–4294967295
---@field okey integer? 0–4294967295
---@field ["local"] string? an IPv6 address
---@field remote string? an IPv6 address
---@field fwmark integer? 0–4294967295

---What `xfrm` has here.
---@class zlnet.link.linkinfo.data.xfrm
---@field link (integer|string)? index, or name on input
---@field if_id integer? 0–4294967295
---@field collect_metadata boolean?

---@alias zlnet.link.linkinfo.data
---| zlnet.link.linkinfo.data.veth
---| zlnet.link.linkinfo.data.bridge
---| zlnet.link.linkinfo.data.vxlan
---| zlnet.link.linkinfo.data.macvlan
---| zlnet.link.linkinfo.data.ipvlan
---| zlnet.link.linkinfo.data.vlan
---| zlnet.link.linkinfo.data.vrf
---| zlnet.link.linkinfo.data.bond
---| zlnet.link.linkinfo.data.netkit
---| zlnet.link.linkinfo.data.tun
---| zlnet.link.linkinfo.data.geneve
---| zlnet.link.linkinfo.data.gre
---| zlnet.link.linkinfo.data.ip6gre
---| zlnet.link.linkinfo.data.ipip
---| zlnet.link.linkinfo.data.sit
---| zlnet.link.linkinfo.data.ip6tnl
---| zlnet.link.linkinfo.data.vti
---| zlnet.link.linkinfo.data.vti6
---| zlnet.link.linkinfo.data.xfrm

---What `bond` has here.
---@class zlnet.link.linkinfo.slave_data.bond
---@field state ("active"|"backup"|integer)?
---@field mii_status ("up"|"going_down"|"down"|"going_back"|integer)?
---@field link_failure_count integer? 0–4294967295
---@field perm_hwaddr string? `"02:00:00:00:00:01"`
---@field queue_id integer? 0–65535
---@field ad_aggregator_id integer? 0–65535
---@field ad_actor_oper_port_state integer? 0–255
---@field ad_partner_oper_port_state integer? 0–65535
---@field prio integer? signed, 32 bits
---@field actor_port_prio integer? 0–65535
---@field ad_churn_actor_state ("monitoring"|"churned"|"none"|integer)?
---@field ad_churn_partner_state ("monitoring"|"churned"|"none"|integer)?

---@alias zlnet.link.linkinfo.slave_data
---| zlnet.link.protinfo.bridge
---| zlnet.link.linkinfo.slave_data.bond
---| zlnet.link.linkinfo.data.vrf

---Nested: `vfinfo_list`.
---@class zlnet.link.vfinfo_list
---@field info zlnet.link.vfinfo_list.info[]?

---Nested: `info`.
---@class zlnet.link.vfinfo_list.info
---@field mac zlnet.link.vfinfo_list.info.mac?
---@field vlan zlnet.link.vfinfo_list.info.vlan?
---@field tx_rate zlnet.link.vfinfo_list.info.tx_rate?
---@field spoofchk zlnet.link.vfinfo_list.info.spoofchk?
---@field link_state zlnet.link.vfinfo_list.info.link_state?
---@field rate zlnet.link.vfinfo_list.info.rate?
---@field rss_query_en zlnet.link.vfinfo_list.info.spoofchk?
---@field stats zlnet.link.vfinfo_list.info.stats?
---@field trust zlnet.link.vfinfo_list.info.spoofchk?
---@field broadcast string? `"02:00:00:00:00:01"`

---Nested: `mac`.
---@class zlnet.link.vfinfo_list.info.mac
---@field vf integer? 0–4294967295
---@field mac string? `"02:00:00:00:00:01"`

---Nested: `vlan`.
---@class zlnet.link.vfinfo_list.info.vlan
---@field vf integer? 0–4294967295
---@field vlan integer? 0–4294967295
---@field qos integer? 0–4294967295

---Nested: `tx_rate`.
---@class zlnet.link.vfinfo_list.info.tx_rate
---@field vf integer? 0–4294967295
---@field rate integer? 0–4294967295

---Nested: `spoofchk`.
---@class zlnet.link.vfinfo_list.info.spoofchk
---@field vf integer? 0–4294967295
---@field setting integer? 0–4294967295

---Nested: `link_state`.
---@class zlnet.link.vfinfo_list.info.link_state
---@field vf integer? 0–4294967295
---@field link_state ("auto"|"enable"|"disable"|integer)?

---Nested: `rate`.
---@class zlnet.link.vfinfo_list.info.rate
---@field vf integer? 0–4294967295
---@field min_tx_rate integer? 0–4294967295
---@field max_tx_rate integer? 0–4294967295

---Nested: `stats`.
---@class zlnet.link.vfinfo_list.info.stats
---@field rx_packets integer? 64 bits
---@field tx_packets integer? 64 bits
---@field rx_bytes integer? 64 bits
---@field tx_bytes integer? 64 bits
---@field broadcast integer? 64 bits
---@field multicast integer? 64 bits
---@field rx_dropped integer? 64 bits
---@field tx_dropped integer? 64 bits

---Nested: `stats64`.
---@class zlnet.link.stats64
---@field rx_packets integer? 64 bits
---@field tx_packets integer? 64 bits
---@field rx_bytes integer? 64 bits
---@field tx_bytes integer? 64 bits
---@field rx_errors integer? 64 bits
---@field tx_errors integer? 64 bits
---@field rx_dropped integer? 64 bits
---@field tx_dropped integer? 64 bits
---@field multicast integer? 64 bits
---@field collisions integer? 64 bits
---@field rx_length_errors integer? 64 bits
---@field rx_over_errors integer? 64 bits
---@field rx_crc_errors integer? 64 bits
---@field rx_frame_errors integer? 64 bits
---@field rx_fifo_errors integer? 64 bits
---@field rx_missed_errors integer? 64 bits
---@field tx_aborted_errors integer? 64 bits
---@field tx_carrier_errors integer? 64 bits
---@field tx_fifo_errors integer? 64 bits
---@field tx_heartbeat_errors integer? 64 bits
---@field tx_window_errors integer? 64 bits
---@field rx_compressed integer? 64 bits
---@field tx_compressed integer? 64 bits
---@field rx_nohandler integer? 64 bits
---@field rx_otherhost_dropped integer? 64 bits

---What `other` has here.
---@class zlnet.link.af_spec.other
---@field inet zlnet.link.af_spec.other.inet?
---@field inet6 zlnet.link.protinfo.inet6?

---Nested: `inet`.
---@class zlnet.link.af_spec.other.inet
---@field conf zlnet.link.af_spec.other.inet.conf?

---Nested: `conf`.
---@class zlnet.link.af_spec.other.inet.conf
---@field forwarding integer? signed, 32 bits
---@field mc_forwarding integer? signed, 32 bits
---@field proxy_arp integer? signed, 32 bits
---@field accept_redirects integer? signed, 32 bits
---@field secure_redirects integer? signed, 32 bits
---@field send_redirects integer? signed, 32 bits
---@field shared_media integer? signed, 32 bits
---@field rp_filter integer? signed, 32 bits
---@field accept_source_route integer? signed, 32 bits
---@field bootp_relay integer? signed, 32 bits
---@field log_martians integer? signed, 32 bits
---@field tag integer? signed, 32 bits
---@field arpfilter integer? signed, 32 bits
---@field medium_id integer? signed, 32 bits
---@field noxfrm integer? signed, 32 bits
---@field nopolicy integer? signed, 32 bits
---@field force_igmp_version integer? signed, 32 bits
---@field arp_announce integer? signed, 32 bits
---@field arp_ignore integer? signed, 32 bits
---@field promote_secondaries integer? signed, 32 bits
---@field arp_accept integer? signed, 32 bits
---@field arp_notify integer? signed, 32 bits
---@field accept_local integer? signed, 32 bits
---@field src_vmark integer? signed, 32 bits
---@field proxy_arp_pvlan integer? signed, 32 bits
---@field route_localnet integer? signed, 32 bits
---@field igmpv2_unsolicited_report_interval integer? signed, 32 bits
---@field igmpv3_unsolicited_report_interval integer? signed, 32 bits
---@field ignore_routes_with_linkdown integer? signed, 32 bits
---@field drop_unicast_in_l2_multicast integer? signed, 32 bits
---@field drop_gratuitous_arp integer? signed, 32 bits
---@field bc_forwarding integer? signed, 32 bits
---@field arp_evict_nocarrier integer? signed, 32 bits

---What `bridge` has here.
---@class zlnet.link.af_spec.bridge
---@field flags zlnet.link.af_spec.bridge.flags?
---@field mode ("veb"|"vepa"|"undef"|integer)?
---@field vlan_info zlnet.link.af_spec.bridge.vlan_info[]?
---@field vlan_tunnel_info zlnet.link.af_spec.bridge.vlan_tunnel_info[]?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.af_spec.bridge.flags
---@field master boolean?
---@field self boolean?
---@field unknown integer?

---Nested: `vlan_info`.
---@class zlnet.link.af_spec.bridge.vlan_info
---@field vid integer? 0–65535
---@field flags zlnet.link.af_spec.bridge.vlan_info.flags?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.af_spec.bridge.vlan_info.flags
---@field master boolean?
---@field pvid boolean?
---@field untagged boolean?
---@field range_begin boolean?
---@field range_end boolean?
---@field brentry boolean?
---@field only_opts boolean?
---@field unknown integer?

---Nested: `vlan_tunnel_info`.
---@class zlnet.link.af_spec.bridge.vlan_tunnel_info
---@field id integer? 0–4294967295
---@field vid integer? 0–65535
---@field flags zlnet.link.af_spec.bridge.vlan_tunnel_info.flags?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.af_spec.bridge.vlan_tunnel_info.flags
---@field master boolean?
---@field pvid boolean?
---@field untagged boolean?
---@field range_begin boolean?
---@field range_end boolean?
---@field brentry boolean?
---@field only_opts boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.link.ext_mask
---@field vf boolean?
---@field brvlan boolean?
---@field brvlan_compressed boolean?
---@field skip_stats boolean?
---@field mrp boolean?
---@field cfm_config boolean?
---@field cfm_status boolean?
---@field mst boolean?
---@field unknown integer?

---Nested: `xdp`.
---@class zlnet.link.xdp
---@field fd integer? signed, 32 bits
---@field attached integer? 0–255
---@field flags integer? 0–4294967295
---@field prog_id integer? 0–4294967295
---@field drv_prog_id integer? 0–4294967295
---@field skb_prog_id integer? 0–4294967295
---@field hw_prog_id integer? 0–4294967295
---@field expected_fd integer? signed, 32 bits

---@alias zlnet.link.event integer
---| "none"
---| "reboot"
---| "features"
---| "bonding_failover"
---| "notify_peers"
---| "igmp_resend"
---| "bonding_options"

---Nested: `prop_list`.
---@class zlnet.link.prop_list
---@field alt_ifname string[]?

---Nested: `proto_down_reason`.
---@class zlnet.link.proto_down_reason
---@field mask integer? 0–4294967295
---@field value integer? 0–4294967295

---An address: struct ifaddrmsg and IFA_* attributes.
---@class zlnet.addr
---@field family ("unspec"|"inet"|"inet6"|"bridge"|"mpls"|integer)?
---@field prefixlen integer? 0–255
---@field flags zlnet.addr.flags?
---@field scope ("global"|"site"|"link"|"host"|"nowhere"|integer)?
---@field index (integer|string)? index, or name on input
---@field address string? an address; with `/length` on input, if you like
---@field ["local"] string? an address; with `/length` on input, if you like
---@field label string?
---@field broadcast string? an address of the message's family
---@field anycast string? an address of the message's family
---@field cacheinfo zlnet.addr.cacheinfo?
---@field multicast string? an address of the message's family
---@field rt_priority integer? 0–4294967295
---@field target_netnsid integer? signed, 32 bits
---@field proto ("unspec"|"kernel_lo"|"kernel_ra"|"kernel_ll"|integer)?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.addr.flags
---@field secondary boolean?
---@field nodad boolean?
---@field optimistic boolean?
---@field dadfailed boolean?
---@field homeaddress boolean?
---@field deprecated boolean?
---@field tentative boolean?
---@field permanent boolean?
---@field managetempaddr boolean?
---@field noprefixroute boolean?
---@field mcautojoin boolean?
---@field stable_privacy boolean?
---@field unknown integer?

---Nested: `cacheinfo`.
---@class zlnet.addr.cacheinfo
---@field prefered integer? 0–4294967295
---@field valid integer? 0–4294967295
---@field cstamp integer? 0–4294967295
---@field tstamp integer? 0–4294967295

---A route: struct rtmsg and RTA_* attributes.
---@class zlnet.route
---@field family ("unspec"|"inet"|"inet6"|"bridge"|"mpls"|integer)?
---@field dst_len integer? 0–255
---@field src_len integer? 0–255
---@field tos integer? 0–255
---@field table ("unspec"|"default"|"main"|"local"|integer)?
---@field protocol zlnet.route.protocol?
---@field scope ("global"|"site"|"link"|"host"|"nowhere"|integer)?
---@field type zlnet.route.type?
---@field flags zlnet.route.flags?
---@field dst string? an address; with `/length` on input, if you like
---@field src string? an address; with `/length` on input, if you like
---@field iif (integer|string)? index, or name on input
---@field oif (integer|string)? index, or name on input
---@field gateway string? an address of the message's family
---@field priority integer? 0–4294967295
---@field prefsrc string? an address of the message's family
---@field metrics zlnet.route.metrics?
---@field multipath zlnet.route.multipath[]?
---@field flow integer? 0–4294967295
---@field cacheinfo zlnet.route.cacheinfo?
---@field mark integer? 0–4294967295
---@field via string? an address of any family
---@field newdst string? an address of the message's family
---@field pref ("low"|"medium"|"high"|integer)?
---@field encap_type zlnet.route.encap_type?
---@field encap (zlnet.route.multipath.encap.ip|zlnet.route.multipath.encap.ip6)?
---@field expires integer? 0–4294967295
---@field uid integer? 0–4294967295
---@field ttl_propagate boolean?
---@field ip_proto integer? 0–255
---@field sport integer? 0–65535
---@field dport integer? 0–65535
---@field nh_id integer? 0–4294967295
---@field flowlabel integer? 0–4294967295

---@alias zlnet.route.protocol integer
---| "unspec"
---| "redirect"
---| "kernel"
---| "boot"
---| "static"
---| "gated"
---| "ra"
---| "mrt"
---| "zebra"
---| "bird"
---| "dnrouted"
---| "xorp"
---| "ntk"
---| "dhcp"
---| "mrouted"
---| "keepalived"
---| "babel"
---| "openr"
---| "bgp"
---| "isis"
---| "ospf"
---| "rip"
---| "eigrp"

---@alias zlnet.route.type integer
---| "unspec"
---| "unicast"
---| "local"
---| "broadcast"
---| "anycast"
---| "multicast"
---| "blackhole"
---| "unreachable"
---| "prohibit"
---| "throw"
---| "nat"
---| "xresolve"

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.route.flags
---@field dead boolean?
---@field pervasive boolean?
---@field onlink boolean?
---@field rtnh_offload boolean?
---@field linkdown boolean?
---@field unresolved boolean?
---@field rtnh_trap boolean?
---@field notify boolean?
---@field cloned boolean?
---@field equalize boolean?
---@field prefix boolean?
---@field lookup_table boolean?
---@field fib_match boolean?
---@field offload boolean?
---@field trap boolean?
---@field offload_failed boolean?
---@field unknown integer?

---Nested: `metrics`.
---@class zlnet.route.metrics
---@field lock zlnet.route.metrics.lock?
---@field mtu integer? 0–4294967295
---@field window integer? 0–4294967295
---@field rtt integer? 0–4294967295
---@field rttvar integer? 0–4294967295
---@field ssthresh integer? 0–4294967295
---@field cwnd integer? 0–4294967295
---@field advmss integer? 0–4294967295
---@field reordering integer? 0–4294967295
---@field hoplimit integer? 0–4294967295
---@field initcwnd integer? 0–4294967295
---@field features zlnet.route.metrics.features?
---@field rto_min integer? 0–4294967295
---@field initrwnd integer? 0–4294967295
---@field quickack integer? 0–4294967295
---@field cc_algo string?
---@field fastopen_no_cookie integer? 0–4294967295

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.route.metrics.lock
---@field mtu boolean?
---@field window boolean?
---@field rtt boolean?
---@field rttvar boolean?
---@field ssthresh boolean?
---@field cwnd boolean?
---@field advmss boolean?
---@field reordering boolean?
---@field hoplimit boolean?
---@field initcwnd boolean?
---@field features boolean?
---@field rto_min boolean?
---@field initrwnd boolean?
---@field quickack boolean?
---@field cc_algo boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.route.metrics.features
---@field ecn boolean?
---@field sack boolean?
---@field timestamp boolean?
---@field allfrag boolean?
---@field unknown integer?

---One of several hops: struct rtnexthop.
---@class zlnet.route.multipath
---@field flags zlnet.route.multipath.flags?
---@field hops integer? 0–255
---@field ifindex (integer|string)? index, or name on input
---@field gateway string? an address of the message's family
---@field flow integer? 0–4294967295
---@field via string? an address of any family
---@field encap_type zlnet.route.multipath.encap_type?
---@field encap (zlnet.route.multipath.encap.ip|zlnet.route.multipath.encap.ip6)?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.route.multipath.flags
---@field dead boolean?
---@field pervasive boolean?
---@field onlink boolean?
---@field offload boolean?
---@field linkdown boolean?
---@field unresolved boolean?
---@field trap boolean?
---@field unknown integer?

---@alias zlnet.route.multipath.encap_type integer
---| "none"
---| "mpls"
---| "ip"
---| "ila"
---| "ip6"
---| "seg6"
---| "bpf"
---| "seg6local"
---| "rpl"
---| "ioam6"
---| "xfrm"

---What `ip` has here.
---@class zlnet.route.multipath.encap.ip
---@field id integer? 64 bits
---@field dst string? an IPv4 address
---@field src string? an IPv4 address
---@field ttl integer? 0–255
---@field tos integer? 0–255
---@field flags zlnet.route.multipath.encap.ip.flags?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.route.multipath.encap.ip.flags
---@field csum boolean?
---@field key boolean?
---@field seq boolean?
---@field unknown integer?

---What `ip6` has here.
---@class zlnet.route.multipath.encap.ip6
---@field id integer? 64 bits
---@field dst string? an IPv6 address
---@field src string? an IPv6 address
---@field hoplimit integer? 0–255
---@field tc integer? 0–255
---@field flags zlnet.route.multipath.encap.ip6.flags?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.route.multipath.encap.ip6.flags
---@field csum boolean?
---@field key boolean?
---@field seq boolean?
---@field unknown integer?

---Nested: `cacheinfo`.
---@class zlnet.route.cacheinfo
---@field clntref integer? 0–4294967295
---@field lastuse integer? 0–4294967295
---@field expires integer? signed, 32 bits
---@field error integer? signed, 32 bits
---@field used integer? 0–4294967295

---@alias zlnet.route.encap_type integer
---| "none"
---| "mpls"
---| "ip"
---| "ila"
---| "ip6"
---| "seg6"
---| "bpf"
---| "seg6local"
---| "rpl"
---| "ioam6"
---| "xfrm"

---A neighbour, a proxied address or a forwarding entry: struct ndmsg and NDA_* attributes.
---@class zlnet.neigh
---@field family ("unspec"|"inet"|"inet6"|"bridge"|"mpls"|integer)?
---@field ifindex (integer|string)? index, or name on input
---@field state zlnet.neigh.state?
---@field flags zlnet.neigh.flags?
---@field type zlnet.neigh.type?
---@field dst string? an address of the message's family
---@field lladdr string? `"02:00:00:00:00:01"`
---@field cacheinfo zlnet.neigh.cacheinfo?
---@field probes integer? 0–4294967295
---@field vlan integer? 0–65535
---@field port integer? 0–65535
---@field vni integer? 0–4294967295
---@field via_ifindex (integer|string)? index, or name on input
---@field master (integer|string)? index, or name on input
---@field link_netnsid integer? signed, 32 bits
---@field src_vni integer? 0–4294967295
---@field protocol zlnet.neigh.protocol?
---@field nh_id integer? 0–4294967295
---@field fdb_ext_attrs zlnet.neigh.fdb_ext_attrs?
---@field flags_ext zlnet.neigh.flags_ext?
---@field ndm_state_mask integer? 0–65535
---@field ndm_flags_mask zlnet.neigh.ndm_flags_mask?

---@alias zlnet.neigh.state integer
---| "none"
---| "incomplete"
---| "reachable"
---| "stale"
---| "delay"
---| "probe"
---| "failed"
---| "noarp"
---| "permanent"

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.neigh.flags
---@field use boolean?
---@field self boolean?
---@field master boolean?
---@field proxy boolean?
---@field ext_learned boolean?
---@field offloaded boolean?
---@field sticky boolean?
---@field router boolean?
---@field unknown integer?

---@alias zlnet.neigh.type integer
---| "unspec"
---| "unicast"
---| "local"
---| "broadcast"
---| "anycast"
---| "multicast"
---| "blackhole"
---| "unreachable"
---| "prohibit"
---| "throw"
---| "nat"
---| "xresolve"

---Nested: `cacheinfo`.
---@class zlnet.neigh.cacheinfo
---@field confirmed integer? 0–4294967295
---@field used integer? 0–4294967295
---@field updated integer? 0–4294967295
---@field refcnt integer? 0–4294967295

---@alias zlnet.neigh.protocol integer
---| "unspec"
---| "redirect"
---| "kernel"
---| "boot"
---| "static"
---| "gated"
---| "ra"
---| "mrt"
---| "zebra"
---| "bird"
---| "dnrouted"
---| "xorp"
---| "ntk"
---| "dhcp"
---| "mrouted"
---| "keepalived"
---| "babel"
---| "openr"
---| "bgp"
---| "isis"
---| "ospf"
---| "rip"
---| "eigrp"

---Nested: `fdb_ext_attrs`.
---@class zlnet.neigh.fdb_ext_attrs
---@field activity_notify zlnet.neigh.fdb_ext_attrs.activity_notify?
---@field dont_refresh boolean?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.neigh.fdb_ext_attrs.activity_notify
---@field notify boolean?
---@field inactive boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.neigh.flags_ext
---@field managed boolean?
---@field locked boolean?
---@field ext_validated boolean?
---@field unknown integer?

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.neigh.ndm_flags_mask
---@field use boolean?
---@field self boolean?
---@field master boolean?
---@field proxy boolean?
---@field ext_learned boolean?
---@field offloaded boolean?
---@field sticky boolean?
---@field router boolean?
---@field unknown integer?

---A policy rule: struct fib_rule_hdr and FRA_* attributes.
---@class zlnet.rule
---@field family ("unspec"|"inet"|"inet6"|"bridge"|"mpls"|integer)?
---@field dst_len integer? 0–255
---@field src_len integer? 0–255
---@field tos integer? 0–255
---@field table ("unspec"|"default"|"main"|"local"|integer)?
---@field action zlnet.rule.action?
---@field flags zlnet.rule.flags?
---@field dst string? an address; with `/length` on input, if you like
---@field src string? an address; with `/length` on input, if you like
---@field iifname string? 1–15 bytes
---@field ["goto"] integer? 0–4294967295
---@field priority integer? 0–4294967295
---@field fwmark integer? 0–4294967295
---@field flow integer? 0–4294967295
---@field tun_id integer? 64 bits
---@field suppress_ifgroup integer? signed, 32 bits
---@field suppress_prefixlen integer? signed, 32 bits
---@field fwmask integer? 0–4294967295
---@field oifname string? 1–15 bytes
---@field l3mdev boolean?
---@field uid_range zlnet.rule.uid_range?
---@field protocol zlnet.rule.protocol?
---@field ip_proto integer? 0–255
---@field sport_range zlnet.rule.sport_range?
---@field dport_range zlnet.rule.sport_range?
---@field dscp integer? 0–255
---@field flowlabel integer? 0–4294967295
---@field flowlabel_mask integer? 0–4294967295
---@field sport_mask integer? 0–65535
---@field dport_mask integer? 0–65535
---@field dscp_mask integer? 0–255

---@alias zlnet.rule.action integer
---| "unspec"
---| "to_tbl"
---| "goto"
---| "nop"
---| "blackhole"
---| "unreachable"
---| "prohibit"

---Flags: a word of them, by name. `unknown` has the bits which have none.
---@class zlnet.rule.flags
---@field permanent boolean?
---@field invert boolean?
---@field unresolved boolean?
---@field iif_detached boolean?
---@field oif_detached boolean?
---@field find_saddr boolean?
---@field unknown integer?

---Nested: `uid_range`.
---@class zlnet.rule.uid_range
---@field start integer? 0–4294967295
---@field ["end"] integer? 0–4294967295

---@alias zlnet.rule.protocol integer
---| "unspec"
---| "redirect"
---| "kernel"
---| "boot"
---| "static"
---| "gated"
---| "ra"
---| "mrt"
---| "zebra"
---| "bird"
---| "dnrouted"
---| "xorp"
---| "ntk"
---| "dhcp"
---| "mrouted"
---| "keepalived"
---| "babel"
---| "openr"
---| "bgp"
---| "isis"
---| "ospf"
---| "rip"
---| "eigrp"

---Nested: `sport_range`.
---@class zlnet.rule.sport_range
---@field start integer? 0–65535
---@field ["end"] integer? 0–65535

---The number of a namespace: struct rtgenmsg and NETNSA_* attributes.
---@class zlnet.nsid
---@field family ("unspec"|"inet"|"inet6"|"bridge"|"mpls"|integer)?
---@field nsid integer? signed, 32 bits
---@field pid integer? 0–4294967295
---@field fd integer? 0–4294967295
---@field target_nsid integer? signed, 32 bits
---@field current_nsid integer? signed, 32 bits
