//! Files that the real age 1.1.1 made, and what becomes of them when a byte is not what it was.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use sealock_age::{AgeError, Asks, Identity, Key, Lock, Recipient, asks, open, seal};
use sealock_diag::Sensitive;

const SECRET: &str = "AGE-SECRET-KEY-1GWL99TCLUFLGMAZ30DQY804D3G2KN22VNZQZCVMH29VFPSG7HMUQS3AEW0";
const RECIPIENTS: &[u8] = include_bytes!("vectors/recipients.age");
const EMPTY: &[u8] = include_bytes!("vectors/empty.age");
const PASSPHRASE: &[u8] = include_bytes!("vectors/passphrase.age");
const WORDS: &str = "correct horse";

fn identities() -> Vec<Identity> {
    Identity::read_all(SECRET).unwrap()
}

fn opened(sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
    open(&Key::Identities(&identities()), sealed).map(|plain| plain.expose().clone())
}

fn opened_by(words: &str, sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
    let words = Sensitive::new(words.to_owned());
    open(&Key::Passphrase(&words), sealed).map(|plain| plain.expose().clone())
}

/// Bytes that differ from call to call, as randomness must.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0u8;
    move |buffer| {
        buffer.fill_with(|| {
            next = next.wrapping_mul(29).wrapping_add(17);
            next
        });
    }
}

#[test]
fn what_the_real_tool_sealed_opens() {
    assert_eq!(opened(RECIPIENTS).unwrap(), b"a vault\n");
    assert_eq!(opened(EMPTY).unwrap(), b"");
    assert_eq!(opened_by(WORDS, PASSPHRASE).unwrap(), b"a vault\n");
    assert_eq!(asks(RECIPIENTS).unwrap(), Asks::Identity);
    assert_eq!(asks(PASSPHRASE).unwrap(), Asks::Passphrase);
}

#[test]
fn what_we_sealed_opens_again() {
    let other = Identity::from_secret([9; 32]).unwrap();
    let all: Vec<Recipient> = [other.recipient(), identities()[0].recipient()].into();
    let plain = vec![5; 200_000];
    let sealed = seal(&Lock::Recipients(&all), &plain, &mut counting()).unwrap();
    assert_eq!(opened(&sealed).unwrap(), plain);
    let by_other = open(&Key::Identities(&[other]), &sealed).unwrap();
    assert_eq!(by_other.expose(), &plain);
    let nobody = Identity::from_secret([8; 32]).unwrap();
    assert_eq!(
        open(&Key::Identities(&[nobody]), &sealed).unwrap_err(),
        AgeError::WrongIdentity { readable: 2 }
    );
    assert_eq!(
        seal(&Lock::Recipients(&[]), &plain, &mut counting()).unwrap_err(),
        AgeError::NoRecipient
    );
}

#[test]
fn a_passphrase_opens_what_it_sealed_and_nothing_else_does() {
    let words = Sensitive::new(WORDS.to_owned());
    let sealed = seal(&Lock::Passphrase(&words), b"x", &mut counting()).unwrap();
    assert_eq!(opened_by(WORDS, &sealed).unwrap(), b"x");
    assert_eq!(
        opened_by("wrong", &sealed).unwrap_err(),
        AgeError::WrongPassphrase
    );
    assert_eq!(
        opened(&sealed).unwrap_err(),
        AgeError::Asks(Asks::Passphrase)
    );
    assert_eq!(
        opened_by(WORDS, RECIPIENTS).unwrap_err(),
        AgeError::Asks(Asks::Identity)
    );
}

#[test]
fn no_byte_can_be_changed_and_no_end_cut_off() {
    for at in 0..RECIPIENTS.len() {
        for bit in [1, 0x80] {
            let mut other = RECIPIENTS.to_vec();
            other[at] ^= bit;
            let error = opened(&other).unwrap_err();
            // A changed share is another's share as far as anybody can tell; everything else is damage.
            assert!(!matches!(error, AgeError::Asks(_)), "{at}: {error:?}");
        }
        let error = opened(&RECIPIENTS[..at]).unwrap_err();
        let cut = matches!(
            error,
            AgeError::Truncated | AgeError::NotAge | AgeError::Altered(_) | AgeError::Malformed(_)
        );
        assert!(cut, "{at}: {error:?}");
    }
    assert!(opened(&[RECIPIENTS, b"x"].concat()).is_err());
}

