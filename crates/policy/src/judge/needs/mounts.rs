//! Every door through which a place of the host comes into a container.

use super::field::Needs;
use crate::Json;
use crate::judge::need::{List, Need, Use};
use crate::judge::question::is_askable;
use crate::policy::clean_path;

/// `HostConfig.Binds`: `SOURCE:TARGET[:MODE]`, where a source that is no path is a volume.
pub(super) fn binds(needs: &mut Needs, json: &Json) {
    for text in needs.texts("Binds", json) {
        match Bind::read(text) {
            None => needs.unclear(format!("the bind {text}")),
            Some(bind) => bind.need(needs),
        }
    }
}

/// One entry of `Binds`, as the daemon splits it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bind<'t> {
    /// A path or the name of a volume; empty for a volume without a name.
    pub(crate) source: &'t str,
    /// The place in the container.
    pub(crate) target: &'t str,
    /// The words of the mode.
    pub(crate) mode: Vec<&'t str>,
}

impl<'t> Bind<'t> {
    /// Splits an entry; `None` when the daemon would not take it.
    pub(crate) fn read(text: &'t str) -> Option<Self> {
        const WORDS: &[&str] = &[
            "rw",
            "ro",
            "z",
            "Z",
            "nocopy",
            "shared",
            "rshared",
            "slave",
            "rslave",
            "private",
            "rprivate",
            "consistent",
            "cached",
            "delegated",
        ];
        let parts: Vec<&str> = text.split(':').collect();
        let (source, target, mode) = match parts.as_slice() {
            [target] => ("", *target, ""),
            [source, target] => (*source, *target, ""),
            [source, target, mode] => (*source, *target, *mode),
            _ => return None,
        };
        let mode: Vec<&str> = mode.split(',').filter(|word| !word.is_empty()).collect();
        let known = mode.iter().all(|word| WORDS.contains(word));
        (known && target.starts_with('/') && (parts.len() == 1 || !source.is_empty())).then_some(
            Self {
                source,
                target,
                mode,
            },
        )
    }

    /// Whether it may be written to. A relabelling changes the place itself, whatever else is said.
    pub(crate) fn write(&self) -> bool {
        !self.mode.contains(&"ro") || self.mode.iter().any(|word| word.eq_ignore_ascii_case("z"))
    }

    fn need(&self, needs: &mut Needs) {
        if self
            .mode
            .iter()
            .any(|word| matches!(*word, "shared" | "rshared"))
        {
            needs.beyond(format!("the shared mount of {}", self.source));
        }
        if self.source.starts_with('/') {
            place(needs, self.source, self.write());
        } else if !self.source.is_empty() {
            volume(needs, self.source, Use::Join);
        }
    }
}

/// A place of the host. The mounts of a service are templates, from which every task makes another path than
/// stands here.
fn place(needs: &mut Needs, path: &str, write: bool) {
    match clean_path(path) {
        Some(path) if !path.contains("{{") => needs.add(Need::Bind { path, write }),
        _ => needs.unclear(format!("the place {path}")),
    }
}

/// A volume by its name.
pub(super) fn volume(needs: &mut Needs, name: &str, how: Use) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if is_askable(name) && name.bytes().all(plain) {
        needs.add(Need::Volume {
            name: name.to_owned(),
            how,
        });
    } else {
        needs.unclear(format!("the volume {name}"));
    }
}

/// `Mounts`, of containers and of services.
pub(super) fn mounts(needs: &mut Needs, json: &Json) {
    for item in needs.items("Mounts", json) {
        mount(needs, item);
    }
}

