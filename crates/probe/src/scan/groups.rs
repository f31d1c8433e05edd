//! Groups by number and name.

/// What a client of today offers, by number; the hybrid one first, which only TLS 1.3 has.
pub(crate) const MODERN_GROUPS: &[u16] = &[0x11ec, 29, 23, 24, 25, 30];

/// Curves of less than 224 bits (RFC 8422 takes them out of use).
pub(crate) const WEAK_GROUPS: &[u16] = &[1, 2, 3, 4, 5, 15, 16, 17, 18, 19];

/// The curves that keys of certificates lie on.
pub(crate) const CURVES_OF_KEYS: &[u16] = &[23, 24, 25];

/// The name of a group, as people call it, or its number.
pub(crate) fn name(number: u16) -> String {
    let name = match number {
        0x11ec => "X25519MLKEM768",
        0x11eb => "SecP256r1MLKEM768",
        29 => "X25519",
        23 => "P-256",
        24 => "P-384",
        25 => "P-521",
        30 => "X448",
        1 => "sect163k1",
        2 => "sect163r1",
        3 => "sect163r2",
        4 => "sect193r1",
        5 => "sect193r2",
        15 => "secp160k1",
        16 => "secp160r1",
        17 => "secp160r2",
        18 => "secp192k1",
        19 => "secp192r1",
        _ => return format!("0x{number:04x}"),
    };
    name.to_owned()
}

/// What Diffie-Hellman over a prime of so many bits is called here.
pub(crate) fn prime(bits: usize) -> String {
    format!("DH-{bits}")
}
