//! NetworkPolicies that keep pods from addresses outside of the cluster for which their commands ask.

use super::Case;
use super::names::{Ask, asked};
use crate::candidate::{Candidate, Weight::Proven};
use crate::doc::{items, number, text};
use crate::estate::{Estate, Object};
use crate::labels::selects;
use core::net::Ipv4Addr;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| kept_in(estate, at)).collect()
}

fn kept_in(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let takes = |policy: &Object<'_>| {
        let mut types = items(policy.doc, "/spec/policyTypes").filter_map(Value::as_str);
        let selector = policy.doc.pointer("/spec/podSelector");
        policy.namespace == keeper.object.namespace
            && types.any(|one| one == "Egress")
            && selector.is_none_or(|selector| selects(selector, &keeper.labels))
    };
    let policies: Vec<Object<'_>> = estate.of_kind("NetworkPolicy").filter(takes).collect();
    let first = policies.first()?;
    let rules = || {
        policies
            .iter()
            .flat_map(|policy| items(policy.doc, "/spec/egress"))
    };
    let asked = asked(estate, at);
    let ask = asked.iter().find(|ask| {
        ask.by_command && is_outside(&ask.host) && !rules().any(|rule| lets_out(rule, ask))
    })?;
    let words = format!(
        "{} asks for {}, and no egress rule lets it out of the cluster",
        keeper.object.reference(),
        ask.host
    );
    let mut candidate = Candidate::at_workload("network_policy_block", estate, at)?
        .field("spec.egress")
        .value("value", first.name)
        .seen(Proven, "object", first.reference(), words);
    candidate.object = first.reference();
    Some(candidate.by_itself())
}

/// Whether a host lies outside of every cluster: a public address, or a name with a public ending.
fn is_outside(host: &str) -> bool {
    const PUBLIC: [&str; 11] = [
        "com", "org", "net", "io", "dev", "gov", "edu", "app", "ai", "de", "uk",
    ];
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return is_public(address);
    }
    let ending = host.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| PUBLIC.contains(&ending))
}

/// Whether an address is one of the Internet's. Source: IANA, "IPv4 Special-Purpose Address Registry".
fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let benchmark = first == 198 && (second == 18 || second == 19);
    let nobody = first == 0 || first >= 224 || address.is_documentation();
    let near = address.is_private() || address.is_loopback() || address.is_link_local();
    !(shared || benchmark || nobody || near)
}

/// Whether a rule lets an answer come from there. Which address a name has nobody knows: any block will do.
fn lets_out(rule: &Value, ask: &Ask) -> bool {
    let mut peers = items(rule, "/to").peekable();
    let address = ask.host.parse::<Ipv4Addr>().ok();
    let within = |peer: &Value| {
        let block = text(peer, "/ipBlock/cidr");
        let mut but = items(peer, "/ipBlock/except").filter_map(Value::as_str);
        let held = |address| holds(block, address) && !but.any(|one| holds(one, address));
        !block.is_empty() && address.is_none_or(held)
    };
    let to = peers.peek().is_none() || peers.any(within);
    let mut ports = items(rule, "/ports").peekable();
    let open = ports.peek().is_none()
        || ask.port.is_none_or(|asked| {
            { ports }.any(|port| {
                let first = number(port, "/port");
                let last = number(port, "/endPort").or(first);
                // Programs that ask for a host and a port ask over TCP.
                matches!(text(port, "/protocol"), "" | "TCP")
                    && first.is_none_or(|first| first <= asked)
                    && last.is_none_or(|last| last >= asked)
            })
        });
    to && open
}

/// Whether a block, `10.0.0.0/8`, holds an address; one that cannot be read holds all.
fn holds(block: &str, address: Ipv4Addr) -> bool {
    let Some((base, bits)) = block.split_once('/') else {
        return true;
    };
    let (Ok(base), Ok(bits)) = (base.parse::<Ipv4Addr>(), bits.parse::<u32>()) else {
        return !block.contains('.');
    };
    let shift = 32_u32.saturating_sub(bits);
    let head = |one: Ipv4Addr| u64::from(u32::from(one)) >> shift;
    head(base) == head(address)
}

#[cfg(test)]
mod tests {
    use super::{Ask, holds, is_outside, lets_out};
    use serde_json::json;

    #[test]
    fn outside_is_what_no_cluster_has() {
        assert!(is_outside("8.8.8.8") && is_outside("example.com"));
        assert!(!is_outside("10.96.0.10") && !is_outside("api.back.svc") && !is_outside("api"));
        for none in ["0.0.0.0", "239.1.1.1", "255.255.255.255", "100.64.0.1"] {
            assert!(!is_outside(none), "{none}");
        }
        assert!(
            holds("0.0.0.0/0", [8, 8, 8, 8].into()) && !holds("10.0.0.0/8", [8, 8, 8, 8].into())
        );
    }

    #[test]
    fn what_is_excepted_and_other_protocols_are_not_let_out() {
        let all = |peer, port| json!({"to": [{"ipBlock": peer}], "ports": [port]});
        let tcp = || json!({"protocol": "TCP", "port": 443});
        let ask = Ask::of_command("8.8.8.8", Some(443));
        let whole = || json!({"cidr": "0.0.0.0/0"});
        assert!(lets_out(&all(whole(), tcp()), &ask));
        let but = json!({"cidr": "0.0.0.0/0", "except": ["8.8.0.0/16"]});
        assert!(!lets_out(&all(but, tcp()), &ask));
        let udp = json!({"protocol": "UDP", "port": 443});
        assert!(!lets_out(&all(whole(), udp), &ask));
    }
}
