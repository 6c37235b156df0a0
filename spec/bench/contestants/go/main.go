// SPDX-License-Identifier: MIT

// Contestant: github.com/vishvananda/netlink, written as its users write it, one handle on the host for the whole run and
// one in each container.
//
//	netlink attach place|move   stdin: "pid v4" a line      one   stdin: names      sweep      list N
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

var gateway = net.IPv4(169, 254, 1, 1)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func host32(ip net.IP) *net.IPNet { return &net.IPNet{IP: ip, Mask: net.CIDRMask(32, 32)} }

func veth(pid int, peer string) *netlink.Veth {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = fmt.Sprintf("veth-%d-s", pid)
	attrs.NumTxQueues, attrs.NumRxQueues = 1, 1
	return &netlink.Veth{LinkAttrs: attrs, PeerName: peer}
}

// In place: the peer is born in the container under its final name.
func createInPlace(host *netlink.Handle, pid int, ns netns.NsHandle) *netlink.Veth {
	pair := veth(pid, "eth0")
	pair.Flags |= net.FlagUp
	pair.PeerNamespace = netlink.NsFd(ns)
	must(host.LinkAdd(pair))
	return pair
}

// Move: both ends on the host first, then the peer travels and is renamed.
func createAndMove(host, inside *netlink.Handle, pid int, ns netns.NsHandle) *netlink.Veth {
	name := fmt.Sprintf("vc-%d-s", pid)
	pair := veth(pid, name)
	must(host.LinkAdd(pair))
	peer, err := host.LinkByName(name)
	must(err)
	must(host.LinkSetNsFd(peer, int(ns)))
	peer, err = inside.LinkByName(name)
	must(err)
	must(inside.LinkSetName(peer, "eth0"))
	must(host.LinkSetUp(pair))
	return pair
}

func setupContainer(h *netlink.Handle, ip net.IP) {
	eth0, err := h.LinkByName("eth0")
	must(err)
	lo, err := h.LinkByName("lo")
	must(err)
	must(h.AddrAdd(eth0, &netlink.Addr{IPNet: host32(ip)}))
	must(h.LinkSetUp(lo))
	must(h.LinkSetUp(eth0))
	must(h.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: host32(gateway)}))
	must(h.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: gateway}))
}

func setupHost(h *netlink.Handle, pair *netlink.Veth, ip net.IP, pid int) {
	must(h.LinkSetAlias(pair, fmt.Sprintf("go pid=%d", pid)))
	must(h.AddrAdd(pair, &netlink.Addr{IPNet: host32(gateway)}))
	must(h.RouteReplace(&netlink.Route{LinkIndex: pair.Index, Scope: netlink.SCOPE_LINK, Dst: host32(ip)}))
}

func attach(host *netlink.Handle, form string, pid int, ip net.IP) {
	ns, err := netns.GetFromPid(pid)
	must(err)
	defer ns.Close()
	inside, err := netlink.NewHandleAt(ns, syscall.NETLINK_ROUTE)
	must(err)
	defer inside.Close()
	var pair *netlink.Veth
	if form == "move" {
		pair = createAndMove(host, inside, pid, ns)
	} else {
		pair = createInPlace(host, pid, ns)
	}
	setupContainer(inside, ip)
	setupHost(host, pair, ip, pid)
}

func report(start time.Time) { fmt.Printf("%.1f\n", float64(time.Since(start).Nanoseconds())/1e3) }

func deleteByName(h *netlink.Handle, name string) {
	link, err := h.LinkByName(name)
	must(err)
	must(h.LinkDel(link))
}

func orphan(name string) bool {
	parts := strings.Split(name, "-")
	if len(parts) < 2 || (parts[0] != "veth" && parts[0] != "vc") {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && syscall.Kill(pid, 0) == syscall.ESRCH
}

func sweep(h *netlink.Handle) {
	start := time.Now()
	links, err := h.LinkList()
	must(err)
	gone := map[int]bool{}
	for _, link := range links {
		if !orphan(link.Attrs().Name) || gone[link.Attrs().Index] {
			continue
		}
		must(h.LinkDel(link))
		gone[link.Attrs().ParentIndex] = true // the other end went with it
	}
	report(start)
}

func list(h *netlink.Handle, times int) {
	for i := 0; i < times; i++ {
		start := time.Now()
		links, err := h.LinkList()
		must(err)
		rows := make(map[int]string, len(links))
		for _, link := range links {
			rows[link.Attrs().Index] = link.Attrs().Name
		}
		report(start)
	}
}

func main() {
	runtime.LockOSThread()
	host, err := netlink.NewHandle(syscall.NETLINK_ROUTE)
	must(err)
	in := bufio.NewScanner(os.Stdin)
	switch os.Args[1] {
	case "attach":
		for in.Scan() {
			words := strings.Fields(in.Text())
			pid, err := strconv.Atoi(words[0])
			must(err)
			start := time.Now()
			attach(host, os.Args[2], pid, net.ParseIP(words[1]).To4())
			report(start)
		}
	case "one":
		for in.Scan() {
			start := time.Now()
			deleteByName(host, in.Text())
			report(start)
		}
	case "sweep":
		sweep(host)
	case "list":
		times, err := strconv.Atoi(os.Args[2])
		must(err)
		list(host, times)
	}
}
