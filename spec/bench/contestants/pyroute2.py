# SPDX-License-Identifier: MIT
"""Contestant: pyroute2, with one IPRoute on the host for the whole run and one made inside each container by
setns there and back on the only thread (its NetNS class forks a process per namespace and is slower).

pyroute2.py attach place|move   stdin: "pid v4" a line      one   stdin: names      sweep      list N
"""
import os
import sys
import time

sys.path.pop(0)  # this file is called like the package
from pyroute2 import IPRoute, netns  # noqa: E402

GATEWAY = "169.254.1.1"


def inside(ns, home):
    netns.setns(ns)
    try:
        return IPRoute()
    finally:
        netns.setns(home)


def create(host, form, pid, ns, container):
    name = f"veth-{pid}-s"
    if form == "place":
        queues = {"num_tx_queues": 1, "num_rx_queues": 1}
        peer = dict(queues, ifname="eth0", net_ns_fd=ns)
        host.link("add", ifname=name, kind="veth", state="up", peer=peer, **queues)
        return host.link_lookup(ifname=name)[0]
    host.link("add", ifname=name, kind="veth", peer={"ifname": f"vc-{pid}-s"})
    index = host.link_lookup(ifname=name)[0]
    peer = host.link_lookup(ifname=f"vc-{pid}-s")[0]
    host.link("set", index=peer, net_ns_fd=ns, ifname="eth0")
    host.link("set", index=index, state="up")
    return index


def setup_container(ipr, ip):
    eth0 = ipr.link_lookup(ifname="eth0")[0]
    ipr.addr("add", index=eth0, address=ip, prefixlen=32)
    ipr.link("set", index=1, state="up")
    ipr.link("set", index=eth0, state="up")
    ipr.route("add", dst=f"{GATEWAY}/32", oif=eth0, scope="link")
    ipr.route("add", dst="default", gateway=GATEWAY, oif=eth0)


def attach(host, home, form, pid, ip):
    ns = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    with inside(ns, home) as container:
        index = create(host, form, pid, ns, container)
        setup_container(container, ip)
    host.link("set", index=index, ifalias=f"pyroute2 pid={pid}")
    host.addr("add", index=index, address=GATEWAY, prefixlen=32)
    host.route("replace", dst=f"{ip}/32", oif=index, scope="link")
    os.close(ns)


def orphan(name):
    part = name.split("-")
    if len(part) < 2 or part[0] not in ("veth", "vc") or not part[1].isdigit():
        return False
    try:
        os.kill(int(part[1]), 0)
    except ProcessLookupError:
        return True
    return False


def sweep(host):
    gone = set()
    for link in host.get_links():
        if orphan(link.get_attr("IFLA_IFNAME")) and link["index"] not in gone:
            host.link("del", index=link["index"])
            gone.add(link.get_attr("IFLA_LINK"))


def timed(f, *args):
    start = time.monotonic_ns()
    f(*args)
    print(f"{(time.monotonic_ns() - start) / 1e3:.1f}")


def main():
    host, work = IPRoute(), sys.argv[1]
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if work == "attach":
        for line in sys.stdin:
            pid, ip = line.split()[:2]
            timed(attach, host, home, sys.argv[2], int(pid), ip)
    elif work == "one":
        for line in sys.stdin:
            timed(lambda n: host.link("del", index=host.link_lookup(ifname=n)[0]), line.strip())
    elif work == "sweep":
        timed(sweep, host)
    else:
        for _ in range(int(sys.argv[2])):
            timed(lambda: [(x["index"], x.get_attr("IFLA_IFNAME")) for x in host.get_links()])


main()
