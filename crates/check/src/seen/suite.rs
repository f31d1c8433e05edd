//! What is wrong with a cipher suite, told from its name.

use super::{Protocol, Suite};

/// What is wrong with a cipher suite; the worst thing, where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// Nothing is encrypted.
    Null,
    /// The server shows no certificate.
    Anonymous,
    /// A key of 40 bits, as the export laws of the nineties had it.
    Export,
    /// RC4, prohibited by RFC 7465.
    Rc4,
    /// Blocks of 64 bits: DES, 3DES, IDEA, RC2.
    SmallBlocks,
    /// No forward secrecy: whoever gets the server's key later reads what was recorded before.
    StaticKey,
    /// CBC with the MAC before the padding.
    Cbc,
}

impl Flaw {
    /// All, worst first.
    pub const ALL: [Self; 7] = [
        Self::Null,
        Self::Anonymous,
        Self::Export,
        Self::Rc4,
        Self::SmallBlocks,
        Self::StaticKey,
        Self::Cbc,
    ];

    /// The flaw in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Null => "no encryption",
            Self::Anonymous => "no server certificate",
            Self::Export => "40-bit keys",
            Self::Rc4 => "RC4",
            Self::SmallBlocks => "64-bit blocks",
            Self::StaticKey => "no forward secrecy",
            Self::Cbc => "CBC",
        }
    }

    /// The flaw of the suite with this IANA name, if it has one.
    pub fn of_name(name: &str) -> Option<Self> {
        let has = |part: &str| name.contains(part);
        if has("_NULL_") {
            Some(Self::Null)
        } else if has("_anon_") {
            Some(Self::Anonymous)
        } else if has("_EXPORT_") {
            Some(Self::Export)
        } else if has("_RC4_") {
            Some(Self::Rc4)
        } else if has("_3DES_") || has("_DES_") || has("_IDEA_") || has("_RC2_") {
            Some(Self::SmallBlocks)
        } else if ["TLS_RSA_", "TLS_DH_", "TLS_ECDH_"]
            .iter()
            .any(|start| name.starts_with(start))
        {
            Some(Self::StaticKey)
        } else {
            has("_CBC_").then_some(Self::Cbc)
        }
    }
}

impl Suite {
    /// What is wrong with it, if anything is.
    pub fn flaw(&self) -> Option<Flaw> {
        if self.protocol == Protocol::Tls13 {
            return None;
        }
        Flaw::of_name(&self.name)
    }

    /// Whether it is one of the four CBC suites that dockerd before 29 offers and no setting takes away:
    /// `ECDHE_{ECDSA,RSA}_WITH_AES_{128,256}_CBC_SHA`.
    pub fn is_forced_by_dockerd(&self) -> bool {
        matches!(self.number, 0xc009 | 0xc00a | 0xc013 | 0xc014)
    }
}

#[cfg(test)]
mod tests {
    use super::Flaw;

    #[test]
    fn names_tell_flaws() {
        for (name, flaw) in [
            ("TLS_RSA_WITH_NULL_SHA", Some(Flaw::Null)),
            ("TLS_DH_anon_WITH_RC4_128_MD5", Some(Flaw::Anonymous)),
            ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", Some(Flaw::Export)),
            ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", Some(Flaw::Rc4)),
            (
                "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
                Some(Flaw::SmallBlocks),
            ),
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", Some(Flaw::StaticKey)),
            ("TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", Some(Flaw::StaticKey)),
            ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", Some(Flaw::Cbc)),
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", None),
            ("TLS_AES_128_GCM_SHA256", None),
            ("0x1234", None),
        ] {
            assert_eq!(Flaw::of_name(name), flaw, "{name}");
        }
    }
}
