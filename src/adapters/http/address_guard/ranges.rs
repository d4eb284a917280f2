//! The networks that are not the public internet's: IANA's registries of special-purpose addresses
//! (RFC 6890 and what followed), without those of their entries that are globally reachable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

type Named<Net> = (Net, &'static str);

const V4: &[Named<Ipv4Net>] = &[
    (v4([0, 0, 0, 0], 8), "this host's own network"),
    (v4([10, 0, 0, 0], 8), PRIVATE),
    (v4([100, 64, 0, 0], 10), "a provider's shared network"),
    (v4([127, 0, 0, 0], 8), LOOPBACK),
    // The cloud's metadata (.169.254) and the task's credentials (.170.2) live here.
    (v4([169, 254, 0, 0], 16), LINK_LOCAL),
    (v4([172, 16, 0, 0], 12), PRIVATE),
    (v4([192, 0, 0, 0], 24), PROTOCOLS),
    (v4([192, 0, 2, 0], 24), DOCUMENTATION),
    (v4([192, 88, 99, 0], 24), "a relay of 6to4"),
    (v4([192, 168, 0, 0], 16), PRIVATE),
    (v4([198, 18, 0, 0], 15), BENCHMARKS),
    (v4([198, 51, 100, 0], 24), DOCUMENTATION),
    (v4([203, 0, 113, 0], 24), DOCUMENTATION),
    (v4([224, 0, 0, 0], 4), MULTICAST),
    (v4([240, 0, 0, 0], 4), RESERVED), // with 255.255.255.255, the broadcast
];

const V6: &[Named<Ipv6Net>] = &[
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "this host's own network"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), LOOPBACK),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "an IPv4 address in IPv6's clothes"),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "a private translation to IPv4"),
    // Teredo, ORCHID, benchmarks: no image host. Teredo carries IPv4 addresses.
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), PROTOCOLS),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), DOCUMENTATION),
    // Retired (RFC 7526); carries an IPv4 address, which a relay would unwrap.
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "an IPv4 address wrapped by 6to4"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), DOCUMENTATION),
    // The cloud's metadata has fd00:ec2::254.
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), PRIVATE),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), LINK_LOCAL),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), PRIVATE),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), MULTICAST),
];

/// All of IPv6 that was ever given out for hosts; the rest is [`RESERVED`].
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// How a network without IPv4 reaches a public IPv4 host (RFC 6052): as good as the address inside.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const BENCHMARKS: &str = "a network for benchmarks";
const DOCUMENTATION: &str = "a network for documentation";
const LINK_LOCAL: &str = "a link-local address";
const LOOPBACK: &str = "this machine (loopback)";
const MULTICAST: &str = "a multicast address";
const PRIVATE: &str = "a private network";
const PROTOCOLS: &str = "a network for protocols";
const RESERVED: &str = "a reserved address";

/// The network of a canonical address that is not the public internet's; `None` for a public one.
pub(super) fn forbidden_network(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => find(V4, |net| net.contains(&address)),
        IpAddr::V6(address) if NAT64.contains(&address) => forbidden_network(embedded(address)),
        IpAddr::V6(address) => find(V6, |net| net.contains(&address))
            .or_else(|| (!GLOBAL_UNICAST.contains(&address)).then_some(RESERVED)),
    }
}

fn find<Net>(networks: &[Named<Net>], holds: impl Fn(&Net) -> bool) -> Option<&'static str> {
    networks.iter().find(|(net, _)| holds(net)).map(|(_, name)| *name)
}

/// The IPv4 address in the last 32 bits.
fn embedded(address: Ipv6Addr) -> IpAddr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d).into()
}

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}
