// SPDX-License-Identifier: MIT
//! Contestant: the origin's design, with the crates that Debian packages. Every call makes a connection of its own and
//! looks its link up by name; a visit to a namespace is a thread with a runtime of its own; the pair is made on the host and
//! moved. What differs from the origin: the move goes through rtnetlink (the origin borrows libcontainer's client), and the
//! delete request goes through netlink-proto, because rtnetlink 0.10.1 sends NLM_F_EXCL with it, which current kernels
//! read as NLM_F_BULK and refuse.
//!
//!   origin attach   stdin: "pid v4" a line      origin one   stdin: names      origin sweep      origin list N

use futures_util::stream::{StreamExt, TryStreamExt};
use netlink_packet_route::constants::{NLM_F_ACK, NLM_F_REQUEST, RT_SCOPE_LINK};
use netlink_packet_route::{link::nlas::Nla, LinkMessage, NetlinkMessage, NetlinkPayload, RtnlMessage};
use std::io::BufRead;
use std::net::Ipv4Addr;
use std::os::unix::io::{AsRawFd, RawFd};
use std::time::Instant;

type Res<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn connect() -> Res<rtnetlink::Handle> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    tokio::spawn(connection);
    Ok(handle)
}

async fn index_of(handle: &rtnetlink::Handle, name: &str) -> Res<u32> {
    let found = handle.link().get().match_name(name.to_string()).execute().try_next().await?;
    Ok(found.ok_or("link not found")?.header.index)
}

async fn create_veth_pair(host: &str, peer: &str) -> Res<()> {
    Ok(connect()?.link().add().veth(host.to_string(), peer.to_string()).execute().await?)
}

async fn move_link_into_netns_fd_and_rename(name: &str, ns: RawFd, new_name: &str) -> Res<()> {
    let handle = connect()?;
    let index = index_of(&handle, name).await?;
    Ok(handle.link().set(index).setns_by_fd(ns).name(new_name.to_string()).execute().await?)
}

async fn set_link_up_by_name(name: &str) -> Res<()> {
    let handle = connect()?;
    let index = index_of(&handle, name).await?;
    Ok(handle.link().set(index).up().execute().await?)
}

async fn add_address_to_link_by_name(name: &str, ip: Ipv4Addr, prefix: u8) -> Res<()> {
    let handle = connect()?;
    let index = index_of(&handle, name).await?;
    Ok(handle.address().add(index, ip.into(), prefix).execute().await?)
}

async fn add_default_route_via_dev(name: &str) -> Res<()> {
    let handle = connect()?;
    let index = index_of(&handle, name).await?;
    let route = handle.route().add().v4().destination_prefix(Ipv4Addr::UNSPECIFIED, 0);
    Ok(route.output_interface(index).scope(RT_SCOPE_LINK).execute().await?)
}

async fn replace_route_via_dev(ip: Ipv4Addr, name: &str) -> Res<()> {
    let handle = connect()?;
    let index = index_of(&handle, name).await?;
    let route = handle.route().add().v4().destination_prefix(ip, 32);
    Ok(route.output_interface(index).scope(RT_SCOPE_LINK).replace().execute().await?)
}

async fn delete_link_by_name(name: &str) -> Res<()> {
    let (connection, mut handle, _) = netlink_proto::new_connection::<RtnlMessage>(netlink_route())?;
    tokio::spawn(connection);
    let index = match index_of(&connect()?, name).await {
        Ok(index) => index,
        Err(_) => return Ok(()),
    };
    let mut message = LinkMessage::default();
    message.header.index = index;
    let mut request = NetlinkMessage::from(RtnlMessage::DelLink(message));
    request.header.flags = NLM_F_REQUEST | NLM_F_ACK;
    let kernel = netlink_proto::sys::SocketAddr::new(0, 0);
    let mut reply = handle.request(request, kernel)?;
    while let Some(message) = reply.next().await {
        if let NetlinkPayload::Error(e) = message.payload {
            return Err(e.to_io().into());
        }
    }
    Ok(())
}

fn netlink_route() -> isize {
    netlink_proto::sys::protocols::NETLINK_ROUTE
}

async fn list_all_links() -> Res<Vec<(u32, String)>> {
    let mut stream = connect()?.link().get().execute();
    let mut links = Vec::new();
    while let Some(message) = stream.try_next().await? {
        let name = message.nlas.iter().find_map(|nla| match nla {
            Nla::IfName(name) => Some(name.clone()),
            _ => None,
        });
        if let Some(name) = name {
            links.push((message.header.index, name));
        }
    }
    Ok(links)
}

fn with_netns_fd_async<F, Fut>(ns: RawFd, f: F) -> Res<()>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: std::future::Future<Output = Res<()>>,
{
    let visit = std::thread::spawn(move || -> Res<()> {
        nix::sched::setns(ns, nix::sched::CloneFlags::CLONE_NEWNET)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(f())
    });
    visit.join().map_err(|_| "the visit panicked")?
}

async fn setup_container(ip: Ipv4Addr) -> Res<()> {
    add_address_to_link_by_name("eth0", ip, 24).await?;
    set_link_up_by_name("eth0").await?;
    set_link_up_by_name("lo").await?;
    add_default_route_via_dev("eth0").await
}

async fn attach(pid: u32, ip: Ipv4Addr) -> Res<()> {
    let (host, peer) = (format!("veth-{}-s", pid), format!("vc-{}-s", pid));
    let ns = std::fs::File::open(format!("/proc/{}/ns/net", pid))?;
    create_veth_pair(&host, &peer).await?;
    move_link_into_netns_fd_and_rename(&peer, ns.as_raw_fd(), "eth0").await?;
    set_link_up_by_name(&host).await?;
    with_netns_fd_async(ns.as_raw_fd(), move || setup_container(ip))?;
    replace_route_via_dev(ip, &host).await
}

async fn sweep() -> Res<()> {
    for (_, name) in list_all_links().await? {
        let rest = name.strip_prefix("veth-").or_else(|| name.strip_prefix("vc-"));
        let pid = rest.and_then(|r| r.split('-').next()).and_then(|p| p.parse::<u32>().ok());
        if let Some(pid) = pid {
            if !std::path::Path::new(&format!("/proc/{}", pid)).exists() {
                delete_link_by_name(&name).await?;
            }
        }
    }
    Ok(())
}

fn report(start: Instant) {
    println!("{:.1}", start.elapsed().as_nanos() as f64 / 1e3);
}

async fn run(work: &str, times: usize) -> Res<()> {
    let lines: Vec<String> = match work {
        "attach" | "one" => std::io::stdin().lock().lines().collect::<Result<_, _>>()?,
        _ => vec![String::new(); times],
    };
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let start = Instant::now();
        match work {
            "attach" => attach(words[0].parse()?, words[1].parse()?).await?,
            "one" => delete_link_by_name(words[0]).await?,
            "sweep" => sweep().await?,
            _ => drop(list_all_links().await?),
        }
        report(start);
    }
    Ok(())
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let times = args.get(2).and_then(|n| n.parse().ok()).unwrap_or(1);
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    if let Err(e) = runtime.block_on(run(&args[1], times)) {
        eprintln!("origin: {}", e);
        std::process::exit(1);
    }
    std::process::exit(0); // its connections never end by themselves
}
