//! Whether memory can reach a disk: the swap areas of this machine.

use std::fs;
use std::path::Path;

/// The swap areas that keep what is written to them, by the names in `/proc/swaps`. Compressed memory (zram without a
/// backing device) and encrypted volumes (dm-crypt) do not.
pub(crate) fn on_disk(swaps: &str, sys: &Path) -> Vec<String> {
    let areas = swaps.lines().skip(1).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    areas
        .filter(|(name, kind)| *kind != "partition" || !forgets(base(name), sys))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn base(device: &str) -> &str {
    device.rsplit('/').next().unwrap_or(device)
}

/// Whether nobody can read from this block device later what was swapped to it.
fn forgets(device: &str, sys: &Path) -> bool {
    let about = sys.join("class/block").join(device);
    let read = |name: &str| fs::read_to_string(about.join(name)).unwrap_or_default();
    if device.starts_with("zram") {
        // A zram that writes back what it cannot compress has a disk behind it.
        let backing = read("backing_dev");
        return matches!(backing.trim(), "" | "none");
    }
    if read("dm/uuid").starts_with("CRYPT-") {
        return true;
    }
    // A logical volume is as closed as everything below it.
    let below: Vec<_> = fs::read_dir(about.join("slaves"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    !below.is_empty() && below.iter().all(|device| forgets(device, sys))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::on_disk;

    const HEAD: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    fn check(sys: &Path, line: &str, told: bool) {
        let found = on_disk(&format!("{HEAD}{line}\t8388604\t\t0\t\t-2\n"), sys);
        assert_eq!(!found.is_empty(), told, "{line}: {found:?}");
    }

    #[test]
    fn only_what_keeps_what_is_written_to_it_is_told() {
        let scratch = crate::ephemeral::folder::Folder::new();
        let device = |name: &str, file: &str, text: &str| {
            scratch.write(&format!("class/block/{name}/{file}"), text);
        };
        device("zram0", "backing_dev", "none\n");
        device("zram1", "backing_dev", "/dev/vdb\n");
        device("dm-0", "dm/uuid", "CRYPT-LUKS2-0123-swap\n");
        device("dm-1", "dm/uuid", "LVM-0123\n");
        device("dm-1", "slaves/dm-0", "");
        device("dm-2", "dm/uuid", "LVM-4567\n");
        device("dm-2", "slaves/dm-0", "");
        device("dm-2", "slaves/vda2", "");
        device("vda2", "size", "1\n");
        for (line, told) in [
            ("/dev/zram0 partition", false),
            ("/dev/zram1 partition", true),
            ("/dev/dm-0 partition", false),
            ("/dev/dm-1 partition", false),
            ("/dev/dm-2 partition", true),
            ("/dev/vda2 partition", true),
            ("/dev/unknown partition", true),
            ("/swap.img file", true),
        ] {
            check(scratch.path(), line, told);
        }
        assert!(on_disk(HEAD, scratch.path()).is_empty());
        assert!(on_disk("", scratch.path()).is_empty());
    }
}
