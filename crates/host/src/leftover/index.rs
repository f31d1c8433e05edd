//! `index.txt`: what `openssl ca`, and so easy-rsa, remembers of what it issued.

use sealock_pki::{RevocationReason, Serial, Timestamp};

/// A certificate that the index calls revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its serial.
    pub serial: Serial,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// The revoked ones of an index: lines of tab-separated fields, the first of which is R, then the end of validity,
/// the revocation with its reason, the serial, and more. What does not read so is passed over.
pub fn read_index(text: &str) -> Vec<Revocation> {
    text.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<Revocation> {
    let mut fields = line.split('\t');
    fields.next().filter(|state| *state == "R")?;
    let revoked = fields.nth(1)?;
    let serial = hex(fields.next()?.trim())?;
    let mut parts = revoked.split(',');
    let at = time(parts.next()?)?;
    let reason = parts.next().map_or(RevocationReason::Unspecified, reason);
    Some(Revocation {
        serial: Serial::from_bytes(&serial),
        at,
        reason,
    })
}

/// `261122113614Z`, or with four digits of the year.
fn time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let full = match digits.len() {
        // RFC 5280 §4.1.2.5.1: 50 and later are of the last century.
        12 if digits >= "50" => format!("19{digits}"),
        12 => format!("20{digits}"),
        14 => digits.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| full.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    )
    .parse()
    .ok()
}

/// OpenSSL's names of the reasons.
fn reason(text: &str) -> RevocationReason {
    use RevocationReason as R;
    match text.trim() {
        "keyCompromise" => R::KeyCompromise,
        "CACompromise" => R::CaCompromise,
        "affiliationChanged" => R::AffiliationChanged,
        "superseded" => R::Superseded,
        "cessationOfOperation" => R::CessationOfOperation,
        "certificateHold" | "holdInstruction" => R::CertificateHold,
        "keyTime" => R::KeyCompromise,
        "CAkeyTime" => R::CaCompromise,
        _ => R::Unspecified,
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let padded = match text.len() % 2 {
        0 => text.to_owned(),
        _ => format!("0{text}"),
    };
    if padded.is_empty() || padded.len() > 80 || !padded.is_ascii() {
        return None;
    }
    (0..padded.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(padded.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::read_index;
    use sealock_pki::RevocationReason as R;

    #[test]
    fn the_revoked_ones_are_read() {
        let text = "V\t290224113612Z\t\tB888\tunknown\t/CN=h1\n\
                    R\t290224113614Z\t261122113614Z\tEB85D6\tunknown\t/CN=bob\n\
                    R\t290224113614Z\t20261122113614Z,keyCompromise\t0A\tunknown\t/CN=eve\n\
                    R\t290224113614Z\t991122113614Z,holdInstruction,1.2.3\tF\tunknown\t/CN=old\n\
                    E\t190224113614Z\t\t01\tunknown\t/CN=gone\n\
                    R\tbroken\n\
                    R\t290224113614Z\tnever\t0B\tunknown\t/CN=x\n\
                    R\t290224113614Z\t261122113614Z\tnot hex\tunknown\t/CN=x\n";
        let told: Vec<String> = read_index(text)
            .iter()
            .map(|one| format!("{} {} {}", one.serial, one.at, one.reason.word()))
            .collect();
        assert_eq!(
            told,
            [
                "eb85d6 2026-11-22T11:36:14Z unspecified",
                "0a 2026-11-22T11:36:14Z key-compromise",
                "0f 1999-11-22T11:36:14Z certificate-hold",
            ]
        );
        assert_eq!(read_index("").len(), 0);
        assert_eq!(R::from_word("key-compromise"), Some(R::KeyCompromise));
    }
}
