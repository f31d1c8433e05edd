//! Reads what the writer wrote: for `audit verify`, `audit show`, and the writer itself.

use aws_lc_rs::digest::SHA256;

/// The SHA-256 of a line, without its end.
pub(super) fn digest(line: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&SHA256, line);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// Lower-case hex.
pub(super) fn hex(out: &mut Vec<u8>, digest: &[u8; 32]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in digest {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

/// The number that a line of ours begins with.
pub(super) fn sequence(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}