fn mount(needs: &mut Needs, item: &Json) {
    let mut kind = "";
    let mut source = "";
    let mut write = true;
    let null = Json::Null;
    let (mut of_bind, mut of_volume) = (&null, &null);
    for (key, value) in needs.fields("a mount", item) {
        match key.as_str() {
            "Type" => kind = needs.text("Mounts.Type", value),
            "Source" => source = needs.text("Mounts.Source", value),
            "ReadOnly" => write = !needs.flag("Mounts.ReadOnly", value),
            "BindOptions" => of_bind = value,
            "VolumeOptions" => of_volume = value,
            "Target" | "Consistency" | "TmpfsOptions" | "ImageOptions" => {}
            other => needs.beyond_unless_empty(&format!("Mounts.{other}"), value),
        }
    }
    match kind {
        "bind" => {
            for (key, value) in needs.fields("BindOptions", of_bind) {
                match key.as_str() {
                    "Propagation" => {
                        let word = needs.text("Propagation", value);
                        if !["", "private", "rprivate", "slave", "rslave"].contains(&word) {
                            needs.beyond(format!("the {word} mount of {source}"));
                        }
                    }
                    "NonRecursive" | "ReadOnlyForceRecursive" => {}
                    // The first makes a folder on the host, the second leaves what is mounted below writable.
                    "CreateMountpoint" | "ReadOnlyNonRecursive" => {
                        write |= needs.flag(key, value);
                    }
                    other => needs.beyond_unless_empty(&format!("BindOptions.{other}"), value),
                }
            }
            place(needs, source, write);
        }
        "volume" => {
            if !source.is_empty() {
                volume(needs, source, Use::Join);
            }
            volume_options(needs, of_volume);
        }
        "tmpfs" => {}
        "image" => needs.add(Need::Image {
            name: source.to_owned(),
            how: Use::Join,
        }),
        other => needs.beyond(format!("a mount of type {other}")),
    }
    if kind != "volume" && !of_volume.is_empty() {
        needs.unclear(format!("volume options of a mount of type {kind}"));
    }
}

fn volume_options(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("VolumeOptions", json) {
        match key.as_str() {
            "NoCopy" | "Subpath" => {}
            "Labels" => super::labels(needs, value),
            "DriverConfig" => {
                let null = Json::Null;
                let (mut name, mut options) = ("", &null);
                for (key, value) in needs.fields("DriverConfig", value) {
                    match key.as_str() {
                        "Name" => name = needs.text("DriverConfig.Name", value),
                        "Options" => options = value,
                        other => needs.beyond_unless_empty(&format!("DriverConfig.{other}"), value),
                    }
                }
                driver(needs, name, options);
            }
            other => needs.beyond_unless_empty(&format!("VolumeOptions.{other}"), value),
        }
    }
}

/// A volume's driver and its options. With options, a local volume is any place of the host.
pub(crate) fn driver(needs: &mut Needs, name: &str, options: &Json) {
    if !matches!(name, "" | "local") {
        needs.add(Need::Word(List::VolumeDriver, name.to_owned()));
        return;
    }
    let (mut kind, mut device, mut words) = ("", "", "");
    let mut other = false;
    for (key, value) in needs.fields("driver options", options) {
        match key.as_str() {
            "type" => kind = needs.text("the option type", value),
            "device" => device = needs.text("the option device", value),
            "o" => words = needs.text("the option o", value),
            // A quota, not a place.
            "size" => {}
            _ => other = true,
        }
    }
    if other {
        needs.beyond("options of a volume");
        return;
    }
    let words: Vec<&str> = words.split(',').filter(|word| !word.is_empty()).collect();
    let is_bind = words.iter().any(|word| matches!(*word, "bind" | "rbind"));
    match kind {
        "" | "none" if kind.is_empty() && device.is_empty() && words.is_empty() => {}
        "" | "none"
            if is_bind
                && words
                    .iter()
                    .all(|word| matches!(*word, "bind" | "rbind" | "ro" | "rw")) =>
        {
            place(needs, device, !words.contains(&"ro"));
        }
        "tmpfs" if !is_bind && words.iter().all(|word| is_tmpfs_word(word)) => {}
        _ => needs.beyond(format!("a volume of type {kind}")),
    }
}

fn is_tmpfs_word(word: &str) -> bool {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    matches!(
        name,
        "size" | "mode" | "uid" | "gid" | "nr_inodes" | "nosuid" | "nodev" | "noexec" | "ro" | "rw"
    )
}

#[cfg(test)]
mod tests {
    use super::Bind;

    #[test]
    fn binds_are_split_as_the_daemon_does_it() {
        for (text, expected) in [
            ("/a:/b", Some(("/a", "/b", true))),
            ("/a:/b:ro", Some(("/a", "/b", false))),
            ("/a:/b:ro,Z", Some(("/a", "/b", true))),
            ("data:/b", Some(("data", "/b", true))),
            ("/b", Some(("", "/b", true))),
            ("/a:/b:rbind", None),
            ("/a:/b:ro:x", None),
            ("/a:b", None),
            (":/b", None),
            ("", None),
        ] {
            let found = Bind::read(text).map(|bind| (bind.source, bind.target, bind.write()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
