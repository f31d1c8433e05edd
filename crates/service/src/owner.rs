//! Whose a file is: `redis`, `root:ssl-cert`, `999:999`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use sealock_change::{Owner, fs};
use sealock_diag::escape;

/// A user and a group of this host, by names or by numbers. Numbers need not be known here: in a container they
/// mean somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    user: String,
    group: Option<String>,
}

impl Account {
    /// The numbers, by `/etc/passwd` and `/etc/group`. Without a group it is the user's own.
    pub fn resolve(&self) -> Result<Owner, String> {
        let text = |path: &str| -> Result<String, String> {
            let bytes = fs::read(Path::new(path)).map_err(|error| error.to_string())?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        self.among(&text("/etc/passwd")?, &text("/etc/group")?)
    }

    fn among(&self, passwd: &str, group: &str) -> Result<Owner, String> {
        let user = find(passwd, &self.user);
        let uid = match (&user, self.user.parse()) {
            (_, Ok(number)) => number,
            (Some(fields), _) => number(fields, 2),
            (None, _) => return Err(format!("this host has no user {}", escape(&self.user))),
        };
        let gid = match &self.group {
            Some(name) => match (find(group, name), name.parse()) {
                (_, Ok(number)) => number,
                (Some(fields), _) => number(&fields, 2),
                (None, _) => return Err(format!("this host has no group {}", escape(name))),
            },
            None => match user.or_else(|| find_by_number(passwd, uid)) {
                Some(fields) => number(&fields, 3),
                None => {
                    return Err(format!(
                        "this host has no user {uid}, so its group must be named: {uid}:GROUP"
                    ));
                }
            },
        };
        Ok(Owner { uid, gid })
    }
}

fn find<'t>(text: &'t str, name: &str) -> Option<Vec<&'t str>> {
    lines(text).find(|fields| fields.first() == Some(&name))
}

fn find_by_number(text: &str, uid: u32) -> Option<Vec<&str>> {
    lines(text).find(|fields| fields.get(2).and_then(|word| word.parse().ok()) == Some(uid))
}

/// Lines whose third and fourth field are numbers where they have to be.
fn lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .filter(|fields| fields.len() >= 4 && fields[2].parse::<u32>().is_ok())
}

fn number(fields: &[&str], at: usize) -> u32 {
    // What has no number there belongs to nobody, which is nobody's root.
    fields
        .get(at)
        .and_then(|word| word.parse().ok())
        .unwrap_or(65_534)
}

impl FromStr for Account {
    type Err = String;

    /// `user`, `user:group`, `uid:gid`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let legal = |name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            !name.is_empty()
                && name.len() <= 32
                && !name.starts_with('-')
                && name.chars().all(plain)
        };
        if !legal(user) || group.is_some_and(|group| !legal(group)) {
            return Err(format!(
                "`{}` is neither USER, nor USER:GROUP, nor UID:GID",
                escape(text)
            ));
        }
        Ok(Self {
            user: user.to_owned(),
            group: group.map(str::to_owned),
        })
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(group) => write!(f, "{}:{group}", self.user),
            None => f.write_str(&self.user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nredis:x:105:112::/var/lib/redis:/bin/false\nbroken:x:y:z\n";
    const GROUP: &str = "root:x:0:\nssl-cert:x:108:redis\n";

    #[test]
    fn numbers_of_names() {
        for (text, expected) in [
            ("redis", Ok((105, 112))),
            ("redis:ssl-cert", Ok((105, 108))),
            ("root:redis", Err("this host has no group redis")),
            ("105", Ok((105, 112))),
            ("999:999", Ok((999, 999))),
            (
                "999",
                Err("this host has no user 999, so its group must be named: 999:GROUP"),
            ),
            ("nobody", Err("this host has no user nobody")),
            ("broken", Err("this host has no user broken")),
        ] {
            let account: Account = text.parse().unwrap();
            assert_eq!(account.to_string(), text);
            let found = account.among(PASSWD, GROUP);
            let expected = expected.map_err(str::to_owned);
            assert_eq!(
                found.map(|owner| (owner.uid, owner.gid)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_account() {
        for text in ["", ":", "a:", ":a", "a b", "-a", "a:b:c", "a\nb"] {
            assert!(text.parse::<Account>().is_err(), "{text}");
        }
    }
}
