//! F708: a group for the key exchange that can be broken.

use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F708",
    title: "the key exchange may run over a weak group",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 8422 §5.1.1 (curves taken out of use); RFC 9325 §4.4; CVE-2015-4000 (Logjam)",
    meaning: "Version and suite may be sound, but the secret is agreed on over a group that is too small: curves of \
              less than 224 bits, or Diffie-Hellman over a prime of less than 2048 bits. Whoever records the \
              connection can compute the key later. dockerd offers X25519, P-256, P-384 and P-521 only.",
    remedy: "Leave X25519, P-256, P-384 and P-521 where TLS ends, and no DHE suites; it is what stands in front of \
              the daemon (a proxy, a load balancer, an old program): dockerd has no setting for this.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        let Some(scan) = &end.scan else { continue };
        let weak: Vec<&str> = scan
            .groups
            .iter()
            .map(String::as_str)
            .filter(|name| is_weak(name))
            .collect();
        if !weak.is_empty() {
            let cause = format!(
                "expected X25519 or P-256 and larger, found {}",
                weak.join(", ")
            );
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
    }
    spots
}

fn is_weak(name: &str) -> bool {
    if let Some(bits) = name.strip_prefix("DH-") {
        // A prime of 2048 bits may have a leading zero.
        return bits.parse::<u32>().is_ok_and(|bits| bits < 2000);
    }
    ["sect163", "sect193", "secp160", "secp192"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::with;

    #[test]
    fn small_groups_are_found() {
        for (name, weak) in [
            ("DH-1024", true),
            ("secp192r1", true),
            ("sect163k1", true),
            ("DH-2048", false),
            ("P-256", false),
            ("X25519MLKEM768", false),
            ("0x0100", false),
        ] {
            let world = with(|scan| scan.groups = vec![name.to_owned()]);
            assert_eq!(!world.look(&CHECK).is_empty(), weak, "{name}");
        }
    }
}