/// The header of the vector with one thing replaced.
fn header(sealed: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text: Vec<char> = sealed.iter().map(|byte| char::from(*byte)).collect();
    let text: String = text.into_iter().collect();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    text.chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect()
}

#[test]
fn headers_that_break_the_rules_are_refused_by_name() {
    let text = |sealed: &[u8]| String::from_utf8_lossy(sealed).into_owned();
    let recipients = text(RECIPIENTS);
    let share = recipients.lines().nth(1).unwrap().to_owned();
    let body = recipients.lines().nth(2).unwrap().to_owned();
    let long = format!("-> X25519 {}", "A".repeat(9000));
    let zero = format!("-> X25519 {}", "A".repeat(43));
    let many = "-> grease\n\n".repeat(1025) + &share;
    let (more, two, other, spaced) = (
        format!("{share} more"),
        format!("{body}{body}"),
        share.replace("->", "-->"),
        share.replace("-> ", "->  "),
    );
    for (from, to, why) in [
        ("---", "--- AAAA ", "its MAC"),
        (&share, &more, "too many or too few words"),
        (&share, "-> X25519 AAAA", "not 32 bytes"),
        (&share, &zero, "no point of use"),
        (&share, &long, "8192"),
        (&share, &other, "neither"),
        (&share, &spaced, "one space"),
        (&share, "-> X25519 \u{e9}", "not ASCII"),
        (&share, &many, "1024 recipients"),
        (&body, &two, "64 characters"),
        (&body, "AAAA", "wrapped key is not"),
        (&body, "AAA=", "not base64"),
        // The last character has bits that mean nothing; only one spelling of them is taken.
        (&body, &format!("{}B", &"A".repeat(42)), "not base64"),
    ] {
        let error = opened(&header(RECIPIENTS, from, to)).unwrap_err();
        assert!(matches!(error, AgeError::Malformed(_)), "{to}: {error:?}");
        assert!(error.to_string().contains(why), "{to}: {error}");
    }
    let asked = text(PASSPHRASE).lines().nth(1).unwrap().to_owned();
    let salted: Vec<&str> = asked.split(' ').collect();
    let line = |salt: &str, cost: &str| format!("-> scrypt {salt} {cost}");
    let beside = format!("{share}\n{body}\n{asked}");
    for (to, why) in [
        (line(salted[2], "018"), "no number"),
        (line(salted[2], "+18"), "no number"),
        (line(salted[2], "99"), "no number"),
        (line("AAAA", "18"), "not 16 bytes"),
        (line(salted[2], "18 1"), "too many or too few words"),
        (beside, "beside other recipients"),
    ] {
        let error = opened_by(WORDS, &header(PASSPHRASE, &asked, &to)).unwrap_err();
        assert!(error.to_string().contains(why), "{to}: {error}");
    }
    assert_eq!(
        opened_by(WORDS, &header(PASSPHRASE, &asked, &line(salted[2], "21"))).unwrap_err(),
        AgeError::TooMuchWork {
            presented: 21,
            most: 20
        }
    );
}

#[test]
fn other_kinds_of_recipients_are_passed_over() {
    // The MAC no longer fits, but only after the stanza of ours has been found behind the other.
    let first = String::from_utf8_lossy(RECIPIENTS)
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    let more = format!("-> grease a b\nAAAA\n{first}");
    assert_eq!(
        opened(&header(RECIPIENTS, &first, &more)).unwrap_err(),
        AgeError::Altered("its header")
    );
}

#[test]
fn what_is_no_age_file_says_so() {
    for (bytes, error) in [
        (&b""[..], AgeError::NotAge),
        (b"age-encryption.org/v2\n", AgeError::NotAge),
        (b"age-encryption.org/v1", AgeError::Truncated),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", AgeError::Armored),
        (b"\x1f\x8b\0", AgeError::NotAge),
        (b"age-encryption.org/v1\n", AgeError::Truncated),
    ] {
        assert_eq!(opened(bytes).unwrap_err(), error);
    }
}
