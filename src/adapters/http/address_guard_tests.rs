//! Every network that is forbidden, at both of its ends, and every way to write an address.

use super::*;

const PUBLIC: &str = "
    1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255
    192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111
    2001:200:: 2a00:1450::1 ::ffff:1.1.1.1 64:ff9b::1.1.1.1
";

/// Each network at both of its ends, and what carries one of its addresses.
const FORBIDDEN: &str = "
    0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1
    127.255.255.255 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0
    172.31.255.255 192.0.0.0 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.0
    192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
    239.255.255.255 240.0.0.0 255.255.255.255 :: ::1 ::127.0.0.1 ::1.1.1.1
    ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1
    64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::1.1.1.1 64:ff9b:1:ffff::
    100::1 2001::1 2001:0:a9fe:a9fe::80ff:fffe 2001:2::1 2001:10::1 2001:1ff:ffff::1
    2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 3fff::1 4000::1 5f00::1 fc00::1
    fd00:ec2::254 fdff::1 fe80::1 febf::1 fec0::1 ff02::1
    ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
";

fn guard(allow: &[&str], hosts: &[&str]) -> AddressGuard {
    AddressGuard::new(
        allow.iter().map(|net| net.parse().unwrap()).collect(),
        hosts.iter().map(|host| host.parse().unwrap()).collect(),
    )
}

fn passes(guard: &AddressGuard, address: &str) -> bool {
    guard.judge("a host", address.parse().unwrap()).is_ok()
}

fn asks(guard: &AddressGuard, url: &str) -> bool {
    guard.judge_url(&url.parse().unwrap()).is_ok()
}

#[test]
fn public_addresses_pass() {
    let guard = guard(&[], &[]);
    for address in PUBLIC.split_whitespace() {
        assert!(passes(&guard, address), "{address} was refused");
    }
}

#[test]
fn what_is_not_the_public_internet_does_not() {
    let guard = guard(&[], &[]);
    for address in FORBIDDEN.split_whitespace() {
        assert!(!passes(&guard, address), "{address} passed");
    }
}

#[test]
fn an_address_is_judged_in_whatever_notation_it_stands_in_a_url() {
    let notations = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7F.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0",
        "0.0.0.0",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:a9fe:aa02]",
    ];
    for notation in notations {
        for url in [format!("http://{notation}/"), format!("https://{notation}:8080/a?b#c")] {
            let url: Url = url.parse().unwrap();
            assert!(guard(&[], &[]).judge_url(&url).is_err(), "{url} of {notation} was asked");
        }
    }
    assert!(asks(&guard(&[], &[]), "http://1.1.1.1/"));
    assert!(asks(&guard(&[], &[]), "http://images.example.org/"), "names are judged when resolved");
}

#[test]
fn only_the_networks_that_were_allowed_open_and_only_as_far() {
    let guard = guard(&["127.0.0.1/32", "10.1.0.0/16", "fd00:1::/32"], &[]);
    for address in ["127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "fd00:1::5"] {
        assert!(passes(&guard, address), "{address} was refused");
    }
    for address in ["127.0.0.2", "10.2.0.1", "fd00:2::5", "64:ff9b::127.0.0.1", "169.254.170.2"] {
        assert!(!passes(&guard, address), "{address} passed");
    }
}

#[test]
fn a_list_of_hosts_narrows_and_opens_nothing() {
    let guard = guard(&[], &["iiif.example.org", "*.example.net", "127.0.0.1"]);
    for url in
        ["https://iiif.example.org/a", "https://IIIF.example.org.:444/", "http://a.b.example.net"]
    {
        assert!(asks(&guard, url), "{url} was refused");
    }
    for url in ["https://example.org", "https://example.net", "https://iiif.example.org.evil.com"] {
        let refused = guard.judge_url(&url.parse().unwrap());
        assert!(matches!(refused, Err(Forbidden::Host { .. })), "{url}: {refused:?}");
    }
    let listed = guard.judge_url(&"http://127.0.0.1/".parse().unwrap());
    assert!(matches!(listed, Err(Forbidden::Address { .. })), "{listed:?}");
}

#[test]
fn a_refusal_names_the_host_and_the_network_but_no_address() {
    let refused = guard(&[], &[]).judge("images.internal", "10.1.2.3".parse().unwrap());
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("images.internal") && text.contains("a private network"), "{text}");
    assert!(!text.contains("10.1.2.3"), "{text}");
}
