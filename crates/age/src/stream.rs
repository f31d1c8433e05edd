//! The payload: chunks that are each authentic, in their order, with an end that cannot be cut off.

use crate::Draw;
use crate::error::AgeError;
use crate::wrap::{FileKey, cipher, derived};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use sealock_diag::Sensitive;

const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const NONCE: usize = 16;

pub(crate) fn seal(
    file_key: &FileKey,
    plain: &[u8],
    draw: Draw<'_>,
    out: &mut Vec<u8>,
) -> Result<(), AgeError> {
    let mut nonce = [0; NONCE];
    draw(&mut nonce);
    let cipher = payload_cipher(file_key, &nonce)?;
    let chunks = plain.len().div_ceil(CHUNK).max(1);
    // In full, so that no plain bytes stay behind where a vector grew.
    out.reserve_exact(NONCE + plain.len() + chunks * TAG);
    out.extend_from_slice(&nonce);
    let mut rest = plain;
    for index in 0.. {
        let (chunk, after) = rest.split_at_checked(CHUNK).unwrap_or((rest, &[]));
        let last = after.is_empty();
        let start = out.len();
        out.extend_from_slice(chunk);
        let place = out.get_mut(start..).unwrap_or_default();
        let tag = cipher
            .seal_in_place_separate_tag(counted(index, last), Aad::empty(), place)
            .map_err(|_| AgeError::Altered("a chunk"))?;
        out.extend_from_slice(tag.as_ref());
        rest = after;
        if last {
            break;
        }
    }
    Ok(())
}

pub(crate) fn open(file_key: &FileKey, payload: &[u8]) -> Result<Sensitive<Vec<u8>>, AgeError> {
    let (nonce, sealed) = payload.split_at_checked(NONCE).ok_or(AgeError::Truncated)?;
    let cipher = payload_cipher(file_key, nonce)?;
    let mut plain = vec![0; sealed.len()];
    let outcome = fill(&cipher, sealed, &mut plain);
    // What was opened before something did not verify is wiped, and given to nobody.
    if let Ok(size) = outcome {
        plain.truncate(size);
    }
    let plain = Sensitive::new(plain);
    outcome.map(|_| plain)
}

/// Opens chunk after chunk; gives the size of all together.
fn fill(cipher: &LessSafeKey, sealed: &[u8], plain: &mut [u8]) -> Result<usize, AgeError> {
    let mut rest = sealed;
    let mut size = 0;
    for index in 0.. {
        let (chunk, after) = rest.split_at_checked(CHUNK + TAG).unwrap_or((rest, &[]));
        let last = after.is_empty();
        let length = chunk.len().checked_sub(TAG).ok_or(AgeError::Truncated)?;
        if last && length == 0 && index > 0 {
            return Err(AgeError::Malformed("its last chunk is empty"));
        }
        let (text, tag) = chunk.split_at(length);
        let place = plain.get_mut(size..size + length).unwrap_or_default();
        let mut opens = |last| {
            let nonce = counted(index, last);
            cipher
                .open_separate_gather(nonce, Aad::empty(), text, tag, place)
                .is_ok()
        };
        if !opens(last) {
            // A good chunk in the wrong place tells what was done to the file.
            return Err(match (opens(!last), last) {
                (true, true) => AgeError::Truncated,
                (true, false) => AgeError::Altered("what follows its end"),
                (false, _) => AgeError::Altered("a chunk of it"),
            });
        }
        size += length;
        rest = after;
        if last {
            break;
        }
    }
    Ok(size)
}

fn payload_cipher(file_key: &FileKey, nonce: &[u8]) -> Result<LessSafeKey, AgeError> {
    cipher(&derived(file_key.expose(), nonce, b"payload"))
}

/// Eleven bytes that count, and one that marks the last chunk.
fn counted(index: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [7; 16];

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal(
            &Sensitive::new(KEY),
            plain,
            &mut |nonce| nonce.fill(1),
            &mut out,
        )
        .unwrap();
        assert_eq!(out.len(), out.capacity(), "it never grew");
        out
    }

    fn opened(payload: &[u8]) -> Result<Vec<u8>, AgeError> {
        open(&Sensitive::new(KEY), payload).map(|plain| plain.expose().clone())
    }

    #[test]
    fn every_length_around_a_chunk_goes_both_ways() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert_eq!(opened(&sealed(&plain)).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn what_was_done_to_a_payload_is_said() {
        let whole = sealed(&vec![3; 2 * CHUNK + 100]);
        let chunk = CHUNK + TAG;
        for keep in [
            0,
            1,
            NONCE,
            NONCE + 5,
            NONCE + chunk,
            NONCE + chunk + 3,
            NONCE + 2 * chunk,
        ] {
            assert_eq!(
                opened(&whole[..keep]).unwrap_err(),
                AgeError::Truncated,
                "{keep}"
            );
        }
        for keep in [NONCE + 100, NONCE + chunk + 100, whole.len() - 1] {
            assert_eq!(
                opened(&whole[..keep]).unwrap_err(),
                AgeError::Altered("a chunk of it")
            );
        }
        for at in [0, NONCE, NONCE + chunk - 1, whole.len() - 1] {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert_eq!(
                opened(&other).unwrap_err(),
                AgeError::Altered("a chunk of it"),
                "{at}"
            );
        }
        let mut swapped = whole.clone();
        swapped[NONCE..NONCE + 2 * chunk].rotate_left(chunk);
        assert_eq!(
            opened(&swapped).unwrap_err(),
            AgeError::Altered("a chunk of it")
        );
        let mut longer = sealed(&vec![3; CHUNK]);
        longer.extend_from_slice(&[0; 40]);
        assert_eq!(
            opened(&longer).unwrap_err(),
            AgeError::Altered("what follows its end")
        );
    }

    #[test]
    fn an_empty_last_chunk_is_a_second_spelling_and_refused() {
        let mut whole = vec![1; NONCE];
        let cipher = payload_cipher(&Sensitive::new(KEY), &whole).unwrap();
        for (index, mut chunk) in [(0, vec![3; CHUNK]), (1, Vec::new())] {
            let last = index == 1;
            cipher
                .seal_in_place_append_tag(counted(index, last), Aad::empty(), &mut chunk)
                .unwrap();
            whole.extend(chunk);
        }
        assert_eq!(
            opened(&whole).unwrap_err(),
            AgeError::Malformed("its last chunk is empty")
        );
    }
}
