//! F419: a certificate that does not parse.

use super::owner::{is_anchors, is_certificate, owned};
use crate::material::Block;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F419",
    title: "a block says that it is a certificate, and is none",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "RFC 7468 section 5; Go crypto/x509 ParseCertificate, CertPool.AppendCertsFromPEM",
    meaning: "The lines between BEGIN and END were cut off or changed. As the first certificate of a pair it \
              stops the daemon or the client; in a file of anchors Docker skips it without a word, and whoever \
              has a certificate of that authority is refused.",
    remedy: "Copy the file again from where it was issued, or issue it again:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| is_certificate(one.file.role) || is_anchors(one.file.role))
        .filter_map(|one| {
            let contents = one.file.contents()?;
            let is_block =
                |block: &&Block| matches!(block, Block::Certificate(_) | Block::BadCertificate(_));
            let blocks: Vec<&Block> = contents.blocks.iter().filter(is_block).collect();
            let (at, why) = blocks
                .iter()
                .enumerate()
                .find_map(|(at, block)| match block {
                    Block::BadCertificate(why) => Some((at, why)),
                    _ => None,
                })?;
            let spot = one.spot(format!("certificate {} of {}: {why}", at + 1, blocks.len()));
            let harmless = is_anchors(one.file.role) && contents.certificates().next().is_some();
            Some(if harmless {
                spot.severity(Severity::Weak)
            } else {
                spot
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Role;
    use crate::testing::{World, file, pem};

    #[test]
    fn blocks_that_are_none() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let text = pem(&[world.server.clone()]);
        let cut = &text[..text.len() / 2];
        *world.daemon_file(Role::ServerCertificate) = file("/c", Role::ServerCertificate, cut);
        assert_eq!(world.codes(), ["SL-F419"]);
        let mut world = World::new();
        let anchors = [
            pem(&[world.client_anchor.certificate().clone()]),
            cut.to_vec(),
        ]
        .concat();
        *world.daemon_file(Role::DaemonAnchors) = file("/ca", Role::DaemonAnchors, &anchors);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
    }
}
