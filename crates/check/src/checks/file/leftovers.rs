//! F416: what remains of issuing by hand.

use super::owner::owned;
use crate::material::Block;
use crate::seen::Role;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F416",
    title: "leftovers of issuing lie beside the TLS files",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Docker documentation, Protect the Docker daemon socket: rm -v client.csr server.csr extfile.cnf \
              extfile-client.cnf",
    meaning: "Signing requests, serial files and extension files are needed while certificates are made, and by \
              nobody afterwards. They tell a reader how this host is called and who issues for it, and they make \
              it harder to see what belongs here.",
    remedy: "Remove them; Docker reads none of them",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| one.file.role == Role::Stray)
        .filter_map(|one| {
            let contents = one.file.contents()?;
            let only_requests = !contents.blocks.is_empty()
                && contents
                    .blocks
                    .iter()
                    .all(|block| matches!(block, Block::Request));
            let ending = one
                .file
                .path
                .extension()?
                .to_string_lossy()
                .to_ascii_lowercase();
            let what = match ending.as_str() {
                _ if only_requests => "a signing request",
                "csr" => "a signing request, by its name",
                "srl" => "the serial file of a CA",
                "cnf" | "ext" => "the settings of an issue by hand",
                _ => return None,
            };
            let spot = one.spot(what).severity(Severity::Weak);
            let path = one.file.path.clone();
            Some(if only_requests {
                spot.mend(Mend::Remove { path })
            } else {
                spot
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file};

    #[test]
    fn leftovers() {
        let request =
            b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
        for (name, bytes, found, mends) in [
            ("server.csr", &request[..], 1, 1),
            ("ca.srl", b"0F\n", 1, 0),
            ("extfile.cnf", b"extendedKeyUsage = serverAuth\n", 1, 0),
            ("README.md", b"hello", 0, 0),
        ] {
            let mut world = World::new();
            world.host_mut().files.push(file(
                &format!("/etc/docker/tls/{name}"),
                Role::Stray,
                bytes,
            ));
            let spots = world.look(&CHECK);
            assert_eq!(spots.len(), found, "{name}");
            assert_eq!(
                spots.iter().map(|spot| spot.mends.len()).sum::<usize>(),
                mends
            );
            assert_eq!(world.codes().len(), found);
        }
    }
}
