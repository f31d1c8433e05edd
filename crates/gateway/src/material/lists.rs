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

/// What came of all lists.
pub(super) struct Choice {
    /// One for each anchor.
    pub(super) lists: Vec<Chosen>,
    /// There are lists for later: time alone changes what counts.
    pub(super) waits: bool,
}

/// The anchors that lists may be of.
#[derive(Clone, Copy)]
pub(super) struct Anchors<'a> {
    /// Those that count.
    pub(super) good: &'a [Certificate],
    /// Those whose time is over. Their lists are no longer asked for, and are no mistake either.
    pub(super) expired: &'a [Certificate],
}

/// Finds the newest good list of every anchor.
///
/// A list that is broken, forged or overdue, and an anchor without a list are errors: each of them means
/// that somebody may come in who was revoked. A list that is older than the one that holds is one too,
/// because it would let people in again.
pub(super) fn choose(
    files: &[Content<Vec<u8>>],
    anchors: Anchors<'_>,
    before: &[Chosen],
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Choice, GatewayError> {
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
    let mut theirs: Vec<Theirs<'_>> = anchors.good.iter().map(|_| Theirs::default()).collect();
    for (file, list) in &found {
        if let Some(why) = sort_in(file, list, anchors, now, &mut theirs)? {
            notes.push(format!(
                "{} is not used: its issuer {} {why}",
                shown(&file.path),
                escape(&list.issuer())
            ));
        }
    }
    let (mut chosen, mut waits) = (Vec::new(), false);
    for (anchor, theirs) in anchors.good.iter().zip(theirs) {
        let list = theirs.newest(anchor, notes, &mut waits)?;
        let anchor = (anchor.subject_der().to_vec(), anchor.spki_der().to_vec());
        let earlier = before.iter().find(|earlier| earlier.anchor == anchor);
        if let Some(held) = earlier.map(|earlier| &earlier.list)
            && (list.number(), list.this_update()) < (held.number(), held.this_update())
        {
            return Err(GatewayError::new(
                "SL-G005",
                format!(
                    "the revocation list of {} went back",
                    escape(&list.issuer())
                ),
            )
            .because(format!(
                "its number is {} of {}, and the list that holds has {} of {}",
                number(&list),
                list.this_update(),
                number(held),
                held.this_update()
            ))
            .help("publish the newest list; a restart takes what is there"));
        }
        chosen.push(Chosen { anchor, list });
    }
    Ok(Choice {
        lists: chosen,
        waits,
    })
}

/// Puts a list to the anchor that signed it, or says why it is of no use. In a folder there may be lists of others;
/// one that was named by itself is there for a purpose, and has missed it.
fn sort_in<'a>(
    file: &'a Content<Vec<u8>>,
    list: &'a Crl,
    anchors: Anchors<'_>,
    now: Timestamp,
    theirs: &mut [Theirs<'a>],
) -> Result<Option<&'static str>, GatewayError> {
    let mut forged = None;
    for (anchor, theirs) in anchors.good.iter().zip(theirs) {
        if anchor.subject_der() != list.issuer_der() {
            continue;
        }
        match list.judge(anchor, now) {
            Ok(()) => {
                theirs.good.push(list);
                return Ok(None);
            }
            Err(refusal @ Refusal::CrlBadSignature { .. }) => forged = Some(refusal),
            Err(refusal) => {
                theirs.bad.push((file, list, refusal));
                return Ok(None);
            }
        }
    }
    // Before it is called forged: an anchor that was made anew may have the name of the one before.
    if anchors
        .expired
        .iter()
        .any(|anchor| list.number_by(anchor).is_some())
    {
        return Ok(Some("has expired"));
    }
    Err(match forged {
        Some(refusal) => file.wrong(&refusal),
        None if file.found => return Ok(Some("is no client anchor")),
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
    fn newest(
        self,
        anchor: &Certificate,
        notes: &mut Vec<String>,
        waits: &mut bool,
    ) -> Result<Crl, GatewayError> {
        let newest = self
            .good
            .into_iter()
            .max_by_key(|list| (list.number(), list.this_update()));
        for (file, list, refusal) in self.bad {
            let older = newest.is_some_and(|newest| list.number() < newest.number());
            // Published ahead of its time: it is for later.
            let ahead = newest.is_some() && matches!(refusal, Refusal::CrlNotYetValid { .. });
            if ahead {
                *waits = true;
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
