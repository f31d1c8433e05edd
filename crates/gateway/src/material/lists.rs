//! Of all revocation lists, the one that counts for each anchor.

use super::files::Content;
use super::shown;
use crate::GatewayError;
use sealock_diag::escape;
use sealock_pki::{Certificate, Crl, Refusal, Timestamp};

/// The list that counts for an anchor.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// The anchor's name and key.
    anchor: (Vec<u8>, Vec<u8>),
    /// Its newest list.
    pub(super) list: Crl,
}

/// Finds the newest good list of every anchor.
///
/// A list that is broken, forged or overdue, and an anchor without a list are errors: each of them means
/// that somebody may come in who was revoked. A list that is older than the one that holds is one too,
/// because it would let people in again.
pub(super) fn choose(
    files: &[Content<Vec<u8>>],
    anchors: &[Certificate],
    before: &[Chosen],
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Vec<Chosen>, GatewayError> {
    let mut found = Vec::new();
    for file in files {
        let lists = match file.bytes.first() {
            // A DER SEQUENCE; PEM begins with a dash or with text.
            Some(0x30) => Crl::from_der(file.bytes.clone()).map(|list| vec![list]),
            _ => Crl::all_from_pem(&file.bytes),
        };
        for list in lists.map_err(|error| file.wrong(&error))? {
            found.push((file, list));
        }
    }
    let mut theirs: Vec<Theirs<'_>> = anchors.iter().map(|_| Theirs::default()).collect();
    for (file, list) in &found {
        if !sort_in(file, list, anchors, now, &mut theirs)? {
            notes.push(format!(
                "{} is not used: its issuer {} is no client anchor",
                shown(&file.path),
                escape(&list.issuer())
            ));
        }
    }
    let mut chosen = Vec::new();
    for (anchor, theirs) in anchors.iter().zip(theirs) {
        let list = theirs.newest(anchor, notes)?;
        let anchor = (anchor.subject_der().to_vec(), anchor.spki_der().to_vec());
        let earlier = before.iter().find(|earlier| earlier.anchor == anchor);
        if let Some(held) = earlier.map(|earlier| &earlier.list)
            && list.number() < held.number()
        {
            return Err(GatewayError::new(
                "SL-G005",
                format!(
                    "the revocation list of {} went back",
                    escape(&list.issuer())
                ),
            )
            .because(format!(
                "its number is {}, and the list that holds has {}",
                number(&list),
                number(held)
            ))
            .help("publish the newest list; a restart takes what is there"));
        }
        chosen.push(Chosen { anchor, list });
    }
    Ok(chosen)
}

/// Puts a list to the anchor that signed it. In a folder there may be lists of others (false); one that was
/// named by itself is there for a purpose, and has missed it.
fn sort_in<'a>(
    file: &'a Content<Vec<u8>>,
    list: &'a Crl,
    anchors: &[Certificate],
    now: Timestamp,
    theirs: &mut [Theirs<'a>],
) -> Result<bool, GatewayError> {
    let mut forged = None;
    for (anchor, theirs) in anchors.iter().zip(theirs) {
        if anchor.subject_der() != list.issuer_der() {
            continue;
        }
        match list.judge(anchor, now) {
            Ok(()) => {
                theirs.good.push(list);
                return Ok(true);
            }
            Err(refusal @ Refusal::CrlBadSignature { .. }) => forged = Some(refusal),
            Err(refusal) => {
                theirs.bad.push((file, list, refusal));
                return Ok(true);
            }
        }
    }
    Err(match forged {
        Some(refusal) => file.wrong(&refusal),
        None if file.found => return Ok(false),
        None => GatewayError::new(
            "SL-G004",
            "a revocation list is of none of the client anchors",
        )
        .at(shown(&file.path))
        .because(format!("its issuer is {}", escape(&list.issuer())))
        .help("take it away, or put the CA certificate of its issuer into the file of the anchors"),
    })
}

/// The lists of one anchor.
#[derive(Default)]
struct Theirs<'a> {
    good: Vec<&'a Crl>,
    bad: Vec<(&'a Content<Vec<u8>>, &'a Crl, Refusal)>,
}

impl Theirs<'_> {
    fn newest(self, anchor: &Certificate, notes: &mut Vec<String>) -> Result<Crl, GatewayError> {
        let newest = self
            .good
            .into_iter()
            .max_by_key(|list| (list.number(), list.this_update()));
        for (file, list, refusal) in self.bad {
            let older = newest.is_some_and(|newest| list.number() < newest.number());
            // Published ahead of its time: it is for later.
            let ahead = newest.is_some() && matches!(refusal, Refusal::CrlNotYetValid { .. });
            if ahead {
                notes.push(format!("{}: {refusal}", shown(&file.path)));
            } else if !older {
                return Err(file.wrong(&refusal));
            }
        }
        newest.cloned().ok_or_else(|| {
            GatewayError::new("SL-G003", "a client anchor has no revocation list")
                .because(format!("none is there of {}", escape(&anchor.subject())))
                .help("every anchor needs one, even when nobody of it was revoked")
        })
    }
}

fn number(list: &Crl) -> String {
    list.number()
        .map_or_else(|| "none".to_owned(), |number| number.to_string())
}
